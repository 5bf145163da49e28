package org.lathe.models.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.CheckpointException;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.ZooModel;

/** Every model runs from a checkpoint as its training writes it: parameters, optimiser slots and all. */
class RunTest {
  private static final int COUNT = 7;

  @TempDir
  private Path directory;

  private record Result(String kind, Map<String, ?> fields) {}

  /** A checkpoint of a model whose training has just begun. */
  private Path begun(Lathe lathe, String name, Blueprint plan) throws IOException {
    Path file = directory.resolve("begun.safetensors");
    try (ModelState state = new ModelState(lathe, 5)) {
      for (Step step : plan.training()) {
        state.include(step.trace());
      }
      state.include(plan.inference().trace());
      new Checkpoint(name, 5, 0, 0, 0, List.of()).write(file, state);
    }
    return file;
  }

  private List<Result> run(ZooModel model, Lathe lathe, Path checkpoint, Integer count) throws IOException {
    List<Result> results = new ArrayList<>();
    Map<String, Double> measured = model.run(
        new RunRequest(
            lathe, checkpoint, count, 3, null, directory.resolve("out"),
            (kind, line, fields) -> results.add(new Result(kind, fields))));
    measured.forEach((name, value) -> assertTrue(Double.isFinite(value), name));
    return results;
  }

  static Stream<ZooModel> models() {
    return Zoo.models().stream();
  }

  @ParameterizedTest
  @MethodSource("models")
  void runs(ZooModel model) throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      Path checkpoint = begun(lathe, model.checkpointName(), model.blueprint(2));
      Integer count = COUNT;
      List<Result> results;
      try {
        results = run(model, lathe, checkpoint, count);
      } catch (RequestException e) {
        assertTrue(e.getMessage().contains("leave --count away"), e.getMessage());
        count = null;
        results = run(model, lathe, checkpoint, null);
      }
      for (Result picture : results.stream().filter(r -> r.kind().equals("picture")).toList()) {
        Path file = Path.of((String) picture.fields().get("file"));
        assertTrue(ImageIO.read(Files.newInputStream(file)).getWidth() > 28);
      }
      if (count != null && !results.getFirst().kind().equals("picture")) {
        assertEquals(COUNT, results.stream().filter(r -> !r.kind().equals("picture")).count());
      }
      assertEquals(results, run(model, lathe, checkpoint, count), "a second run gives the same");
    }
  }

  @Test
  void refusesWhatItCannotRun() throws IOException {
    ZooModel xor = Zoo.find("xor").orElseThrow();
    ZooModel gan = Zoo.find("wgan-gp").orElseThrow();
    try (Lathe lathe = Lathe.on("cpu")) {
      Path checkpoint = begun(lathe, "xor", xor.blueprint(4));
      assertThrows(RequestException.class, () -> run(gan, lathe, checkpoint, 0));
      assertThrows(CheckpointException.class, () -> run(gan, lathe, checkpoint, 3));
    }
  }
}
