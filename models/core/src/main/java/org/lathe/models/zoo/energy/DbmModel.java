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
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
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
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Phases;
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
 * A deep Boltzmann machine of digits (Salakhutdinov and Hinton 2009), pictures [batch, 1, 28, 28] as 784 bits, with two
 * hidden layers; see {@link DeepBoltzmann}. Each layer is trained on its own first; then all learn together, what data
 * gives by mean field and what the machine gives by persistent chains.
 *
 * <p>The bar is by how many nats the variational bound on the log-likelihood of held-out digits is above the log-likelihood
 * of a restricted machine with as many parameters, which learns beside it by persistent chains of its own, from as many
 * batches. Both partition functions are estimated by annealed importance sampling.
 */
final class DbmModel extends ZooModel {
  private static final int PIXELS = Digits.SIDE * Digits.SIDE;
  private static final int FIRST = 128;
  private static final int SECOND = 128;
  /** Hidden units of the restricted machine, so that both have as many parameters. */
  private static final int RESTRICTED = 149;
  private static final int TRAIN = 10_000;
  private static final int TEST = 2_000;
  private static final int BATCH = 100;
  private static final int PARTICLES = 100;
  private static final int MEAN_FIELD = 10;
  private static final int SWEEPS = 2;
  private static final int LAYER_EPOCHS = 4;
  private static final int JOINT_EPOCHS = 28;
  private static final int CHAINS = 100;
  private static final int TEMPERATURES = 2_000;
  private static final int COLUMNS = 16;
  private static final int DRAWN = 4 * COLUMNS;

  DbmModel() {
    super(
        new Card(
            "dbm", Energy.FAMILY, "Salakhutdinov and Hinton 2009", "nats_above_rbm", Direction.HIGHER, 0,
            "digits, or mnist:DIR"));
  }

  /** Both machines and their chains. States: {@code chain.v}, {@code chain.h2}, and {@code chain.rbm}. */
  private static final class Machines extends Module {
    final DeepBoltzmann deep;
    final Rbm restricted;
    private final Parameter chainVisible;
    private final Parameter chainSecond;
    private final Parameter chainRestricted;

    Machines(long visible, long first, long second, long hidden, long particles) {
      deep = child("deep", new DeepBoltzmann(visible, first, second));
      restricted = child("restricted", new Rbm(visible, hidden));
      Initializer bits = (shape, random) -> {
        float[] b = new float[Math.toIntExact(shape.product())];
        for (int i = 0; i < b.length; i++) {
          b[i] = random.nextBoolean() ? 1 : 0;
        }
        return b;
      };
      chainVisible = state("chain.v", bits, particles, visible);
      chainSecond = state("chain.h2", bits, particles, second);
      chainRestricted = state("chain.rbm", bits, particles, visible);
    }

    void learnJointly(StepContext c, Tensor v, Schedule rate) {
      DeepBoltzmann.Hidden means = deep.meanField(v, MEAN_FIELD);
      Tensor chainV = chainVisible.tensor();
      Tensor chainH2 = chainSecond.tensor();
      for (int s = 0; s < SWEEPS; s++) {
        Map.Entry<Tensor, Tensor> next = deep.gibbs(c.random(), chainV, chainH2);
        chainV = next.getKey();
        chainH2 = next.getValue();
      }
      c.report("loss", ContrastiveDivergence.error(v, deep.picture(v, means.second())));
      c.descend(Group.of("deep", deep, sgd(rate)), deep.gradients(v, means, chainV, chainH2));
      chainVisible.update(chainV);
      chainSecond.update(chainH2);
    }

    void learnRestricted(StepContext c, Tensor v, Schedule rate) {
      Tensor chain = ContrastiveDivergence.gibbs(restricted, c.random(), chainRestricted.tensor(), SWEEPS);
      c.report("loss", ContrastiveDivergence.error(v, restricted.visible(restricted.hidden(v))));
      c.descend(
          Group.of("restricted", restricted, sgd(rate)), ContrastiveDivergence.gradients(restricted, v, chain));
      chainRestricted.update(chain);
    }
  }

  private static Sgd pretraining() {
    return new Sgd(Schedule.exponential(0.05, 0.5, 400), 0.8, false);
  }

