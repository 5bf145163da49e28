package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.program.Step;

/** A step with absolute addresses: what a command buffer walks through, again and again, without allocation. */
sealed interface BoundStep {
  void run(Walk walk);

  static void runAll(BoundStep[] steps, Walk walk) {
    for (BoundStep step : steps) {
      step.run(walk);
    }
  }

  /** One kernel on its operands. */
  final class Dispatch implements BoundStep {
    final int number;
    final Step.Dispatch origin;
    private final Kernel kernel;
    private final long[] operands;
    private final int workers;
    private final @Nullable KeptOperand kept;

    Dispatch(
        int number, Step.Dispatch origin, Kernel kernel, long[] operands, int workers, @Nullable KeptOperand kept) {
      this.number = number;
      this.origin = origin;
      this.kernel = kernel;
      this.operands = operands;
      this.workers = workers;
      this.kept = kept;
    }

    @Override
    public void run(Walk walk) {
      if (walk.profile != null) {
        walk.profile.begin();
      }
      TeamRun run = kept == null ? walk.run : kept.before(walk.run);
      if (workers > 1 && walk.hasTeam) {
        walk.team.run(kernel, operands, run, workers);
      } else {
        run.alone(kernel, operands);
      }
      if (kept != null) {
        kept.after(run);
      }
      if (walk.profile != null) {
        walk.profile.end(number, origin);
      }
    }
  }

  /** A body that is repeated; its moving addresses are stepped after each trip and put back at the end. */
  final class Loop implements BoundStep {
    private final long trips;
    private final BoundStep[] body;
    private final long[][] moving;
    private final int[] position;
    private final long[] step;

    /** In trip t, {@code moving[i][position[i]]} is what it was at first, plus {@code t * step[i]}. */
    Loop(long trips, BoundStep[] body, long[][] moving, int[] position, long[] step) {
      this.trips = trips;
      this.body = body;
      this.moving = moving;
      this.position = position;
      this.step = step;
    }

    @Override
    public void run(Walk walk) {
      long done = 0;
      try {
        while (done < trips) {
          runAll(body, walk);
          move(1);
          done++;
        }
      } finally {
        move(-done);
      }
    }

    private void move(long trips) {
      for (int i = 0; i < moving.length; i++) {
        moving[i][position[i]] += trips * step[i];
      }
    }
  }

  /** One of two bodies, by the byte at an address. */
  final class Branch implements BoundStep {
    private final long[] predicate;
    private final BoundStep[] then;
    private final BoundStep[] otherwise;

    Branch(long[] predicate, BoundStep[] then, BoundStep[] otherwise) {
      this.predicate = predicate;
      this.then = then;
      this.otherwise = otherwise;
    }

    @Override
    public void run(Walk walk) {
      runAll(Memory.getByte(predicate[0]) != 0 ? then : otherwise, walk);
    }
  }
}
