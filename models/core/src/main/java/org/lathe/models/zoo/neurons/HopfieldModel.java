package org.lathe.models.zoo.neurons;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
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
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.Plot;

/**
 * Hopfield's associative memory (1982): {@value #UNITS} units in {-1, 1} that store {@value #PATTERNS} random patterns,
 * a tenth of their number, by Hebb's rule, and recall them by asynchronous updates; see {@link Hopfield}.
 *
 * <p>Each pattern is shown {@value #CUES} times with a tenth of its bits flipped. It is recalled if the network settles with
 * at most {@value #SLIPS} of its bits wrong: at this load a stored pattern's fixed point differs from it in about one bit in
 * 600 (Amit, Gutfreund and Sompolinsky 1985), so that not one wrong bit in all 400 is more than the theory allows.
 * The training fails too if the energy rises in any update.
 */
final class HopfieldModel extends ZooModel {
  private static final int SIDE = 20;
  private static final int UNITS = SIDE * SIDE;
  private static final int PATTERNS = UNITS / 10;
  private static final int FLIPPED = UNITS / 10;
  private static final int SLIPS = UNITS / 100;
  private static final int CUES = 5;
  private static final int SWEEPS = 5;
  private static final int BATCH = 4;
  private static final int SHOWN = 10;

  HopfieldModel() {
    super(
        new Card(
            "hopfield", Neurons.FAMILY, "Hopfield 1982", "recalled", Direction.HIGHER, 0.95, "random patterns"));
  }

