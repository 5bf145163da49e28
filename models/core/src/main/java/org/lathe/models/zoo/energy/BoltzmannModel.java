package org.lathe.models.zoo.energy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Sequences;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
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
 * A full Boltzmann machine (Ackley, Hinton and Sejnowski 1985) on the bars and stripes of 3 x 3: nine visible and six hidden
 * units, all linked; see {@link Boltzmann}. Both phases are sampled by Gibbs sampling: with the visible units clamped to the
 * data, and free, each by chains that go on from step to step.
 *
 * <p>The bar is the Kullback-Leibler divergence of the machine's distribution from the data's, exactly, by enumeration of
 * all 2^15 states.
 *
 * <p>It differs from the paper in persistent chains instead of simulated annealing before each estimate.
 */
final class BoltzmannModel extends ZooModel {
  private static final int SIDE = 3;
  private static final int VISIBLE = SIDE * SIDE;
  private static final int HIDDEN = 6;
  private static final int COPIES = 8;
  private static final int FREE = 400;
  private static final int STEPS_PER_EPOCH = 100;
  private static final int EPOCHS = 100;
  private static final int SHOWN = 20;

  BoltzmannModel() {
    super(
        new Card(
            "boltzmann", Energy.FAMILY, "Ackley, Hinton and Sejnowski 1985", "kl", Direction.LOWER, 0.1,
            "sequences: bars and stripes of 3 x 3"));
  }

  /** The machine and its chains. States: {@code clamped} [batch, hidden], {@code free} [chains, units]. */
  private static final class Chains extends Module {
    final Boltzmann machine;
    private final Parameter clamped;
    private final Parameter free;

    Chains(long batch, int visible, int hidden, long count) {
      machine = child("machine", new Boltzmann(visible, hidden));
      clamped = state("clamped", (shape, random) -> bits((int) shape.product(), random), batch, hidden);
      free = state("free", (shape, random) -> bits((int) shape.product(), random), count, visible + hidden);
    }

    void learn(StepContext c, Tensor x, Schedule rate) {
      int visible = (int) x.dim(1);
      Tensor held = machine.gibbs(c.random(), Tensor.concat(1, x, clamped.tensor()), visible, 1);
      Tensor moved = machine.gibbs(c.random(), free.tensor(), 0, 1);
      c.report("loss", machine.logWeight(moved).mean().sub(machine.logWeight(held).mean()));
      c.descend(Group.of(machine, new Sgd(rate, 0, false)), machine.gradients(held, moved));
      clamped.update(held.slice(1, visible, machine.units()));
      free.update(moved);
    }
  }

  private static float[] bits(int count, RandomGenerator random) {
    float[] bits = new float[count];
    for (int i = 0; i < count; i++) {
      bits[i] = random.nextBoolean() ? 1 : 0;
    }
    return bits;
  }

  private static Blueprint blueprint(long batch, int visible, int hidden, long chains) {
    Chains net = new Chains(batch, visible, hidden, chains);
    Schedule rate = Schedule.cosine(0.1, 0.001, (long) EPOCHS * STEPS_PER_EPOCH);
    Step learn = Step.rule(
        "learn", net, List.of(Field.floats("x", batch, visible)), "the Boltzmann machine's rule, by sampling",
        c -> net.learn(c, c.input("x"), rate));
    Step predict = Step.inference(
        "predict", net, List.of(), c -> c.report("probabilities", net.machine.probabilities()));
    return new Blueprint(List.of(learn), predict);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, VISIBLE, HIDDEN, FREE);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 4, 3, 5);
  }

  @Override
  public long batch() {
    return (long) COPIES * Sequences.barsAndStripes(SIDE).size();
  }

  @Override
  public Values values() {
    return Values.uniform(1, r -> r.nextBoolean() ? 1.0 : 0.0);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    float[] pictures = pictures();
    Blueprint plan = blueprint(batch());
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      float[] copies = new float[COPIES * pictures.length];
      for (int i = 0; i < copies.length; i++) {
        copies[i] = pictures[i % pictures.length];
      }
      step.input("x").write(copies);
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.repeating(step, STEPS_PER_EPOCH, () -> Map.of("kl", divergence(predict))),
          request.options(name(), EPOCHS));
      float[] free = state.array("free").toFloats();
      float[] drawn = new float[FREE * VISIBLE];
      for (int i = 0; i < drawn.length; i++) {
        drawn[i] = free[i / VISIBLE * (VISIBLE + HIDDEN) + i % VISIBLE];
      }
      PictureGrid.write(request.out().resolve("chains.png"), drawn, SIDE, SHOWN);
      return card().result(divergence(predict), outcome.seconds(), outcome.checkpoint());
    }
  }

  private static float[] pictures() {
    Dataset data = Sequences.barsAndStripes(SIDE);
    return ((Column.Floats) data.column("x")).data();
  }

  /** {@code KL(data || machine)} in nats. */
  private static double divergence(BoundStep predict) {
    predict.run();
    float[] probabilities = predict.report("probabilities").toFloats();
    float[] pictures = pictures();
    int count = pictures.length / VISIBLE;
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum -= Math.log(count * (double) probabilities[code(pictures, i)]) / count;
    }
    return sum;
  }

  /** The number of a picture among all visible states. */
  private static int code(float[] pictures, int picture) {
    int code = 0;
    for (int k = 0; k < VISIBLE; k++) {
      code |= (int) pictures[picture * VISIBLE + k] << k;
    }
    return code;
  }

  /** Draws visible states from the exact distribution of the machine. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Step step = blueprint(1).inference();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      predict.run();
      float[] probabilities = predict.report("probabilities").toFloats();
      RandomGenerator random = new SplittableRandom(request.seed());
      float[] drawn = new float[count * VISIBLE];
      for (int i = 0; i < count; i++) {
        double left = random.nextDouble();
        int code = 0;
        while (code < probabilities.length - 1 && left >= probabilities[code]) {
          left -= probabilities[code++];
        }
        for (int k = 0; k < VISIBLE; k++) {
          drawn[i * VISIBLE + k] = code >> k & 1;
        }
      }
      Path file = Files.createDirectories(request.out()).resolve("drawn.png");
      PictureGrid.write(file, drawn, SIDE, SHOWN);
      request.found("picture", count + " pictures drawn: " + file, "file", file.toString(), "count", count);
      return Map.of("kl", divergence(predict));
    }
  }
}
