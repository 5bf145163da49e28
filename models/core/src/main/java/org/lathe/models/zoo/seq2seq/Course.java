package org.lathe.models.zoo.seq2seq;

import java.util.List;
import java.util.function.Supplier;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.Translator;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.nn.Losses;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;

/**
 * A translator and how it is taught: cross-entropy of each target token after the true ones before it, clipped gradients.
 *
 * @param model makes a fresh one, always the same
 * @param parts the most sentences of a compound that it learns from
 * @param attends whether the model has an attention to look at
 */
record Course(Supplier<? extends Translator> model, Optimizer optimizer, int parts, boolean attends) {
  static final int BATCH = 64;
  /** Hypotheses of a beam. */
  static final int BEAM = 4;
  private static final double LENGTH_POWER = 0.6;

  List<Bitext.Bucket> buckets() {
    return Bitext.buckets(parts);
  }

  /** Buckets for sentences of up to twice the parts that it learns from, which it translates too. */
  List<Bitext.Bucket> allBuckets() {
    return Bitext.buckets(2 * parts);
  }

  /** Fields x, y; report {@code loss}, the mean over the tokens there are. */
  Step training(long batch, Bitext.Bucket bucket) {
    Translator translator = model.get();
    return Step.training("train", translator, Bitext.fields(batch, bucket), c -> {
      Tensor y = c.input("y");
      Tensor begin = Tensor.fill(y.builder(), y.type().withShape(y.shape().with(1, 1)), Grammar.BEGIN);
      Tensor before = Tensor.concat(1, begin, y.slice(1, 0, y.dim(1) - 1));
      Tensor logits = translator.apply(c.input("x"), before).logits();
      Tensor loss = Losses.maskedMean(
          LossOps.softmaxCrossEntropy(logits, y), y.notEqualTo(Translator.PAD).cast(DType.F32));
      c.minimize(loss, Group.of(translator, optimizer).clipped(Clipping.byGlobalNorm(1)));
      c.report("loss", loss);
    });
  }

  /** Field x; reports {@code tokens} i32 [batch, to], the best hypothesis, and {@code score} [batch]. */
  Step translation(long batch, Bitext.Bucket bucket, int beam) {
    Translator translator = model.get();
    BeamSearch search = new BeamSearch(
        beam, bucket.to(), Grammar.BEGIN, Grammar.END, Translator.PAD, LENGTH_POWER);
    return Step.inference(
        beam == 1 ? "greedy" : "beam", translator, List.of(Bitext.fields(batch, bucket).getFirst()), c -> {
          BeamSearch.Found found = translator.translate(c.input("x"), search);
          c.report("tokens", found.tokens().at(1, 0));
          c.report("score", found.scores().at(1, 0));
        });
  }

  /** Fields x and z, a begin and a translation; report {@code attention} [to, from] for a translator that has it. */
  Step looking(Bitext.Bucket bucket) {
    Translator translator = model.get();
    List<Field> fields = List.of(Field.ints("x", 1, bucket.from()), Field.ints("z", 1, bucket.to()));
    return Step.inference("look", translator, fields, c -> {
      Tensor attention = translator.apply(c.input("x"), c.input("z")).attention();
      if (attention == null) {
        throw new IllegalStateException("this translator has no attention to look at");
      }
      c.report("attention", attention.at(0, 0));
    });
  }

  /** Training on the widest bucket, and a translation by beam search. */
  Blueprint blueprint(long batch) {
    Bitext.Bucket widest = buckets().getLast();
    return new Blueprint(List.of(training(batch, widest)), translation(batch, widest, BEAM));
  }

  /** The same for a bucket of few words, which the oracle can follow. */
  Blueprint blueprint(long batch, int words) {
    Bitext.Bucket small = new Bitext.Bucket(words);
    return new Blueprint(List.of(training(batch, small)), translation(batch, small, 2));
  }
}