  private static Blueprint blueprint(long batch, int units, int updates) {
    Hopfield net = new Hopfield(units);
    Step store = Step.rule(
        "store",
        net,
        List.of(Field.floats("x", batch, units)),
        "Hebbian storage",
        c -> {
          net.store(c, c.input("x"));
          c.report("loss", net.energy(c.input("x")).mean());
        });
    Step recall = Step.inference(
        "recall",
        net,
        List.of(Field.floats("x", batch, units), Field.ints("order", updates)),
        c -> {
          Hopfield.Relaxed r = net.relax(c.input("x"), c.input("order"));
          c.report("states", r.states());
          c.report("energies", Tensor.concat(0, net.energy(c.input("x")).expandDims(0), r.energies()));
        });
    return new Blueprint(List.of(store), recall);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, UNITS, SWEEPS * UNITS);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 13, 17);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return (field, random) -> {
      double[] data = new double[Math.toIntExact(field.type().size())];
      boolean units = field.type().dtype() == DType.I32;
      Arrays.setAll(data, i -> units ? random.nextInt(13) : random.nextBoolean() ? 1 : -1);
      return Literal.adopt(field.type(), data);
    };
  }

  private static float[] patterns(long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[PATTERNS * UNITS];
    for (int i = 0; i < x.length; i++) {
      x[i] = random.nextBoolean() ? 1 : -1;
    }
    return x;
  }

  /** Pattern {@code i % PATTERNS} with a tenth of its bits flipped, for each i below count. */
  private static float[] cues(float[] patterns, int count, RandomGenerator random) {
    float[] x = new float[count * UNITS];
    for (int i = 0; i < count; i++) {
      System.arraycopy(patterns, i % PATTERNS * UNITS, x, i * UNITS, UNITS);
      int[] order = order(UNITS, random);
      for (int k = 0; k < FLIPPED; k++) {
        x[i * UNITS + order[k]] *= -1;
      }
    }
    return x;
  }

  private static int[] order(int n, RandomGenerator random) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  /** All units in a new order for each sweep. */
  private static int[] sweeps(RandomGenerator random) {
    int[] all = new int[SWEEPS * UNITS];
    for (int s = 0; s < SWEEPS; s++) {
      System.arraycopy(order(UNITS, random), 0, all, s * UNITS, UNITS);
    }
    return all;
  }

  /**
   * How cues were recalled.
   *
   * @param wrong the number of wrong bits of each
   * @param rise the largest change of energy in one update
   */
  private record Recall(float[] cues, float[] states, int[] wrong, float[] energies, double rise) {
    double share(int slips) {
      return (double) Arrays.stream(wrong).filter(w -> w <= slips).count() / wrong.length;
    }
  }

  private static Recall recall(BoundStep step, float[] patterns, int count, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] cues = cues(patterns, count, random);
    step.input("x").write(cues);
    step.input("order").write(sweeps(random));
    step.run();
    float[] states = step.report("states").toFloats();
    int[] wrong = new int[count];
    for (int i = 0; i < states.length; i++) {
      wrong[i / UNITS] += states[i] == patterns[i / UNITS % PATTERNS * UNITS + i % UNITS] ? 0 : 1;
    }
    float[] energies = step.report("energies").toFloats();
    double rise = Double.NEGATIVE_INFINITY;
    for (int i = count; i < energies.length; i++) {
      rise = Math.max(rise, energies[i] - energies[i - count]);
    }
    return new Recall(cues, states, wrong, energies, rise);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    float[] patterns = patterns(request.seed());
    Dataset data = new Dataset("random patterns", List.of(new Column.Floats("x", Dims.of(UNITS), patterns)));
    int cues = CUES * PATTERNS;
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep store = BoundStep.bind(blueprint(BATCH).training().getFirst(), state);
        BoundStep recall = BoundStep.bind(blueprint(cues).inference(), state)) {
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              store,
              new Batches(data, store, request.seed()),
              () -> {
                Recall r = recall(recall, patterns, cues, request.seed() + 1);
                return Map.of("recalled", r.share(SLIPS), "exact", r.share(0));
              }),
          request.options(name(), 1));
      Recall r = recall(recall, patterns, cues, request.seed() + 2);
      write(request.out(), patterns, r);
      request.listener().note(
          String.format(
              Locale.ROOT,
              "of %d cues %.1f%% settle within %d wrong bits of their pattern, %.1f%% on it; the energy's largest rise is %.3g",
              cues, 100 * r.share(SLIPS), SLIPS, 100 * r.share(0), r.rise()));
      TrainResult result = card().result(r.share(SLIPS), outcome.seconds(), outcome.checkpoint());
      return r.rise() <= 0
          ? result
          : new TrainResult("energy_rise", r.rise(), 0, false, result.seconds(), result.checkpoint());
    }
  }

  /** Patterns, cues and what they became, a row each; and the energy of some over the updates. */
  private static void write(Path out, float[] patterns, Recall r) throws IOException {
    int size = SHOWN * UNITS;
    float[] pixels = new float[3 * size];
    System.arraycopy(patterns, 0, pixels, 0, size);
    System.arraycopy(r.cues(), 0, pixels, size, size);
    System.arraycopy(r.states(), 0, pixels, 2 * size, size);
    PictureGrid.writeSigned(out.resolve("pattern-cue-recall.png"), pixels, SIDE, SHOWN);
    Plot plot = new Plot("energy", "updates", "energy per unit");
    int count = r.wrong().length;
    for (int i = 0; i < SHOWN; i++) {
      double[] x = new double[r.energies().length / count];
      double[] y = new double[x.length];
      for (int t = 0; t < x.length; t++) {
        x[t] = t;
        y[t] = r.energies()[t * count + i];
      }
      plot.line("cue " + i, x, y);
    }
    plot.write(out.resolve("energy.png"));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(blueprint(CUES * PATTERNS).inference(), blueprint(SHOWN).inference());
  }

  /** Recalls patterns of the same seed from new cues. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Step step = blueprint(count).inference();
    try (ModelState state = load(request, name(), step);
        BoundStep recall = BoundStep.bind(step, state)) {
      Recall r = recall(recall, patterns(request.seed()), count, request.seed() + 3);
      Path file = Files.createDirectories(request.out()).resolve("recalled.png");
      PictureGrid.writeSigned(file, r.states(), SIDE, SHOWN);
      for (int i = 0; i < count; i++) {
        request.found(
            "prediction",
            "pattern " + i % PATTERNS + " from a cue with " + FLIPPED + " flipped bits: " + r.wrong()[i]
                + " wrong bits",
            "index", i, "pattern", i % PATTERNS, "wrong", r.wrong()[i]);
      }
      request.found("picture", "what the cues became: " + file, "file", file.toString(), "count", count);
      return Map.of("recalled", r.share(SLIPS));
    }
  }
}
