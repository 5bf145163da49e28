package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.AdversarialTask;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.Autoencoder;
import org.lathe.models.nets.Latent;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.DigitJudge;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * An adversarial autoencoder of digits (Makhzani et al. 2016), pictures [batch, 1, 28, 28]: 784-400-8-400-784, ReLU, and a
 * critic of codes, 8-128-128-1, that tells them from draws of the standard normal distribution.
 *
 * <p>The bar is the largest difference between the codes of held-out digits and that prior, in any mean, variance or
 * covariance. The reconstruction has to leave at most half of the digits' variance, so that the code says something.
 *
 * <p>It differs from the paper in that reconstruction and adversarial loss are minimised in one step, as a weighted sum.
 */
final class AaeModel extends ZooModel {
  private static final String NAME = "aae";
  private static final long CODE = 8;
  private static final int TRAIN = 20_000;
  /** Enough that the moments of as many true draws are within 0.04 of the prior's. */
  private static final int TEST = 10_000;
  private static final int BATCH = 128;
  private static final int EPOCHS = 20;
  private static final int SHOWN = 100;
  private static final int SAMPLES = 500;
  private static final int COLUMNS = 10;
  /** Of a picture's cross-entropy in nats, beside the adversarial loss. */
  private static final double RECONSTRUCTION = 0.01;

  AaeModel() {
    super(
        new Card(
            NAME, Autoencoders.FAMILY, "Makhzani, Shlens, Jaitly, Goodfellow and Frey 2016", "prior_gap",
            Direction.LOWER, 0.1, "digits, or mnist:DIR"));
  }

  /** The autoencoder, whose encoder is the generator, and the critic of codes. */
  private static final class Networks extends Module {
    private final Autoencoder coder;
    private final Mlp critic;

    Networks(long in, long hidden, long code, long width) {
      coder = child(
          "coder",
          new Autoencoder(
              new Mlp(Tensor::relu, Initializer.he(), in, hidden, code),
              new Mlp(Tensor::relu, Initializer.he(), code, hidden, in)));
      critic = child("critic", new Mlp(Tensor::relu, Initializer.he(), code, width, width, 1));
    }

    static Networks full() {
      return new Networks(Digits.SIDE * Digits.SIDE, 400, CODE, 128);
    }
  }

  /** Codes against draws of the prior. Reconstruction is a term of the generator's loss. */
  private record CodeContest(Networks model, List<Field> fields, long code) implements Contest {
    @Override
    public Module generator() {
      return model.coder;
    }

    @Override
    public Module critic() {
      return model.critic;
    }

    @Override
    public List<Field> criticFields() {
      return fields;
    }

    @Override
    public List<Field> generatorFields() {
      return fields;
    }

    @Override
    public Sample real(StepContext c) {
      return Sample.of(Forward.current().normal(Dims.of(pixels(c).dim(0), code)));
    }

    @Override
    public Sample fake(StepContext c) {
      return Sample.of(model.coder.encode(pixels(c)));
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.critic.apply(sample.x());
    }

    @Override
    public Tensor generatorTerm(StepContext c, Sample fake) {
      return LossOps.sigmoidCrossEntropy(model.coder.decode(fake.x()), pixels(c)).sum(1).mean().mul(RECONSTRUCTION);
    }
  }

  private static Tensor pixels(StepContext c) {
    return c.input("image").flatten(1);
  }

  private static Game game() {
    Schedule rate = Schedule.cosine(1e-3, 1e-5, (long) EPOCHS * (TRAIN / BATCH));
    return Game.of(
        AdversarialLoss.NON_SATURATING, new Adam(rate).withBetas(0.5, 0.999),
        new Adam(rate).withBetas(0.5, 0.999));
  }

  private static List<Field> fields(long batch, long side) {
    return List.of(Field.floats("image", batch, 1, side, side));
  }

  private static Blueprint blueprint(Networks networks, long batch, long side, long code) {
    List<Field> fields = fields(batch, side);
    return new Blueprint(
        game().steps(new CodeContest(networks, fields, code)), coding(networks, fields));
  }

