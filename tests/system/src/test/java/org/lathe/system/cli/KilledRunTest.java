package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;

/** Runs that end in the middle: killed, stopped and resumed, out of space. */
class KilledRunTest {
  private static final int SIZE = 300;

  @TempDir
  private Path directory;

  /** Trains and writes a checkpoint after each of a million one-step epochs, until it is killed. */
  public static final class Endless {
    public static void main(String[] args) throws IOException {
      train(Path.of(args[0]), Integer.parseInt(args[1]), args.length > 2 ? Path.of(args[2]) : null);
    }
  }

  private static Step step() {
    Linear model = new Linear(SIZE, SIZE, Initializer.constant(0.01));
    return Step.training(
        "train",
        model,
        List.of(Field.floats("x", 1, SIZE)),
        c -> {
          var loss = model.apply(c.input("x").add(1)).square().mean();
          c.minimize(loss, Group.of(model, new Sgd(1e-4)));
          c.report("loss", loss);
        });
  }

  private static void train(Path out, int epochs, Path resume) throws IOException {
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, 1);
        BoundStep step = BoundStep.bind(step(), state)) {
      TrainingTask task = new TrainingTask() {
        @Override
        public int iterationsPerEpoch() {
          return 1;
        }

        @Override
        public void beginEpoch(int epoch) {}

        @Override
        public double iterate(int epoch, int index) {
          step.run();
          return step.value("loss");
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          return Map.of();
        }
      };
      Trainer.train(state, task, Trainer.Options.of("endless", epochs).withOut(out).withResume(resume));
    }
  }

  @Test
  void aKilledRunLeavesAWholeCheckpointAndGoesOn() throws Exception {
    SplittableRandom random = new SplittableRandom();
    Path out = directory.resolve("endless");
    Path latest = out.resolve(Trainer.LATEST);
    int epoch = 0;
    for (int kill = 0; kill < 4; kill++) {
      ProcessBuilder builder = new ProcessBuilder(
          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "--add-modules=jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED",
          "-XX:TieredStopAtLevel=1",
          "-cp",
          System.getProperty("java.class.path"),
          Endless.class.getName(),
          out.toString(),
          "1000000");
      if (kill > 0) {
        builder.command().add(out.toString());
      }
      Path log = directory.resolve("log");
      Process child = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
      try {
        var before = kill == 0 ? null : Files.getLastModifiedTime(latest);
        for (int wait = 0; wait < 2400
            && (!Files.exists(latest) || Files.getLastModifiedTime(latest).equals(before)); wait++) {
          assertTrue(child.isAlive(), () -> ChildJvm.text(log));
          Thread.sleep(25);
        }
        Thread.sleep(random.nextInt(300));
      } finally {
        child.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
      }
      Checkpoint found = Checkpoint.describe(latest);
      assertTrue(found.epoch() > epoch, "epoch " + found.epoch() + " after " + epoch);
      epoch = found.epoch();
    }
    train(out, epoch + 2, out);
    Path straight = directory.resolve("straight");
    train(straight, epoch + 2, null);
    Checkpoints.assertSameTensors(straight.resolve(Trainer.LATEST), latest);
  }

  @Test
  void aResumedRunEqualsTheUnstoppedOne() throws IOException {
    Path straight = directory.resolve("straight");
    Path stopped = directory.resolve("stopped");
    Cli.run("train", "wgan-gp", "--epochs", 2, "--seed", 3, "--device", "cpu", "--out", straight);
    Cli.run("train", "wgan-gp", "--epochs", 1, "--seed", 3, "--device", "cpu", "--out", stopped);
    Cli.run("train", "wgan-gp", "--epochs", 2, "--seed", 3, "--device", "cpu", "--resume", stopped);
    assertEquals(2, Checkpoint.describe(stopped.resolve(Trainer.LATEST)).epoch());
    Checkpoints.assertSameTensors(straight.resolve(Trainer.LATEST), stopped.resolve(Trainer.LATEST));
  }

  @Test
  void aFullDiskLeavesTheOldCheckpoint() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    assumeTrue(
        command("mount", "-t", "tmpfs", "-o", "size=600k", "none", disk.toString()) == 0,
        "no privilege: a small file system cannot be mounted here");
    try {
      train(disk, 1, null);
      Path latest = disk.resolve(Trainer.LATEST);
      byte[] before = Files.readAllBytes(latest);
      Path filler = disk.resolve("filler");
      IOException full = null;
      try (var out = Files.newOutputStream(filler)) {
        while (full == null) {
          out.write(new byte[4096]);
        }
      } catch (IOException e) {
        full = e;
      }
      IOException e = assertThrows(IOException.class, () -> train(disk, 2, disk));
      assertEquals(1, e.getMessage().lines().count());
      assertTrue(e.getMessage().contains(latest.toString()), e.getMessage());
      assertArrayEquals(before, Files.readAllBytes(latest));
      Files.delete(filler);
      try (var files = Files.list(disk)) {
        assertTrue(files.noneMatch(f -> f.toString().endsWith(".partial")));
      }
    } finally {
      command("umount", disk.toString());
    }
  }

  private static int command(String... words) throws IOException, InterruptedException {
    return new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start()
        .waitFor();
  }
}
