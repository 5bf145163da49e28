package org.lathe.models.zoo.flows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Points;
import org.lathe.models.nets.CouplingFlow;
import org.lathe.models.nn.Coupling;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;

/**
 * A {@link CouplingFlow} of two moons, points [batch, 2] to values of the prior [batch, 2] and back.
 *
 * <p>What it reaches is the negative log-likelihood of held-out points on a scale whose 0 is that of the density they were
 * drawn from, and whose 1 is that of a Gaussian fitted to the training points: the share of the gap that is left. It passes
 * only if mapping points to the prior and back errs by at most {@value #INVERSE_ERROR}, and the log-determinants are those
 * of Jacobians by automatic differentiation.
 */
final class FlowModel extends ZooModel {
  private static final double NOISE = 0.1;
  private static final long BATCH = 256;
  private static final int TRAIN = 102_400;
  private static final int HELD = 4_096;
  private static final int TEST = 8_192;
  private static final int SAMPLES = 4_096;
  private static final double INVERSE_ERROR = 1e-4;
  /** In f32, where a determinant is a difference of products some hundred times its size. */
  private static final double DETERMINANT_ERROR = 1e-3;
  /** So many points are drawn to be shown. */
  private static final int DRAWN = 1_000;
  /** How many points a way between two has. */
  private static final int WAY = 20;

  private final CouplingFlow.Options options;
  private final CouplingFlow.Options small;
  private final int epochs;
  private final double rate;

  /**
   * @param small for checks in the oracle
   * @param rate where Adam's rate begins; it falls along a cosine
   */
  FlowModel(
      String name, String paper, double bar, CouplingFlow.Options options, CouplingFlow.Options small, int epochs,
      double rate) {
    super(new Card(name, Flows.FAMILY, paper, "gap_left", Direction.LOWER, bar, "points: two moons"));
    this.options = options;
    this.small = small;
    this.epochs = epochs;
    this.rate = rate;
  }

