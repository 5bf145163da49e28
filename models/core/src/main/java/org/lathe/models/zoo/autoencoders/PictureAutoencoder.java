package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.Autoencoder;
import org.lathe.models.nn.Corruption;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Sparsity;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.TrainRequest;

/**
 * The trainer that all autoencoders of digits without a latent distribution share. Pictures are [batch, 1, 28, 28]. One in
 * twenty is held for validation, which is what is measured after each epoch.
 *
 * @param name in checkpoints
 * @param net a fresh network
 * @param output what the decoder's values mean
 * @param corruption of what the encoder sees
 * @param sparsity a fresh penalty on the code; null for none
 */
record PictureAutoencoder(
    String name, Net net, Output output, Corruption corruption, @Nullable Supplier<Sparsity> sparsity, Course course) {
  /** Pictures that are coded and shown at a time. */
  static final int SHOWN = 100;

  /** One in so many training pictures is held for validation. */
  private static final int HELD = 20;

  /** A network, and a smaller one of the same kind on pictures of {@code smallSide}, for checks in the oracle. */
  record Net(Supplier<Autoencoder> make, Supplier<Autoencoder> small, int smallSide) {}

  /** How long and by what it learns. */
  record Course(Optimizer optimizer, int batch, int epochs) {}

  /** What the decoder's values mean, and the loss that belongs to them. */
  enum Output {
    /** Pixels; squared error. */
    LINEAR {
      @Override
      Tensor loss(Tensor decoded, Tensor x) {
        return LossOps.squaredError(decoded, x).sum(1);
      }

      @Override
      Tensor picture(Tensor decoded) {
        return decoded;
      }
    },
    /** Logits of pixels; cross-entropy. */
    BERNOULLI {
      @Override
      Tensor loss(Tensor decoded, Tensor x) {
        return LossOps.sigmoidCrossEntropy(decoded, x).sum(1);
      }

      @Override
      Tensor picture(Tensor decoded) {
        return decoded.sigmoid();
      }
    };

    /** Of each picture, [batch]. */
    abstract Tensor loss(Tensor decoded, Tensor x);

    abstract Tensor picture(Tensor decoded);
  }

  /**
   * What came of a training.
   *
   * @param measured means over held-out digits: {@code squared_error} of a pixel, {@code noise}, the squared difference of
   *     the corrupted pixel, and {@code activation}, the mean magnitude of an element of the code
   * @param state all parameters, by name
   * @param shown the first {@value #SHOWN} held-out digits
   */
  record Fitted(Map<String, Double> measured, Map<String, Literal> state, Shown shown, Trainer.Outcome outcome) {
    /** Of a parameter. */
    double[] values(String name) {
      Literal found = state.get(name);
      if (found == null) {
        throw new IllegalArgumentException("there is no parameter '" + name + "', only " + state.keySet());
      }
      return found.toArray();
    }

    double error() {
      return measured.getOrDefault("squared_error", Double.NaN);
    }
  }

  /** Digits as the encoder saw them, as they came back, [count, 28, 28], and their codes, [count, code]. */
  record Shown(float[] seen, float[] back, float[] codes) {}

  /** The network, and the penalty where there is one, as one model. */
  private static final class Whole extends Module {
    private final Autoencoder net;
    private final @Nullable Sparsity sparsity;

    Whole(Autoencoder net, @Nullable Supplier<Sparsity> sparsity) {
      this.net = child("net", net);
      this.sparsity = sparsity == null ? null : child("sparsity", sparsity.get());
    }
  }

  private Whole whole() {
    return new Whole(net.make().get(), sparsity);
  }

  Blueprint blueprint(long batch) {
    return blueprint(whole(), batch, Digits.SIDE);
  }

  Blueprint checkBlueprint() {
    return blueprint(new Whole(net.small().get(), sparsity), 3, net.smallSide());
  }

  private Blueprint blueprint(Whole whole, long batch, long side) {
    List<Field> fields = List.of(Field.floats("image", batch, 1, side, side));
    Step training = Step.training(
        "train",
        whole,
        fields,
        c -> {
          Tensor x = c.input("image").flatten(1);
          Tensor code = whole.net.encode(corruption.apply(x));
          Tensor loss = output.loss(whole.net.decode(code), x).mean();
          Tensor all = whole.sparsity == null ? loss : loss.add(whole.sparsity.penalty(code));
          c.minimize(all, Group.of(whole, course.optimizer()));
          c.report("loss", loss);
        });
    return new Blueprint(List.of(training), Step.inference("predict", whole, fields, c -> measure(c, whole)));
  }

  private void measure(StepContext c, Whole whole) {
    Tensor x = c.input("image").flatten(1);
    Tensor seen = corruption.apply(x);
    Tensor code = whole.net.encode(seen);
    Tensor back = output.picture(whole.net.decode(code));
    c.report("squared_error", back.sub(x).square().mean(1));
    c.report("noise", seen.sub(x).square().mean(1));
    c.report("activation", code.abs().mean(1));
  }

  /** Pictures to what the encoder saw, their codes, and what came back. */
  Step showing(int count) {
    Whole whole = whole();
    return Step.inference(
        "show", whole, List.of(Field.floats("image", count, 1, Digits.SIDE, Digits.SIDE)),
        c -> {
          Tensor seen = corruption.apply(c.input("image").flatten(1));
          Tensor code = whole.net.encode(seen);
          c.report("seen", seen);
          c.report("code", code);
          c.report("back", output.picture(whole.net.decode(code)));
        });
  }

  /** Codes to pictures. */
  private Step decoding(int count) {
    Whole whole = whole();
    return Step.inference(
        "decode", whole, List.of(Field.floats("code", count, codeSize())),
        c -> c.report("back", output.picture(whole.net.decode(c.input("code")))));
  }

  /** Elements of a code. */
  long codeSize() {
    Step show = showing(1);
    var graph = show.trace();
    return graph.graph().outputs().get(graph.output("code")).type().dim(1);
  }

  private Step training() {
    return blueprint(course.batch()).training().getFirst();
  }

  private Step measuring() {
    return blueprint(SHOWN).inference();
  }

  /** What {@link #fit} compiles. */
  List<Step> steps() {
    return List.of(training(), measuring(), showing(SHOWN), decoding(SHOWN));
  }

  /** The digits without those for validation. */
  static Dataset rest(Dataset train) {
    return train.range(0, train.size() - train.size() / HELD);
  }

  /** The fewest digits that training with batches of this size takes. */
  static int least(int batch) {
    return Math.max(2 * batch, HELD * SHOWN);
  }

  /** Trains it, measures it on {@code test}, and writes pictures into the request's directory. */
  Fitted fit(TrainRequest request, Dataset train, Dataset test) throws IOException {
    Dataset digits = rest(train);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(training(), state);
        BoundStep predict = BoundStep.bind(measuring(), state)) {
      Evaluation validation = new Evaluation(predict, train.range(digits.size(), train.size()));
      Trainer.Outcome outcome = Trainer.train(
          state, TrainingTask.over(step, new Batches(digits, step, request.seed()), validation::run),
          request.options(name, course.epochs()));
      Map<String, Double> measured = new Evaluation(predict, test).run();
      request.listener().note(
          String.format(
              Locale.ROOT, "%s: squared error of a held-out pixel %.5f, mean activation of the code %.4f", name,
              measured.get("squared_error"), measured.get("activation")));
      Shown shown = write(request, state, test);
      return new Fitted(measured, state.snapshot(), shown, outcome);
    }
  }

  /** Reconstructions, ways between digits, and a map of codes. */
  private Shown write(TrainRequest request, ModelState state, Dataset test) throws IOException {
    try (BoundStep show = BoundStep.bind(showing(SHOWN), state);
        BoundStep decode = BoundStep.bind(decoding(SHOWN), state)) {
      Dataset few = test.range(0, SHOWN);
      Shown shown = show(show, few);
      int[] labels = ((Column.Ints) few.column("label")).data();
      LatentPictures.Codes codes = new LatentPictures.Codes(
          shown.codes(), labels, shown.codes().length / SHOWN);
      decode.input("code").write(LatentPictures.interpolated(codes).values());
      decode.run();
      LatentPictures.grid(
          request.out().resolve("interpolations.png"), decode.report("back").toFloats());
      LatentPictures.grid(
          request.out().resolve("reconstructions.png"),
          corruption == Corruption.NONE
              ? LatentPictures.rows(LatentPictures.pixels(few, SHOWN), shown.back())
              : LatentPictures.rows(LatentPictures.pixels(few, SHOWN), shown.seen(), shown.back()));
      LatentPictures.map(request.out().resolve("map.png"), codes);
      return shown;
    }
  }

  /** Runs a bound {@link #showing} on as many digits. */
  static Shown show(BoundStep show, Dataset digits) {
    show.input("image").write(((Column.Floats) digits.column("image")).data());
    show.run();
    return new Shown(
        show.report("seen").toFloats(), show.report("back").toFloats(), show.report("code").toFloats());
  }
}
