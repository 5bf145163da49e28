package org.lathe.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Points;
import org.lathe.models.nn.BatchNorm;
import org.lathe.models.nn.Dropout;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Sequential;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;

/** A small classifier with dropout, batch norm and Adam: all that a resumed run has to restore. */
class TrainerTest {
  private static final int BATCH = 16;
  private static Lathe lathe;

  @TempDir
  Path directory;

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  /** A run that can be ended at any iteration, as by a crash. */
  private static final class Run implements AutoCloseable {
    static final class Ended extends RuntimeException {
      private static final long serialVersionUID = 1;
    }

    final Sequential model = new Sequential(new Linear(2, 8), new BatchNorm(8), Tensor::relu, new Dropout(0.2),
        new Linear(8, 2));
    final ModelState state;
    final BoundStep step;
    final BoundStep test;
    final Batches batches;
    final Evaluation evaluation;

    Run(long seed) {
      Dataset data = Points.twoMoons(100, 0.1, 5);
      state = new ModelState(lathe, seed);
      step = BoundStep.bind(
          Step.training(
              "train",
              model,
              List.of(Field.floats("x", BATCH, 2), Field.ints("label", BATCH)),
              c -> {
                Tensor loss = LossOps.softmaxCrossEntropy(model.apply(c.input("x")), c.input("label")).mean();
                c.minimize(loss, Group.of(model, new Adam(Schedule.cosine(0.02, 0, 40))));
                c.report("loss", loss);
              }),
          state);
      test = BoundStep.bind(
          Step.inference(
              "test",
              model,
              List.of(Field.floats("x", BATCH, 2), Field.ints("label", BATCH)),
              c -> c.report(
                  "accuracy",
                  model.apply(c.input("x")).argMax(1).equalTo(c.input("label")).cast(DType.F32))),
          state);
      batches = new Batches(data, step, seed);
      evaluation = new Evaluation(test, data);
    }

    TrainingTask task(int endAfter) {
      TrainingTask task = TrainingTask.over(step, batches, evaluation::run);
      return new TrainingTask() {
        int done;

        @Override
        public int iterationsPerEpoch() {
          return task.iterationsPerEpoch();
        }

        @Override
        public void beginEpoch(int epoch) {
          task.beginEpoch(epoch);
        }

        @Override
        public double iterate(int epoch, int index) {
          if (done++ == endAfter) {
            throw new Ended();
          }
          return task.iterate(epoch, index);
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          return task.evaluate(epoch);
        }
      };
    }

    @Override
    public void close() {
      step.close();
      test.close();
      state.close();
    }
  }

  private static Trainer.Options options() {
    return new Trainer.Options("moons", 4, null, null, null, 0, TrainingListener.NONE);
  }

  private static void assertSame(Map<String, Literal> expected, Map<String, Literal> found) {
    assertEquals(expected.keySet(), found.keySet());
    expected.forEach((name, value) -> assertArrayEquals(value.toArray(), found.get(name).toArray(), 0, name));
  }

  @Test
  void aResumedRunEqualsTheUnstoppedOneBitForBit() throws IOException {
    Map<String, Literal> expected;
    List<EpochRecord> history;
    try (Run whole = new Run(9)) {
      history = Trainer.train(whole.state, whole.task(-1), options()).history();
      expected = whole.state.snapshot();
      assertTrue(history.getLast().loss() < history.getFirst().loss());
    }
    for (int end : new int[]{1, 5, 6, 7, 17, 23}) {
      Path out = directory.resolve("end" + end);
      try (Run first = new Run(9)) {
        assertThrows(
            Run.Ended.class, () -> Trainer.train(first.state, first.task(end), options().withOut(out)));
      }
      try (Run second = new Run(9)) {
        List<EpochRecord> resumed = Trainer.train(second.state, second.task(-1), options().withResume(out)).history();
        assertSame(expected, second.state.snapshot());
        for (int i = 0; i < history.size(); i++) {
          assertEquals(history.get(i).loss(), resumed.get(i).loss(), "the loss of epoch " + i);
          assertEquals(history.get(i).metrics(), resumed.get(i).metrics());
        }
      }
    }
  }

  @Test
  void seedsGiveTheSameRunOrAnother() throws IOException {
    List<Map<String, Literal>> ends = new ArrayList<>();
    for (long seed : new long[]{1, 1, 2}) {
      try (Run run = new Run(seed)) {
        Trainer.train(run.state, run.task(-1), options());
        ends.add(run.state.snapshot());
      }
    }
    assertSame(ends.get(0), ends.get(1));
    assertTrue(ends.get(0).get("0.weight").get(0) != ends.get(2).get("0.weight").get(0));
  }

  @Test
  void earlyStoppingRestoresTheBest() throws IOException {
    double[] values = {0.5, 0.8, 0.7, 0.75, 0.9};
    List<Map<String, Literal>> states = new ArrayList<>();
    try (Run run = new Run(3)) {
      TrainingTask scripted = new TrainingTask() {
        final TrainingTask real = run.task(-1);

        @Override
        public int iterationsPerEpoch() {
          return real.iterationsPerEpoch();
        }

        @Override
        public void beginEpoch(int epoch) {
          real.beginEpoch(epoch);
        }

        @Override
        public double iterate(int epoch, int index) {
          return real.iterate(epoch, index);
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          states.add(run.state.snapshot());
          return Map.of("score", values[epoch]);
        }
      };
      Trainer.Outcome outcome = Trainer.train(
          run.state,
          scripted,
          new Trainer.Options("moons", 5, directory, null, null, 60, TrainingListener.NONE)
              .withStopping(EarlyStopping.of("score", Direction.HIGHER, 2)));
      assertEquals(4, outcome.history().size());
      assertSame(states.get(1), run.state.snapshot());
      assertEquals(directory.resolve(Trainer.BEST), outcome.checkpoint());
      assertNotNull(ImageIO.read(directory.resolve("curve.png").toFile()));
    }
    try (Run other = new Run(3)) {
      Checkpoint.read(directory.resolve(Trainer.BEST), "moons", other.state);
      assertSame(states.get(1), other.state.snapshot());
    }
  }

  private static void refused(String expected, org.junit.jupiter.api.function.Executable action) {
    CheckpointException e = assertThrows(CheckpointException.class, action);
    assertTrue(e.getMessage().contains(expected), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void checkpointsOfOtherModelsAreRefused() throws IOException {
    Path file = directory.resolve("m.safetensors");
    try (Run run = new Run(3); ModelState other = new ModelState(lathe, 3)) {
      new Checkpoint("moons", 3, 0, 0, 0, List.of()).write(file, run.state);
      Map<String, Literal> before = run.state.snapshot();
      refused("is a checkpoint of model 'moons', expected 'rings'", () -> Checkpoint.read(file, "rings", run.state));
      Module wide = new Sequential(new Linear(2, 9));
      other.include(
          Step.inference("w", wide, List.of(), c -> c.report("w", wide.parameters().get("0.weight").tensor())).trace());
      refused("tensor '0.weight' is f32[2,8], expected f32[2,9]", () -> Checkpoint.read(file, "moons", other));
      refused("there is no such checkpoint",
          () -> Trainer.train(run.state, run.task(-1), options().withResume(directory)));
      Files.copy(file, directory.resolve(Trainer.LATEST));
      refused(
          "seed 3, expected 4",
          () -> {
            try (Run four = new Run(4)) {
              Trainer.train(four.state, four.task(-1), options().withResume(directory));
            }
          });
      assertSame(before, run.state.snapshot());
    }
  }
}
