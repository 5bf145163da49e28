package org.lathe.backends.aparapi;

import java.util.function.Consumer;
import org.lathe.hal.program.Step;

/** A step with its launches: what a command buffer walks through, again and again. */
sealed interface RecordedStep {
  void run(Consumer<Dispatch> to);

  static void runAll(RecordedStep[] steps, Consumer<Dispatch> to) {
    for (RecordedStep step : steps) {
      step.run(to);
    }
  }

  /** One kernel of the family: its launches, one after the other. */
  record Dispatch(int number, Step.Dispatch origin, RecordedLaunch[] launches) implements RecordedStep {
    @Override
    public void run(Consumer<Dispatch> to) {
      to.accept(this);
    }

    void launch() {
      for (RecordedLaunch launch : launches) {
        launch.run();
      }
    }
  }

  /** A body that is repeated; what moves is stepped after each trip and put back at the end. */
  record Loop(long trips, RecordedStep[] body, Moving[] moving) implements RecordedStep {
    /** A number that is {@code step} larger in each trip. */
    record Moving(long[] numbers, int position, long step) {}

    @Override
    public void run(Consumer<Dispatch> to) {
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
        m.numbers[m.position] += trips * m.step;
      }
    }
  }

  /**
   * One of two bodies, by a byte in memory.
   *
   * @param predicate [0] is its offset in bytes from the start of the program's buffer
   */
  record Branch(Bound bound, long[] predicate, RecordedStep[] then, RecordedStep[] otherwise)
      implements
        RecordedStep {
    @Override
    public void run(Consumer<Dispatch> to) {
      byte value = bound.buffer().byteAt(bound.offset() + predicate[0]);
      runAll(value != 0 ? then : otherwise, to);
    }
  }

  /** What a buffer of the program is bound to; changes between runs. */
  final class Bound {
    private ArenaBuffer buffer;
    private long offset;

    Bound(ArenaBuffer buffer, long offset) {
      this.buffer = buffer;
      this.offset = offset;
    }

    Bound copy() {
      return new Bound(buffer, offset);
    }

    void move(ArenaBuffer newBuffer, long newOffset) {
      buffer = newBuffer;
      offset = newOffset;
    }

    ArenaBuffer buffer() {
      return buffer;
    }

    /** In bytes, within the buffer. */
    long offset() {
      return offset;
    }
  }
}
