package org.lathe.models.zoo;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.Vae;
import org.lathe.models.optim.Adam;
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
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;

/**
 * A variational autoencoder of digits (Kingma and Welling 2014), pictures [batch, 1, 28, 28]: 784-400-20-400-784; see
 * {@link Vae}.
 *
 * <p>The bar is the negative evidence lower bound on held-out digits, in nats for each picture. It passes only if a LeNet-5,
 * trained on the same digits in the same run, is sure of at least {@value #SURE} of the pictures that the model makes from
 * noise, and finds all ten digits among them.
 */
final class VaeModel extends ZooModel {
  private static final int TRAIN = 20_000;
  private static final int TEST = 2_000;
  private static final long BATCH = 128;
  private static final int EPOCHS = 25;
  private static final int CODE = 20;
  private static final int SAMPLES = 500;
  private static final double SURE = 0.5;
  private static final int COLUMNS = 10;

  VaeModel() {
    super(
        new Card(
            "vae",
            "autoencoders",
            "Kingma and Welling 2014",
            "negative_elbo",
            Direction.LOWER,
            120,
            "digits, or mnist:DIR"));
  }

  private static Blueprint blueprint(long batch, long hidden, long code) {
    Vae model = new Vae(784, hidden, code);
    List<Field> fields = List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE));
    Step training =
        Step.training(
            "train",
            model,
            fields,
            c -> {
              Tensor loss = model.loss(c.input("image").flatten(1)).mean();
              c.minimize(loss, Group.of(model, new Adam(Schedule.exponential(2e-3, 0.5, 1500))));
              c.report("loss", loss);
            });
    Step inference =
        Step.inference(
            "predict", model, fields, c -> c.report("negative_elbo", model.loss(c.input("image").flatten(1))));
    return new Blueprint(List.of(training), inference);
  }

  @Override
  Blueprint blueprint(long batch) {
    return blueprint(batch, 400, CODE);
  }

  @Override
  Blueprint checkBlueprint() {
    return blueprint(2, 11, 3);
  }

  @Override
  long batch() {
    return BATCH;
  }

  @Override
  Values values() {
    return Values.uniform(1, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(name(), request.data(), TRAIN, TEST, request.seed());
    int held = data.train().size() / 20;
    int rest = data.train().size() - held;
    Dataset train = data.train().range(0, rest);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, data.train().range(rest, rest + held));
      Trainer.Outcome outcome =
          Trainer.train(
              state,
              TrainingTask.over(step, new Batches(train, step, request.seed()), validation::run),
              request.options(name(), EPOCHS).withStopping(EarlyStopping.of("negative_elbo", Direction.LOWER, 5)));
      double bound = new Evaluation(predict, data.test()).run().getOrDefault("negative_elbo", Double.NaN);
      DigitJudge.Verdict verdict = judge(request, state, train);
      TrainResult result = card().result(bound, outcome.seconds(), outcome.checkpoint());
      boolean good = verdict.sure() >= SURE && verdict.classes() == 10;
      return good
          ? result
          : new TrainResult("sure_share", verdict.sure(), SURE, false, result.seconds(), result.checkpoint());
    }
  }

  /** Makes pictures from noise, writes the first as a grid, and has all judged. */
  private static DigitJudge.Verdict judge(TrainRequest request, ModelState state, Dataset digits) throws IOException {
    Vae model = new Vae(784, 400, CODE);
    Step generating =
        Step.inference(
            "generate",
            model,
            List.of(Field.floats("code", SAMPLES, CODE)),
            c -> c.report("image", model.decode(c.input("code")).sigmoid()));
    try (BoundStep generate = BoundStep.bind(generating, state);
        DigitJudge judge = new DigitJudge(request, digits)) {
      SplittableRandom random = new SplittableRandom(request.seed());
      float[] code = new float[SAMPLES * CODE];
      for (int i = 0; i < code.length; i++) {
        code[i] = (float) random.nextGaussian();
      }
      generate.input("code").write(code);
      generate.run();
      float[] pixels = generate.report("image").toFloats();
      PictureGrid.write(
          request.out().resolve("samples.png"),
          Arrays.copyOf(pixels, COLUMNS * COLUMNS * Digits.SIDE * Digits.SIDE),
          Digits.SIDE,
          COLUMNS);
      DigitJudge.Verdict verdict = judge.judge(pixels);
      request.listener().note(
          String.format(
              Locale.ROOT,
              "of %d pictures made from noise the judge is sure of %.1f%%, and finds %d of 10 digits",
              SAMPLES,
              100 * verdict.sure(),
              verdict.classes()));
      return verdict;
    }
  }
}
