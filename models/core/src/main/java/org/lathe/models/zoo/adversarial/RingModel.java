package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Points;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
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

/**
 * Adversarial networks on a ring of eight Gaussians: a generator of noise [batch, noise] to points [batch, 2], and a critic
 * of points to a score [batch, 1], both of three hidden layers of ReLU. The variants differ in the rules of their
 * {@link Game}; see {@link Adversarial#models}.
 *
 * <p>The bar is that 80% of the samples are good: within {@value RingQuality#NEAR} standard deviations of a mode. It passes
 * only if enough modes are found: those with at least {@value RingQuality#FOUND} of their due samples.
 *
 * <p>All differ from their papers in their small networks and in rates that fall to nothing, so that the generator settles.
 */
public final class RingModel extends ZooModel {
  private static final double GOOD = 0.8;

  private final Parts parts;

  /**
   * What a variant picks.
   *
   * @param game the rules, with rates that fall over {@code iterations * epochs} iterations
   * @param spectral where above 0, the critic's weights are divided by their largest singular values, and its score is
   *     multiplied by this, which then bounds its slope; 0 for neither
   * @param noise how many numbers a point is made of
   * @param width of the hidden layers
   * @param iterations in an epoch
   * @param modes how many have to be found
   */
  record Parts(Game game, double spectral, int noise, long width, int iterations, int epochs, int modes) {}

  RingModel(String name, String paper, Parts parts) {
    super(
        new Card(
            name, Adversarial.FAMILY, paper, "good_share", Direction.HIGHER, GOOD, "points: ring of eight Gaussians"));
    this.parts = parts;
  }

  /** Both networks. */
  private static final class Networks extends Module {
    final Mlp generator;
    final Mlp critic;

    private final double spectral;

    Networks(long noise, long width, double spectral) {
      this.spectral = spectral;
      generator = child("generator", new Mlp(Tensor::relu, Initializer.he(), noise, width, width, width, 2));
      Mlp plain = new Mlp(Tensor::relu, Initializer.he(), 2, width, width, width, 1);
      critic = child("critic", spectral > 0 ? plain.spectral() : plain);
    }

    Tensor judge(Tensor points) {
      Tensor score = critic.apply(points);
      return spectral > 0 ? score.mul(spectral) : score;
    }
  }

  /** The networks against each other. */
  private record RingContest(Networks model, long batch, long noise) implements Contest {
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

    @Override
    public Sample real(StepContext c) {
      return Sample.of(c.input("x"));
    }

    @Override
    public Sample fake(StepContext c) {
      return Sample.of(model.generator.apply(Forward.current().normal(Dims.of(batch, noise))));
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.judge(sample.x());
    }
  }

  private Blueprint blueprint(long batch, long noise, long width) {
    Networks networks = new Networks(noise, width, parts.spectral());
    Step inference = Step.inference(
        "generate",
        networks,
        List.of(Field.floats("noise", batch, noise)),
        c -> c.report("points", networks.generator.apply(c.input("noise"))));
    return new Blueprint(parts.game().steps(new RingContest(networks, batch, noise)), inference);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, parts.noise(), parts.width());
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 3, 7);
  }

  @Override
  public long batch() {
    return RingTraining.BATCH;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    RingTraining.Trained<RingQuality> trained = training()
        .train(request, name(), blueprint(RingTraining.BATCH).training(), blueprint(RingTraining.SAMPLES).inference());
    RingQuality quality = trained.quality();
    request.listener().note(
        String.format(
            Locale.ROOT, "%.1f%% of the samples are good, %d of %d modes are found", 100 * quality.good(),
            quality.modes(),
            Points.RING_MODES));
    TrainResult result = card().result(
        quality.good(), trained.outcome().seconds(), trained.outcome().checkpoint());
    return quality.modes() >= parts.modes()
        ? result
        : new TrainResult("modes", quality.modes(), parts.modes(), false, result.seconds(), result.checkpoint());
  }

  private RingTraining<RingQuality> training() {
    return new RingTraining<>(
        parts.game(), parts.noise(), parts.iterations(), parts.epochs(), RingModel::shown, RingQuality::metrics);
  }

  /** Makes points, and writes them as a picture. */
  private static RingQuality shown(BoundStep generate, Path file) {
    generate.run();
    float[] points = generate.report("points").toFloats();
    try {
      RingPicture.write(file, points);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return RingQuality.of(points);
  }

  @Override
  public List<Step> runSteps() {
    return List.of(blueprint(RingTraining.SAMPLES).inference());
  }

  /** Points made from noise, as one PNG. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(RingTraining.SAMPLES);
    return training().run(request, name(), count, blueprint(count).inference());
  }
}
