package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.Zoo;

/** A row of each family of the zoo, killed at a random moment and resumed: it ends as if nothing had happened. */
class KilledRowTest {
  /** A row of each family, and epochs enough to be killed in. */
  private static final List<Row> ROWS = List.of(
      new Row("neurons", "som", 2), new Row("regression", "linear-regression", 3), new Row("energy", "rbm", 2),
      new Row("convolutional", "lenet5", 2), new Row("autoencoders", "autoencoder", 2),
      new Row("recurrent", "elman", 2),
      new Row("seq2seq", "seq2seq", 2), new Row("words", "skipgram", 2),
      new Row("autoregressive", "pixelcnn", 2), new Row("flows", "nice", 2), new Row("adversarial", "wgan-gp", 2),
      new Row("agents", "reinforce", 2));

  @TempDir
  private Path directory;

  record Row(String family, String model, int epochs) {}

  static List<String> families() {
    return Zoo.families().stream().filter(f -> !Zoo.family(f).orElseThrow().isEmpty()).toList();
  }

  @ParameterizedTest
  @MethodSource("families")
  void aKilledRunEndsAsAnUnbrokenOne(String family) throws Exception {
    Row row = ROWS.stream().filter(r -> r.family().equals(family)).findFirst()
        .orElseThrow(() -> new AssertionError("no row of the family " + family + " is killed: add one"));
    Path unbroken = directory.resolve("unbroken");
    Path killed = directory.resolve("killed");
    train(row, "--out", unbroken);
    kill(row, killed);
    assertFalse(checkpoints(killed).isEmpty());
    train(row, "--resume", killed, "--out", killed);
    List<Path> files = checkpoints(unbroken);
    assertEquals(files, checkpoints(killed));
    for (Path file : files) {
      Checkpoints.assertSameTensors(unbroken.resolve(file), killed.resolve(file));
    }
  }

  private static void train(Row row, Object... more) {
    Object[] arguments = Stream.concat(
        Stream.of("train", row.model(), "--epochs", row.epochs(), "--seed", 5, "--device", "cpu"), Stream.of(more))
        .toArray();
    Cli.Run run = Cli.run(arguments);
    // So few epochs may miss the bar.
    assertTrue(run.code() <= 1, () -> run.out() + run.err());
  }

  /** In a JVM of its own, which ends at a random moment after its first checkpoint. */
  private void kill(Row row, Path out) throws Exception {
    Path log = directory.resolve("log");
    Process child = new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), "org.lathe.cli.Main",
        "train",
        row.model(), "--epochs", String.valueOf(row.epochs()), "--seed", "5", "--device", "cpu", "--out",
        out.toString())
        .redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      while (checkpoints(out).isEmpty()) {
        assertTrue(child.isAlive(), () -> ChildJvm.text(log));
        Thread.sleep(5);
      }
      child.waitFor(new SplittableRandom().nextInt(700), TimeUnit.MILLISECONDS);
    } finally {
      child.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
    }
  }

  /** Those of all parts of the model, relative to the run's directory. */
  private static List<Path> checkpoints(Path run) throws IOException {
    if (!Files.exists(run)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(run)) {
      return all.filter(f -> f.endsWith(Trainer.LATEST)).map(run::relativize).sorted().toList();
    }
  }
}
