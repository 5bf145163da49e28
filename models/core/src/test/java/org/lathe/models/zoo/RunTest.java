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
    boolean xor = model.name().equals("xor");
    String name = model.name().equals("lstm") ? LstmModel.LANGUAGE : model.name();
    try (Lathe lathe = Lathe.on("cpu")) {
      Path checkpoint = begun(lathe, name, model.blueprint(2));
      List<Result> results = run(model, lathe, checkpoint, xor ? null : COUNT);
      if (results.getFirst().kind().equals("picture")) {
        assertEquals(1, results.size());
        Path file = Path.of((String) results.getFirst().fields().get("file"));
        assertTrue(ImageIO.read(Files.newInputStream(file)).getWidth() > 28);
      } else {
        assertEquals(xor ? 4 : COUNT, results.size());
      }
      assertEquals(results, run(model, lathe, checkpoint, xor ? null : COUNT), "a second run gives the same");
    }
  }

  @Test
  void runsTheAddingPartOfLstm() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      Path checkpoint = begun(lathe, LstmModel.ADDING, LstmModel.adding(2, LstmModel.ADDING_STEPS, LstmModel.WIDTH));
      List<Result> results = run(new LstmModel(), lathe, checkpoint, 70);
      assertEquals(70, results.size());
      assertTrue(results.stream().allMatch(r -> r.kind().equals("prediction")));
    }
  }

  @Test
  void refusesWhatItCannotRun() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      Path checkpoint = begun(lathe, "xor", new XorModel().blueprint(4));
      assertThrows(RequestException.class, () -> run(new XorModel(), lathe, checkpoint, 3));
      assertThrows(RequestException.class, () -> run(new WganGpModel(), lathe, checkpoint, 0));
      assertThrows(CheckpointException.class, () -> run(new WganGpModel(), lathe, checkpoint, 3));
    }
  }
}
