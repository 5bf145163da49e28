package org.lathe.models.zoo.energy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Sequences;
import org.lathe.models.nets.Rbm;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.BoundSteps;
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
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * Restricted Boltzmann machines of 4 x 4 pixels, x [batch, 16], by contrastive divergence with {@value #CD_STEPS} steps
 * (Hinton 2002), by persistent contrastive divergence (Tieleman 2008), and with Gaussian visible units; see {@link Rbm}.
 * The first two learn the 30 pictures of bars and stripes, the last one noisy stripes.
 *
 * <p>The bar is by how many nats the exact log-likelihood of the data, by enumeration, is below the best possible one, the
 * worst of the three counting.
 */
final class RbmModel extends ZooModel {
  private static final int SIDE = 4;
  private static final int PIXELS = SIDE * SIDE;
  private static final int HIDDEN = 16;
  private static final int GAUSSIAN_HIDDEN = 8;
  /** Of a pixel that is on, in standard deviations of its noise. */
  private static final double CONTRAST = 2.5;
  private static final int CD_STEPS = 10;
  private static final int PARTICLES = 100;
  private static final int STEPS_PER_EPOCH = 500;
  private static final int EPOCHS = 25;
  private static final int STRIPES = 1_024;
  private static final int SHOWN = 20;

  RbmModel() {
    super(
        new Card(
            "rbm", Energy.FAMILY, "Smolensky 1986; Hinton 2002; Tieleman 2008", "nats_below_best", Direction.LOWER, 0.5,
            "sequences: bars and stripes of 4 x 4"));
  }

  /** The three machines. State: {@code particles}, the visible units of the persistent chains. */
  private static final class Machines extends Module {
    final Rbm divergence;
    final Rbm persistent;
    final Rbm gaussian;
    final Parameter particles;

    Machines(long visible, long hidden, long gaussianHidden, long count) {
      divergence = child("cd", new Rbm(visible, hidden));
      persistent = child("pcd", new Rbm(visible, hidden));
      gaussian = child("gaussian", new Rbm(Rbm.Visible.GAUSSIAN, visible, gaussianHidden, Initializer.normal(0.05)));
      particles = state("particles", (shape, random) -> {
        float[] v = new float[(int) shape.product()];
        for (int i = 0; i < v.length; i++) {
          v[i] = random.nextBoolean() ? 1 : 0;
        }
        return v;
      }, count, visible);
    }

    /** Learns the batch once by each rule; gives the reconstruction error. */
    void learn(StepContext c, Tensor x) {
      Tensor model = ContrastiveDivergence.gibbs(divergence, c.random(), x, CD_STEPS);
      c.report("loss",
          ContrastiveDivergence.error(x, ContrastiveDivergence.reconstruction(divergence, c.random(), x, 1)));
      c.descend(
          Group.of("cd", divergence, optimizer(0.1)), ContrastiveDivergence.gradients(divergence, x, model));
      Tensor moved = ContrastiveDivergence.gibbs(persistent, c.random(), particles.tensor(), 1);
      c.descend(
          Group.of("pcd", persistent, optimizer(0.05)), ContrastiveDivergence.gradients(persistent, x, moved));
      particles.update(moved);
    }

    void learnGaussian(StepContext c, Tensor x) {
      Tensor model = ContrastiveDivergence.gibbs(gaussian, c.random(), x, CD_STEPS);
      c.report("loss", ContrastiveDivergence.error(x, gaussian.visible(gaussian.hidden(x))));
      c.descend(
          Group.of("gaussian", gaussian, optimizer(0.02)), ContrastiveDivergence.gradients(gaussian, x, model));
    }
  }

  private static Sgd optimizer(double rate) {
    return new Sgd(Schedule.cosine(rate, rate / 50, (long) EPOCHS * STEPS_PER_EPOCH), 0, false);
  }

  private static Blueprint blueprint(long batch, int visible, int hidden, int gaussianHidden, long particles) {
    Machines machines = new Machines(visible, hidden, gaussianHidden, particles);
    List<Field> fields = List.of(Field.floats("x", batch, visible));
    Step binary = Step.rule("binary", machines, fields, ContrastiveDivergence.RULE,
        c -> machines.learn(c, c.input("x")));
    Step gaussian = Step.rule(
        "gaussian", machines, fields, ContrastiveDivergence.RULE, c -> machines.learnGaussian(c, c.input("x")));
    Step predict = Step.inference(
        "predict",
        machines,
        fields,
        c -> {
          c.report("cd", Enumeration.logLikelihood(machines.divergence, c.input("x")));
          c.report("pcd", Enumeration.logLikelihood(machines.persistent, c.input("x")));
        });
    return new Blueprint(List.of(binary, gaussian), predict);
  }

  /** The exact log-likelihood of real pictures. */
  private static Step gaussianLikelihood(long batch) {
    Machines machines = new Machines(PIXELS, HIDDEN, GAUSSIAN_HIDDEN, PARTICLES);
    return Step.inference(
        "gaussian.predict", machines, List.of(Field.floats("x", batch, PIXELS)),
        c -> c.report("gaussian", Enumeration.logLikelihood(machines.gaussian, c.input("x"))));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, PIXELS, HIDDEN, GAUSSIAN_HIDDEN, PARTICLES);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 5, 4, 3, 7);
  }

  @Override
  public long batch() {
    return barsAndStripes().size();
  }

  @Override
  public Values values() {
    return Values.uniform(1, r -> r.nextBoolean() ? 1.0 : 0.0);
  }

  private static Dataset barsAndStripes() {
    return Sequences.barsAndStripes(SIDE);
  }

  /** Each row of pixels is on or off by chance; all pixels have noise of standard deviation 1. */
  private static Dataset noisyStripes(int count, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[count * PIXELS];
    for (int i = 0; i < count * SIDE; i++) {
      double mean = random.nextBoolean() ? CONTRAST : 0;
      for (int k = 0; k < SIDE; k++) {
        x[i * SIDE + k] = (float) (mean + random.nextGaussian());
      }
    }
    return new Dataset("noisy stripes", List.of(new Column.Floats("x", Dims.of(PIXELS), x)));
  }

  /** The mean log-density of noisy stripes under the distribution that they are drawn from. */
  private static double bestLikelihood(Dataset stripes) {
    float[] x = ((Column.Floats) stripes.column("x")).data();
    double sum = 0;
    for (int row = 0; row < x.length / SIDE; row++) {
      double off = 0;
      double on = 0;
      for (int k = 0; k < SIDE; k++) {
        double v = x[row * SIDE + k];
        off -= v * v / 2;
        on -= (v - CONTRAST) * (v - CONTRAST) / 2;
      }
      double most = Math.max(on, off);
      sum += most + Math.log(0.5 * Math.exp(on - most) + 0.5 * Math.exp(off - most))
          - SIDE / 2.0 * Math.log(2 * Math.PI);
    }
    return sum / stripes.size();
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Dataset bars = barsAndStripes();
    Dataset stripes = noisyStripes(STRIPES, request.seed());
    int batch = bars.size();
    Blueprint plan = blueprint(batch);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundSteps steps = new BoundSteps(plan.training(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state);
        BoundStep predictGaussian = BoundStep.bind(gaussianLikelihood(STRIPES), state)) {
      BoundStep binary = steps.get("binary");
      BoundStep gaussian = steps.get("gaussian");
      Evaluation onBars = new Evaluation(predict, bars);
      Evaluation onStripes = new Evaluation(predictGaussian, stripes);
      double best = bestLikelihood(stripes);
      new Batches(bars, binary, request.seed()).fill(0);
      Batches batches = new Batches(stripes, gaussian, request.seed());
      TrainingTask task = new TrainingTask() {
        @Override
        public int iterationsPerEpoch() {
          return STEPS_PER_EPOCH;
        }

        @Override
        public void beginEpoch(int epoch) {
          batches.beginEpoch(epoch);
        }

        @Override
        public double iterate(int epoch, int index) {
          binary.run();
          batches.fill(index % batches.count());
          gaussian.run();
          return binary.value("loss");
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          return gaps(onBars.run(), onStripes.run(), best);
        }
      };
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), EPOCHS));
      Map<String, Double> gaps = gaps(onBars.run(), onStripes.run(), best);
      gaps.forEach(
          (rule, gap) -> request.listener().note(
              String.format(Locale.ROOT, "%s: %.3f nats below the best possible log-likelihood", rule, gap)));
      filters(request.out().resolve("filters.png"), state, "pcd", HIDDEN);
      filters(request.out().resolve("gaussian-filters.png"), state, "gaussian", GAUSSIAN_HIDDEN);
      PictureGrid.write(
          request.out().resolve("particles.png"), state.array("particles").toFloats(), SIDE, SHOWN);
      double worst = gaps.values().stream().mapToDouble(g -> g).max().orElseThrow();
      return card().result(worst, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static Map<String, Double> gaps(Map<String, Double> bars, Map<String, Double> stripes, double best) {
    double perfect = -Math.log(barsAndStripes().size());
    Map<String, Double> gaps = new LinkedHashMap<>();
    gaps.put("cd", perfect - bars.getOrDefault("cd", Double.NaN));
    gaps.put("pcd", perfect - bars.getOrDefault("pcd", Double.NaN));
    gaps.put("gaussian", best - stripes.getOrDefault("gaussian", Double.NaN));
    return gaps;
  }

  private static void filters(Path file, ModelState state, String machine, int hidden) throws IOException {
    float[] weights = state.array(machine + ".weight").toFloats();
    PictureGrid.writeSigned(file, PictureGrid.transposed(weights, PIXELS, hidden), SIDE, 8);
  }

  private static Step drawing(long count) {
    Machines machines = new Machines(PIXELS, HIDDEN, GAUSSIAN_HIDDEN, PARTICLES);
    return Step.inference(
        "run",
        machines,
        List.of(Field.floats("x", count, PIXELS)),
        c -> c.report("x", Sampling.chain(machines.persistent, c.random(), c.input("x"), 1_000)));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(gaussianLikelihood(STRIPES), drawing(SHOWN));
  }

  /** Pictures drawn from the persistent machine by long chains from noise. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Step step = drawing(count);
    try (ModelState state = load(request, name(), step);
        BoundStep draw = BoundStep.bind(step, state)) {
      RandomGenerator random = new SplittableRandom(request.seed());
      float[] noise = new float[count * PIXELS];
      for (int i = 0; i < noise.length; i++) {
        noise[i] = random.nextBoolean() ? 1 : 0;
      }
      draw.input("x").write(noise);
      draw.run();
      float[] x = draw.report("x").toFloats();
      Path file = Files.createDirectories(request.out()).resolve("drawn.png");
      PictureGrid.write(file, x, SIDE, SHOWN);
      request.found("picture", count + " pictures drawn: " + file, "file", file.toString(), "count", count);
      return Map.of("bars_or_stripes", share(x, barsAndStripes()));
    }
  }

  /** The share of pictures that are among the data. */
  private static double share(float[] pictures, Dataset data) {
    float[] all = ((Column.Floats) data.column("x")).data();
    int count = pictures.length / PIXELS;
    int found = 0;
    for (int i = 0; i < count; i++) {
      boolean is = false;
      for (int d = 0; d < data.size() && !is; d++) {
        is = Arrays.equals(pictures, i * PIXELS, (i + 1) * PIXELS, all, d * PIXELS, (d + 1) * PIXELS);
      }
      found += is ? 1 : 0;
    }
    return (double) found / count;
  }
}
