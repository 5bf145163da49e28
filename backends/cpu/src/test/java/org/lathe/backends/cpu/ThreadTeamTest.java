package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ThreadTeamTest {
  private interface Part {
    void run(Run run, int worker, int workers);
  }

  private static Kernel kernel(Part part) {
    return new Kernel() {
      @Override
      public void part(long[] operands, Run run, int worker, int workers) {
        part.run(run, worker, workers);
      }

      @Override
      public int workers(int most) {
        return most;
      }

      @Override
      public String variant() {
        return "test";
      }
    };
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7})
  void barriersSeparatePhasesAndRestartTasks(int size) {
    try (ThreadTeam team = new ThreadTeam(size)) {
      TeamRun run = new TeamRun(team, size, 0, 0, 0, 4);
      assertTrue(team.enter());
      for (int repeat = 0; repeat < 100; repeat++) {
        int phases = 5;
        int tasks = 17;
        AtomicIntegerArray done = new AtomicIntegerArray(phases * tasks);
        AtomicIntegerArray early = new AtomicIntegerArray(1);
        team.run(
            kernel(
                (r, worker, workers) -> {
                  for (int phase = 0; phase < phases; phase++) {
                    for (int t = r.firstTask(worker); t < tasks; t = r.nextTask()) {
                      if (phase > 0 && done.get((phase - 1) * tasks + tasks - 1 - t) != 1) {
                        early.incrementAndGet(0);
                      }
                      done.incrementAndGet(phase * tasks + t);
                    }
                    r.barrier();
                  }
                }),
            new long[0],
            run,
            size);
        assertEquals(0, early.get(0));
        for (int i = 0; i < phases * tasks; i++) {
          assertEquals(1, done.get(i));
        }
      }
      team.leave();
    }
  }

  @Test
  void aFailureReachesTheCallerAndFreesTheBarrier() {
    try (ThreadTeam team = new ThreadTeam(3)) {
      TeamRun run = new TeamRun(team, 3, 0, 0, 0, 0);
      assertTrue(team.enter());
      for (int failing = 0; failing < 3; failing++) {
        int f = failing;
        RuntimeException thrown = new IllegalStateException("worker " + f);
        Kernel bad = kernel(
            (r, worker, workers) -> {
              if (worker == f) {
                throw thrown;
              }
              r.barrier();
            });
        assertSame(thrown, assertThrows(IllegalStateException.class, () -> team.run(bad, new long[0], run, 3)));
        AtomicIntegerArray ran = new AtomicIntegerArray(3);
        team.run(kernel((r, worker, workers) -> {
          r.barrier();
          ran.incrementAndGet(worker);
        }), new long[0], run, 3);
        assertEquals(1, ran.get(0) * ran.get(1) * ran.get(2));
      }
    }
  }

  @Test
  void oneCallerAtATime() throws InterruptedException {
    try (ThreadTeam team = new ThreadTeam(2)) {
      assertTrue(team.enter());
      AtomicReference<Boolean> second = new AtomicReference<>(true);
      Thread other = Thread.ofPlatform().start(() -> second.set(team.enter()));
      other.join();
      assertFalse(second.get());
      team.leave();
      assertTrue(team.enter());
    }
  }

  @Test
  void workersThatParkedComeBack() throws InterruptedException {
    try (ThreadTeam team = new ThreadTeam(4)) {
      TeamRun run = new TeamRun(team, 4, 0, 0, 0, 0);
      AtomicIntegerArray ran = new AtomicIntegerArray(4);
      for (int i = 1; i <= 5; i++) {
        int workers = 2 + i % 3;
        team.run(kernel((r, worker, n) -> ran.incrementAndGet(worker)), new long[0], run, workers);
        Thread.sleep(5);
      }
      assertEquals(5, ran.get(0));
      assertEquals(5, ran.get(1));
      assertEquals(4, ran.get(2));
      assertEquals(2, ran.get(3));
    }
  }
}
