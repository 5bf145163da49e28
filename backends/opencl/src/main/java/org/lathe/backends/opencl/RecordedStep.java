package org.lathe.backends.opencl;

import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.hal.program.Step;

/** A step with kernels whose arguments are set: what a command buffer walks through, again and again. */
sealed interface RecordedStep {
  void run(Launcher to);

  static void runAll(RecordedStep[] steps, Launcher to) {
    for (RecordedStep step : steps) {
      step.run(to);
    }
  }

  /** One kernel of the family: its launches, one after the other. */
  final class Dispatch implements RecordedStep {
    final int number;
    final Step.Dispatch origin;
    private final RecordedLaunch[] launches;

    Dispatch(int number, Step.Dispatch origin, RecordedLaunch[] launches) {
      this.number = number;
      this.origin = origin;
      this.launches = launches;
    }

    @Override
    public void run(Launcher to) {
      to.begin(this);
      for (RecordedLaunch launch : launches) {
        launch.run(to);
      }
      to.end(this);
    }
  }

  /** A body that is repeated; what moves is stepped after each trip and put back at the end. */
  final class Loop implements RecordedStep {
    private final long trips;
    private final RecordedStep[] body;
    private final Moving[] moving;

    /** An offset that is {@code step} larger in each trip. */
    record Moving(long[] offsets, int position, long step) {}

    Loop(long trips, RecordedStep[] body, Moving[] moving) {
      this.trips = trips;
      this.body = body;
      this.moving = moving;
    }

    @Override
    public void run(Launcher to) {
      long done = 0;
      try {
        while (done < trips) {
          runAll(body, to);
          move(1);
          done++;
        }
      } finally {
        move(-done);
      }
    }

    private void move(long trips) {
      for (Moving m : moving) {
        m.offsets[m.position] += trips * m.step;
      }
    }
  }

  /** One of two bodies, by a byte on the device. */
  final class Branch implements RecordedStep {
    /** Where the predicate lies: [0] is its offset in bytes from the start of the program's buffer. */
    final long[] predicate;
    private final Bound bound;
    private final RecordedStep[] then;
    private final RecordedStep[] otherwise;

    Branch(Bound bound, long[] predicate, RecordedStep[] then, RecordedStep[] otherwise) {
      this.bound = bound;
      this.predicate = predicate;
      this.then = then;
      this.otherwise = otherwise;
    }

    @Override
    public void run(Launcher to) {
      runAll(to.read(bound.buffer(), bound.offset() + predicate[0]) ? then : otherwise, to);
    }
  }

  /** What a buffer of the program is bound to; changes between runs. */
  final class Bound {
    private OpenClBuffer buffer;
    private long offset;

    Bound(OpenClBuffer buffer, long offset) {
      this.buffer = buffer;
      this.offset = offset;
    }

    void move(OpenClBuffer buffer, long offset) {
      this.buffer = buffer;
      this.offset = offset;
    }

    OpenClBuffer buffer() {
      return buffer;
    }

    /** In bytes, within the buffer. */
    long offset() {
      return offset;
    }
  }
}
