package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.Vae;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.EarlyStopping.Direction;
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
 * The trainer that all variational autoencoders of digits share: their steps, and how they are fitted, measured and sampled.
 * Pictures are [batch, 1, 28, 28]. One in twenty is held for validation, by which the best epoch is chosen.
 *
 * @param name in checkpoints
 * @param net a fresh network
 */
record VariationalAutoencoder(String name, Net net, Objective objective, Course course) {
  /** Pictures that are measured, coded or shown at a time. */
  static final int SHOWN = 100;

  private static final int CLASSES = 10;
  /** One in so many training pictures is held for validation. */
  private static final int HELD = 20;
  private static final int PATIENCE = 5;
  private static final int LIKELIHOOD_DRAWS = 50;
  private static final int LIKELIHOOD_PICTURES = 500;

  /**
   * A network, and a smaller one of the same kind on smaller pictures, for checks in the oracle.
   *
   * @param conditional whether encoder and decoder see the digit's class, one-hot
   */
  record Net(Supplier<Vae> make, Supplier<Vae> small, int smallSide, boolean conditional) {}

  /**
   * What is minimised: the reconstruction's error plus a weight times the divergence.
   *
   * @param weight of the divergence, in the end
   * @param warmUp steps over which it rises in a line from 0 (Bowman et al. 2016); 0 for none
   * @param draws 0 for latents that are reparameterised; else the score function's codes for each picture
   */
  record Objective(double weight, long warmUp, int draws) {
    static final Objective BOUND = new Objective(1, 0, 0);

    Schedule schedule() {
      Schedule constant = Schedule.constant(weight);
      return warmUp == 0 ? constant : constant.warmedUp(warmUp);
    }
  }

  /** How long and by what it learns. */
  record Course(Optimizer optimizer, int batch, int epochs) {}

  /**
   * A fitted network's measures on held-out digits, in nats for each picture.
   *
   * @param bound the negative evidence lower bound
   * @param divergence the part of it that is the code's
   * @param likelihood the negative log likelihood by importance sampling, of the first pictures
   */
  record Measured(double bound, double divergence, double likelihood) {}

  static List<Field> fields(long batch, long side, boolean conditional) {
    List<Field> all = new ArrayList<>(List.of(Field.floats("image", batch, 1, side, side)));
    if (conditional) {
      all.add(Field.ints("label", batch));
    }
    return all;
  }

  private @Nullable Tensor condition(StepContext c) {
    return net.conditional() ? c.input("label").oneHot(CLASSES, DType.F32) : null;
  }

  Blueprint blueprint(long batch) {
    return blueprint(net.make().get(), batch, Digits.SIDE);
  }

  Blueprint checkBlueprint() {
    return blueprint(net.small().get(), 3, net.smallSide());
  }

  private Blueprint blueprint(Vae vae, long batch, long side) {
    List<Field> fields = fields(batch, side, net.conditional());
    Step inference = Step.inference(
        "predict",
        vae,
        fields,
        c -> {
          Vae.Bound bound = vae.bound(c.input("image").flatten(1), condition(c));
          c.report("negative_elbo", bound.negative());
          c.report("divergence", bound.divergence());
          c.report("objective", bound.weighted(bound.divergence().like(objective.weight())));
        });
    return new Blueprint(List.of(training(vae, fields)), inference);
  }

  private Step training(Vae vae, List<Field> fields) {
    if (objective.draws() == 0) {
      return Step.training("train", vae, fields, c -> minimize(c, vae, vae.bound(pixels(c), condition(c))));
    }
    return Step.rule(
        "train", vae, fields, "the score function's estimate",
        c -> minimize(c, vae, vae.scoreFunctionBound(pixels(c), condition(c), objective.draws())));
  }

  private static Tensor pixels(StepContext c) {
    return c.input("image").flatten(1);
  }

  private void minimize(StepContext c, Vae vae, Vae.Bound bound) {
    Tensor loss = bound.weighted(objective.schedule().at(c.stepNumber())).mean();
    c.minimize(loss, Group.of(vae, course.optimizer()));
    c.report("loss", loss);
  }

  /** Codes, and labels if there are any, to pictures. */
  Step generating(int count) {
    Vae vae = net.make().get();
    List<Field> fields = new ArrayList<>(List.of(Field.floats("code", count, vae.latent().size())));
    if (net.conditional()) {
      fields.add(Field.ints("label", count));
    }
    return Step.inference(
        "generate", vae, fields, c -> c.report("image", vae.decode(c.input("code"), condition(c)).sigmoid()));
  }