  private static Step coding(Networks networks, List<Field> fields) {
    return Step.inference(
        "code", networks, fields,
        c -> {
          Tensor code = networks.coder.encode(pixels(c));
          Tensor back = networks.coder.decode(code).sigmoid();
          c.report("code", code);
          c.report("image", back);
          c.report("squared_error", back.sub(pixels(c)).square().mean(1));
        });
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(Networks.full(), batch, Digits.SIDE, CODE);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(new Networks(16, 7, 3, 5), 4, 4, 3);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(1, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(name(), request.data(), TRAIN, TEST, request.seed(), 2 * BATCH, SHOWN);
    int held = Math.max(SHOWN, data.train().size() / 20);
    Dataset digits = data.train().range(0, data.train().size() - held);
    Dataset validation = data.train().range(digits.size(), data.train().size());
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep critic = BoundStep.bind(plan.training().get(0), state);
        BoundStep generator = BoundStep.bind(plan.training().get(1), state);
        BoundStep code = BoundStep.bind(coding(Networks.full(), fields(SHOWN, Digits.SIDE)), state)) {
      Batches forCritic = new Batches(digits, critic, request.seed());
      Batches forGenerator = new Batches(digits, generator, request.seed() + 1);
      AdversarialTask task = new AdversarialTask(
          game().alternation(), critic, forCritic, generator, forGenerator, forCritic.count(),
          epoch -> Coded.of(code, validation).metrics());
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), EPOCHS));
      Coded found = Coded.of(code, data.test());
      write(request, state, digits, data.test(), found);
      return Requirement.all(
          card().result(found.gap(), outcome.seconds(), outcome.checkpoint()),
          List.of(
              new Requirement(
                  "error_over_variance", Direction.LOWER, found.error() / PixelVariance.of(data.test()), 0.5)));
    }
  }

  /**
   * Codes of digits.
   *
   * @param codes [count, code]
   * @param shown the first reconstructions
   * @param error the mean squared error of a pixel
   */
  private record Coded(float[] codes, float[] shown, double error) {
    static Coded of(BoundStep code, Dataset digits) {
      Batches batches = new Batches(digits, code, 0);
      float[] all = new float[Math.toIntExact(digits.size() * CODE)];
      float[] shown = new float[0];
      double error = 0;
      for (int from = 0; from < digits.size(); from += SHOWN) {
        int valid = batches.fillInOrder(from);
        code.run();
        System.arraycopy(code.report("code").toFloats(), 0, all, (int) (from * CODE), (int) (valid * CODE));
        shown = from == 0 ? code.report("image").toFloats() : shown;
        for (int i = 0; i < valid; i++) {
          error += code.report("squared_error").get(i) / digits.size();
        }
      }
      return new Coded(all, shown, error);
    }

    double gap() {
      return Moments.of(codes, (int) CODE).gap();
    }

    Map<String, Double> metrics() {
      return Map.of("prior_gap", gap(), "squared_error", error);
    }
  }

  /**
   * Means and covariances of rows.
   *
   * @param mean [width]
   * @param covariance [width][width]
   */
  record Moments(double[] mean, double[][] covariance) {
    static Moments of(float[] rows, int width) {
      int count = rows.length / width;
      double[] mean = new double[width];
      double[][] covariance = new double[width][width];
      for (int i = 0; i < rows.length; i++) {
        mean[i % width] += (double) rows[i] / count;
      }
      for (int r = 0; r < count; r++) {
        for (int i = 0; i < width; i++) {
          for (int j = 0; j < width; j++) {
            covariance[i][j] += (rows[r * width + i] - mean[i]) * (rows[r * width + j] - mean[j]) / count;
          }
        }
      }
      return new Moments(mean, covariance);
    }

    /** The largest difference from a mean of 0 and the identity. */
    double gap() {
      double gap = 0;
      for (int i = 0; i < mean.length; i++) {
        gap = Math.max(gap, Math.abs(mean[i]));
        for (int j = 0; j < mean.length; j++) {
          gap = Math.max(gap, Math.abs(covariance[i][j] - (i == j ? 1 : 0)));
        }
      }
      return gap;
    }
  }

  private static Step generating(int count) {
    Networks networks = Networks.full();
    return Step.inference(
        "generate", networks, List.of(Field.floats("code", count, CODE)),
        c -> c.report("image", networks.coder.decode(c.input("code")).sigmoid()));
  }

  private static float[] generate(BoundStep step, float[] codes) {
    step.input("code").write(codes);
    step.run();
    return step.report("image").toFloats();
  }

  private static float[] prior(int count, long seed) {
    return new Latent.Gaussian(CODE).prior(new SplittableRandom(seed), count);
  }

  private static void write(TrainRequest request, ModelState state, Dataset digits, Dataset test, Coded found)
      throws IOException {
    int[] labels = ((Column.Ints) test.column("label")).data();
    LatentPictures.Codes codes = new LatentPictures.Codes(found.codes(), labels, (int) CODE);
    LatentPictures.grid(
        request.out().resolve("reconstructions.png"),
        LatentPictures.rows(LatentPictures.pixels(test, SHOWN), found.shown()));
    LatentPictures.map(request.out().resolve("map.png"), codes);
    try (BoundStep few = BoundStep.bind(generating(SHOWN), state);
        BoundStep many = BoundStep.bind(generating(SAMPLES), state);
        DigitJudge judge = new DigitJudge(request, digits)) {
      LatentPictures.grid(
          request.out().resolve("interpolations.png"), generate(few, LatentPictures.interpolated(codes).values()));
      float[] samples = generate(many, prior(SAMPLES, request.seed()));
      LatentPictures.grid(
          request.out().resolve("samples.png"), Arrays.copyOf(samples, SHOWN * Digits.SIDE * Digits.SIDE));
      DigitJudge.Verdict v = judge.judge(samples);
      request.listener().note(
          String.format(
              Locale.ROOT,
              "squared error of a held-out pixel %.5f; of %d pictures made from noise the judge is sure of %.1f%%, and"
                  + " finds %d of 10 digits",
              found.error(), SAMPLES, 100 * v.sure(), v.classes()));
    }
  }

  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>(
        List.of(coding(Networks.full(), fields(SHOWN, Digits.SIDE)), generating(SHOWN), generating(SAMPLES)));
    steps.addAll(DigitJudge.steps());
    return steps;
  }

  /** Pictures made from noise, as one PNG. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Step step = generating(count);
    try (ModelState state = load(request, name(), step); BoundStep generate = BoundStep.bind(step, state)) {
      Path file = Files.createDirectories(request.out()).resolve("generated.png");
      PictureGrid.write(file, generate(generate, prior(count, request.seed())), Digits.SIDE, COLUMNS);
      request.found(
          "picture", count + " pictures made from noise: " + file, "file", file.toString(), "count", count);
    }
    return Map.of();
  }
}
