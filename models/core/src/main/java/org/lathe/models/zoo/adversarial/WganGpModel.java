package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Points;
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
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;

/**
 * A Wasserstein GAN with gradient penalty (Gulrajani et al. 2017) on a ring of eight Gaussians: noise [batch, 2] to points
 * [batch, 2], and a critic of points to [batch, 1]. The critic makes five steps for each of the generator's; its penalty
 * differentiates a gradient, and so needs second-order gradients.
 *
 * <p>It differs from the paper in a penalty weight of 0.1 instead of 10, which suits points in the plane, and in a rate that
 * falls to nothing, so that the generator settles.
 */
public final class WganGpModel extends ZooModel {
  private static final long BATCH = 256;
  private static final int CRITIC_STEPS = 5;
  private static final int ITERATIONS_PER_EPOCH = 250;
  private static final int EPOCHS = 12;
  private static final double PENALTY = 0.1;
  private static final int SAMPLES = 4096;
  /** A sample is good within so many standard deviations of a mode. */
  private static final double NEAR = 4;
  /** A mode counts as found with this share of its due samples. */
  private static final double FOUND = 0.2;

  WganGpModel() {
    super(
        new Card(
            "wgan-gp",
            Adversarial.FAMILY,
            "Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017",
            "good_share",
            Direction.HIGHER,
            0.8,
            "points: ring of eight Gaussians"));
  }

  /** Both networks. */
  private static final class Networks extends Module {
    final Mlp generator;
    final Mlp critic;

    Networks(long width) {
      generator = child("generator", new Mlp(Tensor::relu, Initializer.he(), 2, width, width, width, 2));
      critic = child("critic", new Mlp(Tensor::relu, Initializer.he(), 2, width, width, width, 1));
    }

    Tensor generate(long batch) {
      return generator.apply(Forward.current().normal(Dims.of(batch, 2)));
    }

    /** E[critic(fake)] - E[critic(real)] + penalty (|gradient of critic at points between them| - 1)^2. */
    Tensor criticLoss(Tensor real) {
      Tensor fake = generate(real.dim(0)).stopGradient();
      Tensor mix = Forward.current().uniform(Dims.of(real.dim(0), 1));
      Tensor between = real.mul(mix).add(fake.mul(mix.subtractedFrom(1)));
      Tensor slope = Gradients.gradient(critic.apply(between).sum(), between);
      Tensor norm = slope.square().sum(1).add(1e-12).sqrt();
      List<Tensor> judged = critic.apply(Tensor.concat(0, fake, real)).split(0, 2);
      return judged.get(0).mean().sub(judged.get(1).mean()).add(norm.sub(1).square().mean().mul(PENALTY));
    }
  }

  private static Blueprint blueprint(long batch, long width) {
    Networks networks = new Networks(width);
    long total = (long) EPOCHS * ITERATIONS_PER_EPOCH;
    Step critic = Step.training(
        "critic",
        networks,
        List.of(Field.floats("x", batch, 2)),
        c -> {
          Tensor loss = networks.criticLoss(c.input("x"));
          c.minimize(loss, Group.of("critic", networks.critic, adam(CRITIC_STEPS * total)));
          c.report("loss", loss);
        });
    Step generator = Step.training(
        "generator",
        networks,
        List.of(),
        c -> {
          Tensor loss = networks.critic.apply(networks.generate(batch)).mean().neg();
          c.minimize(loss, Group.of("generator", networks.generator, adam(total)));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "generate",
        networks,
        List.of(Field.floats("noise", batch, 2)),
        c -> c.report("points", networks.generator.apply(c.input("noise"))));
    return new Blueprint(List.of(critic, generator), inference);
  }

  private static Adam adam(long steps) {
    return new Adam(Schedule.cosine(2e-3, 2e-5, steps)).withBetas(0.5, 0.9);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, 64);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 7);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep critic = BoundStep.bind(plan.training().get(0), state);
        BoundStep generator = BoundStep.bind(plan.training().get(1), state);
        BoundStep generate = BoundStep.bind(blueprint(SAMPLES).inference(), state)) {
      generate.input("noise").write(noise(SAMPLES, request.seed()));
      Batches batches = new Batches(Points.ring(1 << 16, request.seed()), critic, request.seed());
      TrainingTask task = new TrainingTask() {
        @Override
        public int iterationsPerEpoch() {
          return ITERATIONS_PER_EPOCH;
        }

        @Override
        public void beginEpoch(int epoch) {
          batches.beginEpoch(epoch);
        }

        @Override
        public double iterate(int epoch, int index) {
          for (int k = 0; k < CRITIC_STEPS; k++) {
            batches.fill((index * CRITIC_STEPS + k) % batches.count());
            critic.run();
          }
          generator.run();
          return critic.value("loss");
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          Quality q = quality(generate);
          return Map.of("good_share", q.good(), "modes", (double) q.modes());
        }
      };
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), EPOCHS));
      Quality quality = quality(generate);
      RingPicture.write(request.out().resolve("samples.png"), generate.report("points").toFloats());
      request.listener().note(
          String.format(
              Locale.ROOT,
              "%.1f%% of the samples are good, %d of %d modes are found",
              100 * quality.good(),
              quality.modes(),
              Points.RING_MODES));
      TrainResult result = card().result(quality.good(), outcome.seconds(), outcome.checkpoint());
      return quality.modes() == Points.RING_MODES
          ? result
          : new TrainResult(
              "modes", quality.modes(), Points.RING_MODES, false, result.seconds(), result.checkpoint());
    }
  }

  @Override
  public List<Step> runSteps() {
    return List.of(blueprint(SAMPLES).inference());
  }

  /** Points made from noise, as one PNG. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SAMPLES);
    Step generating = blueprint(count).inference();
    try (ModelState state = load(request, name(), generating);
        BoundStep generate = BoundStep.bind(generating, state)) {
      generate.input("noise").write(noise(count, request.seed()));
      Quality quality = quality(generate);
      Path file = Files.createDirectories(request.out()).resolve("generated.png");
      RingPicture.write(file, generate.report("points").toFloats());
      request.found(
          "picture", count + " points made from noise: " + file, "file", file.toString(), "count", count);
      return Map.of("good_share", quality.good(), "modes", (double) quality.modes());
    }
  }

  private static float[] noise(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] noise = new float[2 * count];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    return noise;
  }

  /**
   * How generated points lie.
   *
   * @param good the share near a mode
   * @param modes how many modes are found
   */
  private record Quality(double good, int modes) {}

  private static Quality quality(BoundStep generate) {
    generate.run();
    return quality(generate.report("points").toFloats());
  }

  private static Quality quality(float[] points) {
    int[] near = new int[Points.RING_MODES];
    int good = 0;
    int count = points.length / 2;
    for (int i = 0; i < count; i++) {
      for (int m = 0; m < Points.RING_MODES; m++) {
        double[] mean = Points.ringMean(m);
        if (Math.hypot(points[2 * i] - mean[0], points[2 * i + 1] - mean[1]) <= NEAR * Points.RING_DEVIATION) {
          near[m]++;
          good++;
        }
      }
    }
    int modes = 0;
    for (int n : near) {
      modes += n >= FOUND * count / Points.RING_MODES ? 1 : 0;
    }
    return new Quality((double) good / count, modes);
  }
}