  /** The mean codes of pictures. */
  Step coding(int count) {
    Vae vae = net.make().get();
    return Step.inference(
        "code", vae, fields(count, Digits.SIDE, net.conditional()),
        c -> c.report("code", vae.latent().mean(vae.encode(pixels(c), condition(c)))));
  }

  private Step likelihood() {
    Vae vae = net.make().get();
    return Step.inference(
        "likelihood", vae, fields(SHOWN, Digits.SIDE, net.conditional()),
        c -> c.report(
            "negative_log_likelihood", vae.logLikelihood(pixels(c), condition(c), LIKELIHOOD_DRAWS).neg()));
  }

  /** What {@link #measure} and {@link LatentPictures} compile, beside the blueprint's. */
  List<Step> measuring() {
    return List.of(generating(SHOWN), coding(SHOWN), likelihood());
  }

  /** The digits without those for validation. */
  static Dataset rest(Dataset train) {
    return train.range(0, train.size() - train.size() / HELD);
  }

  /** The fewest digits that training takes: a batch to validate on, and one to learn from. */
  static int least(int batch) {
    return HELD * batch;
  }

  /** Trains a state. */
  Trainer.Outcome fit(TrainRequest request, ModelState state, Dataset train) throws IOException {
    Dataset rest = rest(train);
    Blueprint plan = blueprint(course.batch());
    try (BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, train.range(rest.size(), train.size()));
      return Trainer.train(
          state,
          TrainingTask.over(step, new Batches(rest, step, request.seed()), validation::run),
          request.options(name, course.epochs())
              .withStopping(EarlyStopping.of("objective", Direction.LOWER, PATIENCE)));
    }
  }

  Measured measure(ModelState state, Dataset test) {
    try (BoundStep predict = BoundStep.bind(blueprint(course.batch()).inference(), state);
        BoundStep likelihood = BoundStep.bind(likelihood(), state)) {
      Map<String, Double> found = new Evaluation(predict, test).run();
      Dataset few = test.range(0, Math.min(LIKELIHOOD_PICTURES, test.size()));
      return new Measured(
          found.getOrDefault("negative_elbo", Double.NaN),
          found.getOrDefault("divergence", Double.NaN),
          new Evaluation(likelihood, few).run().getOrDefault("negative_log_likelihood", Double.NaN));
    }
  }

  /**
   * Pictures made from the prior, [count, 28, 28].
   *
   * @param labels of the classes that are asked for; ignored by a network without condition
   */
  float[] sample(ModelState state, int[] labels, long seed) {
    int batch = Math.min(labels.length, SHOWN);
    try (BoundStep generate = BoundStep.bind(generating(batch), state)) {
      float[] codes = net.make().get().latent().prior(new SplittableRandom(seed), labels.length);
      return decode(generate, codes, labels);
    }
  }

  /** Decodes any number of codes with a step of any batch. */
  float[] decode(BoundStep generate, float[] codes, int[] labels) {
    int batch = Math.toIntExact(generate.input("code").type().dim(0));
    int width = codes.length / labels.length;
    int pixels = Digits.SIDE * Digits.SIDE;
    float[] all = new float[labels.length * pixels];
    for (int from = 0; from < labels.length; from += batch) {
      int valid = Math.min(batch, labels.length - from);
      generate.input("code")
          .write(Arrays.copyOf(Arrays.copyOfRange(codes, from * width, (from + valid) * width), batch * width));
      if (net.conditional()) {
        generate.input("label").write(Arrays.copyOf(Arrays.copyOfRange(labels, from, from + valid), batch));
      }
      generate.run();
      System.arraycopy(generate.report("image").toFloats(), 0, all, from * pixels, valid * pixels);
    }
    return all;
  }

  /** The mean codes of digits, [size, code]. */
  float[] code(BoundStep coding, Dataset digits) {
    Batches batches = new Batches(digits, coding, 0);
    int width = Math.toIntExact(coding.report("code").type().dim(1));
    float[] all = new float[digits.size() * width];
    for (int from = 0; from < digits.size(); from += batches.batchSize()) {
      int valid = batches.fillInOrder(from);
      coding.run();
      System.arraycopy(coding.report("code").toFloats(), 0, all, from * width, valid * width);
    }
    return all;
  }

  static int[] labels(Dataset digits) {
    return ((Column.Ints) digits.column("label")).data();
  }
}
