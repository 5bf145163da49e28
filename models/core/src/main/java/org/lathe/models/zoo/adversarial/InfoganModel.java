package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Points;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Conditioning;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.GivenClasses;

/**
 * An information-maximising GAN (Chen, Duan, Houthooft, Schulman, Sutskever and Abbeel 2016) on a ring of eight Gaussians: a
 * generator of noise [batch, 8] and a code as one-hot [batch, 8] to points [batch, 2], and a critic whose hidden layers a
 * third network shares, which predicts the code of a point. What it predicts bounds the information that points have of
 * their codes from below, {@code log 8 - cross-entropy} nats; all three raise the bound.
 *
 * <p>The class of a point is the mode within {@value RingQuality#NEAR} standard deviations of which it lies. The bar is that
 * code and class agree for 80% of the points, under the best assignment of one mode to each code; points at no mode do not
 * agree. It passes only if at least {@value #MODES} modes are found where the same networks without the bound, which learn
 * first, find fewer.
 *
 * <p>It differs from the paper in its data, which tells exactly what the classes are, in small perceptrons, and in having no
 * continuous code.
 */
final class InfoganModel extends ZooModel {
  private static final int CODES = Points.RING_MODES;
  private static final int NOISE = 8;
  private static final long WIDTH = 64;
  private static final int ITERATIONS = 500;
  private static final int EPOCHS = 10;
  private static final double WEIGHT = 1;
  private static final double AGREED = 0.8;
  private static final int MODES = 7;
  /** The part that learns without the bound. */
  private static final String PLAIN = "plain";

  InfoganModel() {
    super(
        new Card(
            "infogan",
            Adversarial.FAMILY,
            "Chen, Duan, Houthooft, Schulman, Sutskever and Abbeel 2016",
            "code_agreement",
            Direction.HIGHER,
            AGREED,
            "points: ring of eight Gaussians"));
  }

  /** The critic and the predictor of codes, which share all hidden layers but one. */
  private static final class Critic extends Module {
    final Mlp trunk;
    final Linear score;
    final Mlp code;

    Critic(long width) {
      trunk = child("trunk", new Mlp(Tensor::relu, Initializer.he(), 2, width, width, width));
      score = child("score", new Linear(width, 1));
      code = child("code", new Mlp(Tensor::relu, Initializer.he(), width, width, CODES));
    }

    Tensor hidden(Tensor points) {
      return trunk.apply(points).relu();
    }
  }

  private static final class Networks extends Module {
    final Mlp generator;
    final Critic critic;

    Networks(long noise, long width) {
      generator = child("generator", new Mlp(Tensor::relu, Initializer.he(), noise + CODES, width, width, width, 2));
      critic = child("critic", new Critic(width));
    }

    Tensor make(Tensor noise, Tensor code) {
      return generator.apply(Conditioning.concat(noise, code));
    }
  }

  /**
   * The networks against each other.
   *
   * @param weight of the information; 0 to leave it out
   */
  private record InfoContest(Networks model, long batch, long noise, double weight) implements Contest {
    @Override
    public Module generator() {
      return model.generator;
    }

    @Override
    public Module critic() {
      return model.critic;
    }

    @Override
    public List<Field> criticFields() {
      return List.of(Field.floats("x", batch, 2));
    }

    /** Real points were asked for nothing: their code is 0. */
    @Override
    public Sample real(StepContext c) {
      Tensor x = c.input("x");
      return new Sample(x, Tensor.fill(x.builder(), TensorType.of(DType.F32, batch, CODES), 0));
    }

    @Override
    public Sample fake(StepContext c) {
      Tensor code = Conditioning.randomClasses(batch, CODES).oneHot(CODES, DType.F32);
      return new Sample(model.make(Forward.current().normal(Dims.of(batch, noise)), code), code);
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.critic.score.apply(model.critic.hidden(sample.x()));
    }

    private @Nullable Tensor information(Sample fake) {
      if (weight == 0) {
        return null;
      }
      Tensor logits = model.critic.code.apply(model.critic.hidden(fake.x()));
      return LossOps.softmaxCrossEntropyOfProbabilities(logits, fake.asked()).mean().mul(weight);
    }

    @Override
    public @Nullable Tensor criticTerm(StepContext c, Sample real, Sample fake) {
      return information(fake);
    }

    @Override
    public @Nullable Tensor generatorTerm(StepContext c, Sample fake) {
      return information(fake);
    }
  }

  private static Game game() {
    long total = (long) ITERATIONS * EPOCHS;
    Adam adam = new Adam(Schedule.cosine(2e-3, 1e-4, total)).withBetas(0.5, 0.9);
    return Game.of(AdversarialLoss.NON_SATURATING, adam, adam);
  }

