package org.lathe.models.zoo.agents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.ModelState;
import org.lathe.models.zoo.ResumeCheck;

class AgentsTest {
  private static Lathe lathe;

  @TempDir
  private Path directory;

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  @Test
  void reinforceResumesBitEqual() throws IOException {
    ResumeCheck.check(new ReinforceModel(), lathe, directory, 2, 6);
    assertTrue(Files.size(directory.resolve("straight/returns.png")) > 1000);
    assertTrue(Files.size(directory.resolve("straight/episode.png")) > 1000);
  }

  /** With several actors the order of their updates is not given, so that no two trainings are the same. */
  @Test
  void a3cResumesBitEqualWithOneActor() throws IOException {
    ResumeCheck.check(new A3cModel(1), lathe, directory, 2, 6);
  }

  /** Killed in the second part, whose replay and environments must go on as they were. */
  @Test
  void dqnResumesBitEqual() throws IOException {
    ResumeCheck.check(new DqnModel(), lathe, directory, 2, 10 + 13);
  }

  /** Killed in the second part, the agent with memory. */
  @Test
  void tMazeResumesBitEqual() throws IOException {
    ResumeCheck.check(new TMazeModel(), lathe, directory, 2, 40 + 23);
  }

  @Test
  void theLogOfReturnsKeepsAllEpisodesInBoundedRoom() throws IOException {
    try (ModelState state = new ModelState(lathe, 1)) {
      ReturnLog log = new ReturnLog(state);
      for (int i = 0; i < 10_001; i++) {
        log.add(i);
      }
      assertEquals(10_001, log.episodes());
      log.save();
      ReturnLog again = new ReturnLog(state);
      log.save();
      again.restore();
      assertEquals(10_001, again.episodes());
      log.write(directory.resolve("a.png"), "t");
      again.write(directory.resolve("b.png"), "t");
      assertEquals(-1, Files.mismatch(directory.resolve("a.png"), directory.resolve("b.png")));
    }
  }
}