  private Blueprint blueprint(CouplingFlow.Options shape, long batch) {
    CouplingFlow flow = new CouplingFlow(shape);
    List<Field> fields = List.of(Field.floats("x", batch, shape.dimensions()));
    Schedule falling = Schedule.cosine(rate, rate / 100, epochs * (TRAIN / BATCH));
    Step training = Step.training(
        "train",
        flow,
        fields,
        c -> {
          Tensor loss = flow.logLikelihood(c.input("x")).mean().neg();
          c.minimize(loss, Group.of(flow, new Adam(falling)).clipped(Clipping.byGlobalNorm(5)));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "predict", flow, fields, c -> c.report("nats", flow.logLikelihood(c.input("x")).neg()));
    return new Blueprint(List.of(training), inference);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(options, batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(small, 5);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  /** To the prior and back, and the determinant in two ways. */
  private Step checking() {
    CouplingFlow flow = new CouplingFlow(options);
    return Step.inference(
        "check",
        flow,
        List.of(Field.floats("x", SAMPLES, options.dimensions())),
        c -> {
          Coupling.Mapped mapped = flow.toPrior(c.input("x"));
          c.report("log_determinant", mapped.logDeterminant());
          c.report("jacobian", flow.jacobian(c.input("x")));
          c.report("back", flow.fromPrior(mapped.values()));
        });
  }

  private Step generating(int count) {
    CouplingFlow flow = new CouplingFlow(options);
    return Step.inference(
        "generate",
        flow,
        List.of(Field.floats("z", count, options.dimensions())),
        c -> c.report("points", flow.fromPrior(c.input("z"))));
  }

  private Step mapping() {
    CouplingFlow flow = new CouplingFlow(options);
    return Step.inference(
        "map",
        flow,
        List.of(Field.floats("x", FlowPictures.SIDE * FlowPictures.SIDE, options.dimensions())),
        c -> c.report("log_density", flow.logLikelihood(c.input("x"))));
  }

  /** Points that the prior has on a line from one to another. */
  private Step between(int count) {
    CouplingFlow flow = new CouplingFlow(options);
    return Step.inference(
        "between",
        flow,
        List.of(Field.floats("ends", 2, options.dimensions()), Field.floats("share", count, 1)),
        c -> {
          List<Tensor> ends = flow.toPrior(c.input("ends")).values().split(0, 2);
          Tensor line = ends.get(1).sub(ends.get(0)).mul(c.input("share")).add(ends.get(0));
          Tensor points = flow.fromPrior(line);
          c.report("points", points);
          c.report("log_density", flow.logLikelihood(points));
        });
  }

  @Override
  public List<Step> runSteps() {
    return List.of(checking(), generating(DRAWN), mapping());
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Dataset train = Points.twoMoons(TRAIN, NOISE, request.seed());
    Dataset held = Points.twoMoons(HELD, NOISE, request.seed() + 1);
    Dataset test = Points.twoMoons(TEST, NOISE, DataSource.testSeed(request.seed()));
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, held);
      Gap heldGap = Gap.of(train, held);
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step, new Batches(train, step, request.seed()), () -> metrics(validation.run(), heldGap)),
          request.options(name(), epochs));
      double nats = nats(new Evaluation(predict, test).run());
      Gap gap = Gap.of(train, test);
      request.listener().note(
          String.format(
              Locale.ROOT, "%.3f nats; the points' own density has %.3f, a fitted Gaussian %.3f", nats, gap.truth(),
              gap.gaussian()));
      show(state, request.out(), points(held), generate(state, DRAWN, request.seed()));
      TrainResult result = card().result(gap.left(nats), outcome.seconds(), outcome.checkpoint());
      Errors errors = errors(state, test.range(0, SAMPLES));
      request.listener().note(
          String.format(
              Locale.ROOT, "the inverse errs by at most %.2g, log-determinants by %.2g", errors.inverse(),
              errors.determinant()));
      if (!(errors.inverse() <= INVERSE_ERROR)) {
        return missed("inverse_error", errors.inverse(), INVERSE_ERROR, result);
      }
      return errors.determinant() <= DETERMINANT_ERROR
          ? result
          : missed("determinant_error", errors.determinant(), DETERMINANT_ERROR, result);
    }
  }

  private static TrainResult missed(String metric, double value, double bar, TrainResult of) {
    return new TrainResult(metric, value, bar, false, of.seconds(), of.checkpoint());
  }

  private static Map<String, Double> metrics(Map<String, Double> measured, Gap gap) {
    return Map.of("nats", nats(measured), "gap_left", gap.left(nats(measured)));
  }

  private static double nats(Map<String, Double> measured) {
    return measured.getOrDefault("nats", Double.NaN);
  }

  private static float[] points(Dataset data) {
    return ((Column.Floats) data.column("x")).data();
  }

  /** Mean negative log-likelihoods of the same points, by their own density and by a fitted Gaussian. */
  private record Gap(double truth, double gaussian) {
    static Gap of(Dataset train, Dataset points) {
      float[] x = points(points);
      FittedGaussian fitted = FittedGaussian.of(points(train));
      double truth = 0;
      double gaussian = 0;
      for (int i = 0; i < x.length; i += 2) {
        truth -= Points.twoMoonsLogDensity(x[i], x[i + 1], NOISE);
        gaussian -= fitted.logDensity(x[i], x[i + 1]);
      }
      return new Gap(truth / points.size(), gaussian / points.size());
    }

    double left(double nats) {
      return (nats - truth) / (gaussian - truth);
    }
  }

  /** The largest of each. */
  private record Errors(double inverse, double determinant) {}

  private Errors errors(ModelState state, Dataset points) {
    float[] x = points(points);
    try (BoundStep check = BoundStep.bind(checking(), state)) {
      check.input("x").write(x);
      check.run();
      float[] back = check.report("back").toFloats();
      double inverse = 0;
      for (int i = 0; i < x.length; i++) {
        inverse = Math.max(inverse, Math.abs(x[i] - back[i]));
      }
      float[] logDeterminant = check.report("log_determinant").toFloats();
      float[] j = check.report("jacobian").toFloats();
      double determinant = 0;
      for (int i = 0; i < logDeterminant.length; i++) {
        double exact = (double) j[4 * i] * j[4 * i + 3] - (double) j[4 * i + 1] * j[4 * i + 2];
        determinant = Math.max(determinant, Math.abs(Math.log(Math.abs(exact)) - logDeterminant[i]));
      }
      return new Errors(inverse, determinant);
    }
  }

  /** Points drawn from the flow, [count, 2]. */
  private float[] generate(ModelState state, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] z = new float[2 * count];
    for (int i = 0; i < z.length; i++) {
      z[i] = (float) options.prior().draw(random);
    }
    try (BoundStep generate = BoundStep.bind(generating(count), state)) {
      generate.input("z").write(z);
      generate.run();
      return generate.report("points").toFloats();
    }
  }

  /** Writes {@code samples.png} and {@code density.png}. */
  private void show(ModelState state, Path directory, float[] data, float[] drawn) throws IOException {
    FlowPictures.samples(directory.resolve("samples.png"), name(), data, drawn);
    try (BoundStep map = BoundStep.bind(mapping(), state)) {
      map.input("x").write(FlowPictures.plane());
      map.run();
      FlowPictures.density(directory.resolve("density.png"), map.report("log_density").toFloats(), NOISE);
    }
  }

  /**
   * Points drawn from the flow over those of the data, and its log-density beside theirs, as two PNGs; of
   * {@code between:X,Y,X,Y} the way between two points that is a line in the prior.
   */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    float[] ends = GivenEnds.read(name(), request.data());
    int count = request.countOr(ends == null ? DRAWN : WAY);
    if (ends != null && count < 2) {
      throw new RequestException("--count " + count + ": a way has at least its 2 ends");
    }
    Files.createDirectories(request.out());
    float[] data = points(Points.twoMoons(SAMPLES, NOISE, request.seed()));
    try (ModelState state = load(request, name(), blueprint(1).inference())) {
      if (ends != null) {
        return way(request, state, ends, count, data);
      }
      float[] drawn = generate(state, count, request.seed());
      show(state, request.out(), data, drawn);
      found(request, "samples.png", count + " points drawn from the flow, over the data", count);
      found(request, "density.png", "the flow's log-density, beside that of the data", 2);
      return Map.of("near_share", FlowPictures.near(data, drawn, NOISE));
    }
  }

  private Map<String, Double> way(RunRequest request, ModelState state, float[] ends, int count, float[] data)
      throws IOException {
    try (BoundStep step = BoundStep.bind(between(count), state)) {
      float[] share = new float[count];
      for (int i = 0; i < count; i++) {
        share[i] = i / (count - 1f);
      }
      step.input("ends").write(ends);
      step.input("share").write(share);
      step.run();
      float[] points = step.report("points").toFloats();
      float[] logDensity = step.report("log_density").toFloats();
      for (float d : logDensity) {
        if (!Float.isFinite(d)) {
          throw new RequestException(
              "--data " + request.data() + ": the way leaves the range of f32; give points nearer to the moons");
        }
      }
      FlowPictures.way(request.out().resolve("way.png"), name(), data, points);
      found(request, "way.png", count + " points between those given", count);
      for (int i = 0; i < count; i++) {
        String line = String.format(
            Locale.ROOT, "%.2f of the way: %.4f, %.4f with a log-density of %.3f", share[i], points[2 * i],
            points[2 * i + 1], logDensity[i]);
        request.found("sample", line, "x", points[2 * i], "y", points[2 * i + 1], "log_density", logDensity[i]);
      }
    }
    return Map.of();
  }

  private static void found(RunRequest request, String name, String what, int count) {
    String file = request.out().resolve(name).toString();
    request.found("picture", what + ": " + file, "file", file, "count", count);
  }
}