  private static Sgd sgd(Schedule rate) {
    return new Sgd(rate, 0, false);
  }

  private static Blueprint blueprint(long batch, long side, long first, long second, long hidden, long particles) {
    Machines net = new Machines(side * side, first, second, hidden, particles);
    List<Field> image = List.of(Field.floats("image", batch, 1, side, side));
    long joint = (long) JOINT_EPOCHS * TRAIN / BATCH;
    long all = joint + 2L * LAYER_EPOCHS * TRAIN / BATCH;
    Step lower = alone(net, 0, image);
    Step upper = alone(net, 1, image);
    Step jointly = Step.rule(
        "joint", net, image, "mean field and persistent chains",
        c -> net.learnJointly(c, DbnModel.bits(c.input("image")), Schedule.cosine(0.05, 0.0005, joint)));
    Step restricted = Step.rule(
        "restricted", net, image, "persistent contrastive divergence",
        c -> net.learnRestricted(c, DbnModel.bits(c.input("image")), Schedule.cosine(0.05, 0.0005, all)));
    Step predict = Step.inference(
        "predict", net, image,
        c -> {
          Tensor v = DbnModel.bits(c.input("image"));
          DeepBoltzmann.Hidden means = net.deep.meanField(v, MEAN_FIELD);
          c.report("picture", net.deep.picture(v, means.second()));
        });
    return new Blueprint(List.of(lower, upper, jointly, restricted), predict);
  }