  private static Blueprint blueprint(long batch, long noise, long width, double weight) {
    Networks networks = new Networks(noise, width);
    Step inference = Step.inference(
        "generate",
        networks,
        List.of(Field.floats("noise", batch, noise), Field.floats("code", batch, CODES)),
        c -> {
          Tensor points = networks.make(c.input("noise"), c.input("code"));
          c.report("points", points);
          c.report("predicted", networks.critic.code.apply(networks.critic.hidden(points)).argMax(1));
        });
    return new Blueprint(game().steps(new InfoContest(networks, batch, noise, weight)), inference);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, NOISE, WIDTH, WEIGHT);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 3, 7, WEIGHT);
  }

  @Override
  public long batch() {
    return RingTraining.BATCH;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  /**
   * How points lie, and how they go with their codes.
   *
   * @param agreement the share of points at the mode of their code
   * @param predicted the share whose code the third network tells
   */
  private record Quality(RingQuality ring, double agreement, double predicted) {
    Map<String, Double> metrics() {
      Map<String, Double> all = new LinkedHashMap<>();
      all.put("code_agreement", agreement);
      all.put("code_predicted", predicted);
      all.putAll(ring.metrics());
      return all;
    }
  }

  /** Makes points of {@code codes}, and writes them as a picture. */
  private static Quality shown(BoundStep generate, int[] codes, Path file) {
    float[] oneHot = new float[codes.length * CODES];
    for (int i = 0; i < codes.length; i++) {
      oneHot[i * CODES + codes[i]] = 1;
    }
    generate.input("code").write(oneHot);
    generate.run();
    float[] points = generate.report("points").toFloats();
    try {
      RingPicture.write(file, points, codes, CODES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long[] predicted = generate.report("predicted").toLongs();
    long[][] counts = new long[CODES][CODES];
    double told = 0;
    for (int i = 0; i < codes.length; i++) {
      told += predicted[i] == codes[i] ? 1.0 / codes.length : 0;
      int mode = RingQuality.mode(points[2 * i], points[2 * i + 1]);
      if (mode >= 0) {
        counts[codes[i]][mode]++;
      }
    }
    return new Quality(RingQuality.of(points), (double) Assignment.best(counts).agreed() / codes.length, told);
  }

  private static RingTraining<Quality> training(int[] codes) {
    return new RingTraining<>(
        game(), NOISE, ITERATIONS, EPOCHS, (generate, file) -> shown(generate, codes, file), Quality::metrics);
  }

  private RingTraining.Trained<Quality> train(TrainRequest request, String model, double weight) throws IOException {
    int[] codes = IntStream.range(0, RingTraining.SAMPLES).map(i -> i % CODES).toArray();
    return training(codes).train(
        request, model, blueprint(RingTraining.BATCH, NOISE, WIDTH, weight).training(),
        blueprint(RingTraining.SAMPLES).inference());
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    RingTraining.Trained<Quality> plain = train(request.part(PLAIN), name() + "/" + PLAIN, 0);
    RingTraining.Trained<Quality> informed = train(request, name(), WEIGHT);
    Quality quality = informed.quality();
    request.listener().note(
        String.format(
            Locale.ROOT,
            "code and class agree for %.1f%% of the points, %.1f%% are good, %d of %d modes are found; without the bound"
                + " %.1f%%, %.1f%% and %d",
            100 * quality.agreement(), 100 * quality.ring().good(), quality.ring().modes(), CODES,
            100 * plain.quality().agreement(), 100 * plain.quality().ring().good(), plain.quality().ring().modes()));
    double seconds = plain.outcome().seconds() + informed.outcome().seconds();
    Path checkpoint = informed.outcome().checkpoint();
    if (quality.ring().modes() < MODES) {
      return new TrainResult("modes", quality.ring().modes(), MODES, false, seconds, checkpoint);
    }
    if (plain.quality().ring().modes() >= MODES) {
      return new TrainResult(
          "modes_without_the_bound", plain.quality().ring().modes(), MODES, false, seconds, checkpoint);
    }
    return card().result(quality.agreement(), seconds, checkpoint);
  }

  @Override
  public List<Step> runSteps() {
    Blueprint plain = blueprint(RingTraining.BATCH, NOISE, WIDTH, 0);
    return List.of(plain.training().get(0), plain.training().get(1), blueprint(RingTraining.SAMPLES).inference());
  }

  /** Points of the codes asked for, {@code class:0} to {@code class:7}, as one PNG. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    int count = request.countOr(RingTraining.SAMPLES);
    int[] codes = GivenClasses.read(
        name(), request.data(), GivenClasses.DIGITS.subList(0, CODES), count);
    return training(codes).run(request, name(), count, blueprint(count).inference());
  }
}
