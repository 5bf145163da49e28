package org.lathe.models.zoo.seq2seq;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.LstmTranslator;
import org.lathe.models.nets.LstmTranslator.Attention;
import org.lathe.models.nn.ScoredAttention.Score;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;

/**
 * LSTMs from sequence to sequence whose decoder looks back at the source (Bahdanau, Cho and Bengio 2015; Luong, Pham and
 * Manning 2015): source tokens [batch, from] to logits [batch, to, vocabulary] and weights [batch, to, from]. In four parts,
 * each in a directory of its own: one for each score, {@code additive} and {@code multiplicative} over learned values,
 * {@code identity} over the encoder's states themselves; and {@code none}, the same network without attention.
 *
 * <p>All learn from the same sentences, of up to twice the length of those of {@link Seq2SeqModel}, {@code none} for as long
 * as it may and the others until they are good enough; the worst of the three has to translate those of three or four
 * clauses better than {@code none}, which has to keep a whole sentence in a state of fixed size.
 *
 * <p>As Luong et al. it looks back after the decoder's cell, not before it, so that all steps of a training look at once;
 * the context does not feed the next step. It differs from both in its size and in its encoder, one LSTM that reads the
 * source in reverse.
 */
public final class AttentionSeq2SeqModel extends TranslatorModel {
  private static final int WIDTH = 64;
  private static final int PARTS = 4;
  private static final int LONG = 3;
  private static final int LONG_TEST = 500;

  AttentionSeq2SeqModel() {
    super(
        new Card(
            "attention-seq2seq",
            SequenceToSequence.FAMILY,
            "Bahdanau, Cho and Bengio 2015; Luong, Pham and Manning 2015",
            "exact_gain",
            Direction.HIGHER,
            0.3,
            "grammar: translations of one to four clauses"));
  }

  private static Course course(int width, int parts, @Nullable Attention attention) {
    return new Course(
        () -> new LstmTranslator(new LstmTranslator.Options(Bitext.VOCABULARY, width, 1, attention)),
        new Adam(Schedule.exponential(5e-3, 0.5, 1000).warmedUp(50)), parts, attention != null);
  }

  @Override
  List<Part> parts() {
    return List.of(
        new Part("additive", course(WIDTH, PARTS, new Attention(Score.ADDITIVE, true))),
        new Part("multiplicative", course(WIDTH, PARTS, new Attention(Score.MULTIPLICATIVE, true))),
        new Part("identity", course(WIDTH, PARTS, new Attention(Score.IDENTITY, false))),
        new Part("none", course(WIDTH, PARTS, null)));
  }

  @Override
  Lessons.Length length() {
    return new Lessons.Length(20_000, 3, 0.98);
  }

  /** The share of exact translations of long sentences. */
  @Override
  double value(Course course, ModelState state, TrainRequest request, double exact) {
    List<Grammar.Sentence> longer = Grammar.compounds(LONG_TEST, LONG, PARTS, request.seed() + 4);
    double value = exact(course, state, longer, Course.BEAM);
    request.listener().note(
        String.format(Locale.ROOT, "exact translations of %d sentences of three or four clauses: %.4f", LONG_TEST,
            value));
    return value;
  }

  /** How much better the worst attention is than none. */
  @Override
  TrainResult judge(List<Reached> all, double seconds) {
    Reached worst = worst(all.subList(0, all.size() - 1));
    return card().result(worst.value() - all.getLast().value(), seconds, worst.result().checkpoint());
  }

  /** All scores learn, with learned values and without; the last one translates. */
  @Override
  public Blueprint checkBlueprint() {
    List<Step> training = new ArrayList<>();
    Step translation = null;
    for (Score score : Score.values()) {
      for (boolean learnedValues : new boolean[]{false, true}) {
        Blueprint plan = course(4, 1, new Attention(score, learnedValues)).blueprint(2, 3);
        training.addAll(plan.training());
        translation = plan.inference();
      }
    }
    return new Blueprint(training, Objects.requireNonNull(translation));
  }
}