  /** One layer's contrastive divergence before all learn together. */
  private static Step alone(Machines net, int layer, List<Field> image) {
    return Step.rule(
        "layer." + layer, net, image, ContrastiveDivergence.RULE,
        c -> {
          Tensor v = DbnModel.bits(c.input("image"));
          c.report("loss", ContrastiveDivergence.error(v, net.deep.picture(v, net.deep.meanField(v, 1).second())));
          c.descend(
              Group.of("layer." + layer, net.deep, pretraining()),
              layer == 0 ? net.deep.firstLayer(c.random(), v) : net.deep.secondLayer(c.random(), v));
        });
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, Digits.SIDE, FIRST, SECOND, RESTRICTED, PARTICLES);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 4, 5, 6, 7, 4);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(1, RandomGenerator::nextDouble);
  }

  private static Machines machines() {
    return new Machines(PIXELS, FIRST, SECOND, RESTRICTED, PARTICLES);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(name(), request.data(), TRAIN, TEST, request.seed(), BATCH, BATCH);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundSteps steps = new BoundSteps(plan.training(), state)) {
      Function<String, TrainingTask> deep = name -> both(steps.get(name), steps.get("restricted"), data, request);
      Phases phases = new Phases(
          List.of(
              new Phases.Phase(LAYER_EPOCHS, deep.apply("layer.0")),
              new Phases.Phase(LAYER_EPOCHS, deep.apply("layer.1")),
              new Phases.Phase(JOINT_EPOCHS, deep.apply("joint"))));
      Trainer.Outcome outcome = Trainer.train(state, phases, request.options(name(), phases.epochs()));
      Map<String, Double> found = likelihoods(state, data.test());
      request.listener().note(
          String.format(
              Locale.ROOT, "log-likelihood of held-out digits in nats: deep at least %.2f, restricted %.2f",
              found.get("deep"), found.get("restricted")));
      float[] weights = state.array("deep.weight.0").toFloats();
      PictureGrid.writeSigned(
          request.out().resolve("filters.png"), PictureGrid.transposed(weights, PIXELS, FIRST), Digits.SIDE, COLUMNS);
      PictureGrid.write(
          request.out().resolve("chains.png"), state.array("chain.v").toFloats(), Digits.SIDE, COLUMNS);
      return card().result(
          found.getOrDefault("deep", Double.NaN) - found.getOrDefault("restricted", Double.NaN), outcome.seconds(),
          outcome.checkpoint());
    }
  }

  /** One step of each machine, on the same batch. */
  private static TrainingTask both(BoundStep deep, BoundStep restricted, TrainTest data, TrainRequest request) {
    Batches batches = new Batches(data.train(), deep, request.seed());
    Batches same = new Batches(data.train(), restricted, request.seed());
    return new TrainingTask() {
      @Override
      public int iterationsPerEpoch() {
        return batches.count();
      }

      @Override
      public void beginEpoch(int epoch) {
        batches.beginEpoch(epoch);
        same.beginEpoch(epoch);
      }

      @Override
      public double iterate(int epoch, int index) {
        batches.fill(index);
        same.fill(index);
        deep.run();
        restricted.run();
        return deep.value("loss");
      }

      @Override
      public Map<String, Double> evaluate(int epoch) {
        return Map.of();
      }
    };
  }

  /** In nats for each picture. */
  private static Map<String, Double> likelihoods(ModelState state, Dataset test) {
    float[] mean = Likelihood.meanBits(test);
    double bound = Likelihood.mean(state, deepBound(), test);
    double free = Likelihood.mean(state, restrictedEnergy(), test);
    Map<String, Double> found = new LinkedHashMap<>();
    found.put(
        "deep",
        bound - Likelihood.logPartition(state, deepAnnealing(), Arrays.copyOf(mean, PIXELS + SECOND)));
    found.put(
        "restricted",
        free - Likelihood.logPartition(state, restrictedAnnealing(), mean));
    return found;
  }

  private static Step deepBound() {
    Machines net = machines();
    return Likelihood.mean(
        net, BATCH,
        c -> {
          Tensor v = DbnModel.bits(c.input("image"));
          return net.deep.bound(v, net.deep.meanField(v, 3 * MEAN_FIELD));
        });
  }

  private static Step restrictedEnergy() {
    Machines net = machines();
    return Likelihood.mean(
        net, BATCH, c -> net.restricted.freeEnergy(DbnModel.bits(c.input("image"))).neg());
  }

  private static Step deepAnnealing() {
    Machines net = machines();
    return Likelihood.annealing(net, PIXELS + SECOND, CHAINS, TEMPERATURES, net.deep::restricted);
  }

  private static Step restrictedAnnealing() {
    Machines net = machines();
    Rbm r = net.restricted;
    return Likelihood.annealing(
        net, PIXELS, CHAINS, TEMPERATURES,
        () -> new Likelihood.Machine(r.weight().tensor(), r.visibleBias().tensor(), r.hiddenBias().tensor()));
  }

  private static Step drawing(long count) {
    Machines net = machines();
    return Step.inference(
        "run",
        net,
        List.of(Field.floats("v", count, PIXELS), Field.floats("h2", count, SECOND)),
        c -> {
          List<Tensor> last = ControlFlow.scan(
              List.of(c.input("v"), c.input("h2")),
              List.of(Tensor.iota(c.input("v").builder(), DType.I64, Dims.of(500), 0)),
              (carries, index) -> {
                Map.Entry<Tensor, Tensor> next = net.deep.gibbs(c.random().at(index.getFirst()), carries.get(0),
                    carries.get(1));
                return new ControlFlow.Step(List.of(next.getKey(), next.getValue()), List.of());
              }).carries();
          c.report("picture", net.deep.picture(last.get(0), last.get(1)));
        });
  }

  @Override
  public List<Step> runSteps() {
    return List.of(deepBound(), restrictedEnergy(), deepAnnealing(), restrictedAnnealing(), drawing(DRAWN));
  }

  /** Pictures that the machine makes, by long chains from noise. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(DRAWN);
    Step step = drawing(count);
    try (ModelState state = load(request, name(), step);
        BoundStep draw = BoundStep.bind(step, state)) {
      RandomGenerator random = new SplittableRandom(request.seed());
      draw.input("v").write(noise(count * PIXELS, random));
      draw.input("h2").write(noise(count * SECOND, random));
      draw.run();
      Path file = Files.createDirectories(request.out()).resolve("generated.png");
      PictureGrid.write(file, draw.report("picture").toFloats(), Digits.SIDE, COLUMNS);
      request.found("picture", count + " pictures drawn: " + file, "file", file.toString(), "count", count);
    }
    return Map.of();
  }

  private static float[] noise(int count, RandomGenerator random) {
    float[] bits = new float[count];
    for (int i = 0; i < count; i++) {
      bits[i] = random.nextBoolean() ? 1 : 0;
    }
    return bits;
  }
}
