package org.lathe.models.zoo.seq2seq;

import java.util.List;
import org.lathe.models.nets.LstmTranslator;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainResult;

/**
 * Stacked LSTMs from sequence to sequence (Sutskever, Vinyals and Le 2014): source tokens [batch, from] are read in reverse
 * into the states [batch, width] of two layers, from which two others say the target, logits [batch, to, vocabulary].
 * Translations are found by beam search with length normalisation. See {@link LstmTranslator}.
 *
 * <p>It differs from the paper in its size, in Adam with a falling rate instead of gradient descent, in sorting sentences
 * into buckets of equal length after filling up, and in the normalisation of scores by length (Wu et al. 2016).
 */
public final class Seq2SeqModel extends TranslatorModel {
  static final int WIDTH = 128;
  static final int LAYERS = 2;

  Seq2SeqModel() {
    super(
        new Card(
            "seq2seq",
            SequenceToSequence.FAMILY,
            "Sutskever, Vinyals and Le 2014",
            "exact",
            Direction.HIGHER,
            0.9,
            "grammar: translations of one or two clauses"));
  }

  @Override
  List<Part> parts() {
    return List.of(
        new Part(
            "", new Course(
                () -> new LstmTranslator(new LstmTranslator.Options(Bitext.VOCABULARY, WIDTH, LAYERS, null)),
                new Adam(Schedule.exponential(3e-3, 0.5, 1500).warmedUp(50)), 2, false)));
  }

  @Override
  Lessons.Length length() {
    return new Lessons.Length(20_000, 15, 0.98);
  }

  /** Fails too if a beam translates worse than greedily. */
  @Override
  TrainResult judge(List<Reached> all, double seconds) {
    Reached reached = all.getFirst();
    return reached.exact() >= reached.greedy()
        ? super.judge(all, seconds)
        : new TrainResult(
            "beam_less_greedy", reached.exact() - reached.greedy(), 0, false, seconds, reached.result().checkpoint());
  }

  @Override
  public Blueprint checkBlueprint() {
    return new Course(
        () -> new LstmTranslator(new LstmTranslator.Options(Bitext.VOCABULARY, 5, LAYERS, null)), new Adam(1e-3), 1,
        false)
        .blueprint(3, 4);
  }
}
