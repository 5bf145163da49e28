package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
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
  }

  /** A body that is repeated; what moves is stepped after each trip and put back at the end. */
  record Loop(long trips, RecordedStep[] body, Moving[] moving) implements RecordedStep {
    /** A long at some index that is {@code step} larger in each trip. */
    record Moving(MemorySegment numbers, int index, long step) {
      void move(long trips) {
        long now = numbers.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, index);
        numbers.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, index, now + trips * step);
      }
    }

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
        m.move(trips);
      }
    }
  }

  /**
   * One of two bodies, by a byte in memory.
   *
   * @param place [0] is its offset in the slot
   * @param isSet reads the byte at an offset of the slot
   */
  record Branch(MemorySegment place, LongPredicate isSet, RecordedStep[] then, RecordedStep[] otherwise)
      implements
        RecordedStep {
    @Override
    public void run(Consumer<Dispatch> to) {
      runAll(isSet.test(place.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)) ? then : otherwise, to);
    }
  }
}
