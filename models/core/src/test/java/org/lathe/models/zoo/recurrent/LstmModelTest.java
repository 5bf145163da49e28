package org.lathe.models.zoo.recurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.RunRequest;

class LstmModelTest {
  @TempDir
  private Path directory;

  @Test
  void runsItsAddingPart() throws IOException {
    Blueprint plan = LstmModel.adding(2, LstmModel.ADDING_STEPS, LstmModel.WIDTH);
    Path file = directory.resolve("begun.safetensors");
    try (Lathe lathe = Lathe.on("cpu")) {
      try (ModelState state = new ModelState(lathe, 5)) {
        for (Step step : plan.training()) {
          state.include(step.trace());
        }
        new Checkpoint(LstmModel.ADDING, 5, 0, 0, 0, List.of()).write(file, state);
      }
      List<String> kinds = new ArrayList<>();
      new LstmModel().run(
          new RunRequest(lathe, file, 70, 3, null, directory, (kind, line, fields) -> kinds.add(kind)));
      assertEquals(70, kinds.size());
      assertTrue(kinds.stream().allMatch("prediction"::equals));
    }
  }
}
