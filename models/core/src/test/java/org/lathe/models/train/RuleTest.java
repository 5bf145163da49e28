package org.lathe.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Linear;
import org.lathe.models.optim.Regularizer;
import org.lathe.models.optim.Sgd;

/** Steps that change the state by other rules than the gradient of a loss, and trainings in phases. */
class RuleTest {
  private final Linear layer = new Linear(2, 1);

  private static Map<String, Literal> batch(double... x) {
    return Map.of("x", Literal.of(TensorType.of(DType.F32, 2, 1), x));
  }

  private Step step(Consumer<StepContext> body) {
    return Step.rule("step", layer, List.of(Field.floats("x", 2, 1)), "a rule", body);
  }

  @Test
  void assignedParametersHaveTheirValueWithoutBeingRead() {
    OracleRun run = new OracleRun(step(c -> c.assign(layer.weight(), c.input("x"))).trace(), 1);
    run.run(batch(3, -4));
    assertArrayEquals(new double[]{3, -4}, run.get("weight"));
  }

  @Test
  void anAssignmentOfAnotherShapeIsRefused() {
    Step step = step(c -> c.assign(layer.weight(), c.input("x").sum()));
    assertThrows(IllegalArgumentException.class, step::trace);
  }

  @Test
  void estimatedGradientsAreDescendedWithThePenalty() {
    Group group = Group.of(layer, new Sgd(0.5)).regularized(Regularizer.l2(0.1));
    Step step = step(
        c -> c.descend(
            group,
            Map.of(
                layer.weight(), c.input("x"), layer.parameters().get("bias"), c.input("x").sum().reshape(1))));
    OracleRun run = new OracleRun(step.trace(), 1);
    double[] w = run.get("weight");
    run.run(batch(1, 2));
    assertArrayEquals(
        new double[]{w[0] - 0.5 * (1 + 0.2 * w[0]), w[1] - 0.5 * (2 + 0.2 * w[1])}, run.get("weight"), 1e-9);
    assertArrayEquals(new double[]{-1.5}, run.get("bias"), 1e-9);
  }

  @Test
  void gradientsOfSomeParametersOnlyAreRefused() {
    Step step = step(c -> c.descend(Group.of(layer, new Sgd(1)), Map.of(layer.weight(), c.input("x"))));
    assertThrows(IllegalArgumentException.class, step::trace);
  }

  @Test
  void randomNumbersDifferInEachIterationOfALoopAndEachRun() {
    Step step = step(
        c -> {
          Tensor index = Tensor.iota(c.input("x").builder(), DType.I64, Dims.of(3), 0);
          c.report(
              "draws",
              ControlFlow.scan(
                  List.of(),
                  List.of(index),
                  (none, i) -> new ControlFlow.Step(
                      List.of(), List.of(c.random().at(i.getFirst()).uniform(DType.F32, 4))))
                  .output());
        });
    OracleRun run = new OracleRun(step.trace(), 1);
    run.run(batch(0, 0));
    double[] first = run.report("draws");
    run.run(batch(0, 0));
    double[] second = run.report("draws");
    assertEquals(24, Arrays.stream(new double[][]{first, second}).flatMapToDouble(Arrays::stream).distinct().count());
    assertFalse(Arrays.equals(first, second));
  }

  @Test
  void phasesFollowEachOther() {
    List<String> calls = new ArrayList<>();
    Phases phases = new Phases(
        List.of(new Phases.Phase(2, task("a", 3, calls)), new Phases.Phase(1, task("b", 5, calls))));
    assertEquals(3, phases.epochs());
    for (int e = 0; e < 4; e++) {
      phases.beginEpoch(e);
      assertEquals(e < 2 ? 3 : 5, phases.iterations(e));
      phases.iterate(e, 1);
      phases.evaluate(e);
    }
    assertEquals(
        List.of(
            "a begin 0", "a 0 1", "a end 0", "a begin 1", "a 1 1", "a end 1", "b begin 0", "b 0 1", "b end 0",
            "b begin 1",
            "b 1 1", "b end 1"),
        calls);
    assertThrows(IllegalArgumentException.class, () -> new Phases.Phase(0, phases));
  }

  /** The second phase has longer epochs than the first. */
  @Test
  void aRunResumesWithinALaterPhase(@TempDir Path directory) throws IOException {
    List<String> calls = new ArrayList<>();
    Phases phases = new Phases(
        List.of(new Phases.Phase(1, task("a", 3, calls)), new Phases.Phase(1, task("b", 6, calls))));
    try (Lathe lathe = Lathe.on("cpu"); ModelState state = new ModelState(lathe, 5)) {
      new Checkpoint("phases", 5, 1, 4, 0, List.of()).write(directory.resolve(Trainer.LATEST), state);
      Trainer.train(state, phases, Trainer.Options.of("phases", 2).withResume(directory));
    }
    assertEquals(List.of("b begin 0", "b 0 4", "b 0 5", "b end 0"), calls);
  }

  private static TrainingTask task(String name, int iterations, List<String> calls) {
    return new TrainingTask() {
      @Override
      public int iterationsPerEpoch() {
        return iterations;
      }

      @Override
      public void beginEpoch(int epoch) {
        calls.add(name + " begin " + epoch);
      }

      @Override
      public double iterate(int epoch, int index) {
        calls.add(name + " " + epoch + " " + index);
        return 0;
      }

      @Override
      public Map<String, Double> evaluate(int epoch) {
        calls.add(name + " end " + epoch);
        return Map.of();
      }
    };
  }
}
