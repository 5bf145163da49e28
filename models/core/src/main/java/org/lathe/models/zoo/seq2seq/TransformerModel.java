package org.lathe.models.zoo.seq2seq;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.Transformer;
import org.lathe.models.nn.TransformerBlock;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;

/**
 * The Transformer (Vaswani et al. 2017) as a translator: source tokens [batch, from] to logits [batch, to, vocabulary], with
 * multi-head self-attention on both sides, masked in the decoder, and attention from there to the encoder's output, which
 * never looks at what only fills a bucket up. In two parts, each in a directory of its own: {@code sinusoidal} and
 * {@code learned} positions. Translations are found by beam search over cached keys and values. See {@link Transformer}.
 *
 * <p>The rate warms up and then falls with the inverse square root of the step, as in the paper. It differs in its size, in
 * having neither dropout nor label smoothing nor averaged checkpoints, in clipped gradients, and in an output layer of its
 * own.
 */
public final class TransformerModel extends TranslatorModel {
  private static final TransformerBlock.Options BLOCK = TransformerBlock.Options.of(64, 4, 128);
  private static final int LAYERS = 2;
  private static final int PARTS = 2;
  private static final long WARM_UP = 200;
  private static final double RATE = 0.5;

  TransformerModel() {
    super(
        new Card(
            "transformer",
            SequenceToSequence.FAMILY,
            "Vaswani et al. 2017",
            "exact",
            Direction.HIGHER,
            0.95,
            "grammar: translations of one or two clauses"));
  }

  private static Adam adam() {
    return new Adam(Schedule.inverseSquareRoot(RATE, BLOCK.width(), WARM_UP));
  }

  @Override
  List<Part> parts() {
    List<Part> parts = new ArrayList<>();
    // It may be asked to translate longer sentences than it learned from.
    int steps = Grammar.mostWords(2 * PARTS) + 1;
    for (Transformer.Positions positions : Transformer.Positions.values()) {
      parts.add(
          new Part(
              positions.name().toLowerCase(Locale.ROOT),
              new Course(
                  () -> new Transformer(Bitext.VOCABULARY, BLOCK, LAYERS, steps, positions), adam(), PARTS, true)));
    }
    return parts;
  }

  @Override
  Lessons.Length length() {
    return new Lessons.Length(20_000, 15, 0.985);
  }

  /** Both kinds of positions learn; the last one translates. */
  @Override
  public Blueprint checkBlueprint() {
    List<Step> training = new ArrayList<>();
    Step translation = null;
    for (Transformer.Positions positions : Transformer.Positions.values()) {
      Blueprint plan = new Course(
          () -> new Transformer(Bitext.VOCABULARY, TransformerBlock.Options.of(6, 2, 8), LAYERS, 4, positions), adam(),
          1,
          true)
          .blueprint(3, 3);
      training.addAll(plan.training());
      translation = plan.inference();
    }
    return new Blueprint(training, Objects.requireNonNull(translation));
  }
}
