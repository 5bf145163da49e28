package org.lathe.backends.simt.program;

import java.util.List;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;

/**
 * A step whose launches are ready to run: what a command buffer walks through, again and again. One run at a time.
 *
 * @param <L> a backend's launch, with its arguments
 */
public sealed interface RecordedStep<L> {

  /** Where launches go. */
  interface Runner<L> {
    /** Runs the dispatch's launches, one after the other. */
    void run(Dispatch<L> dispatch);

    /**
     * The byte at {@code offset} of the program's buffer, after everything that ran before.
     *
     * @param buffer its number in the program
     */
    boolean read(int buffer, long offset);
  }

  /** What a loop moves. */
  @FunctionalInterface
  interface Movable {
    /** Moves the slice that is argument {@code argument} by so many bytes. */
    void move(int argument, long bytes);
  }

  void run(Runner<L> to);

  static <L> void runAll(List<RecordedStep<L>> steps, Runner<L> to) {
    for (int i = 0; i < steps.size(); i++) {
      steps.get(i).run(to);
    }
  }

  /**
   * One dispatch.
   *
   * @param number in its program, loop bodies counted once
   */
  record Dispatch<L>(int number, Step.Dispatch origin, List<L> launches) implements RecordedStep<L> {
    public Dispatch {
      launches = List.copyOf(launches);
    }

    @Override
    public void run(Runner<L> to) {
      to.run(this);
    }
  }

  /** A body that is repeated; what moves is stepped after each trip and put back at the end, also after a failure. */
  record Loop<L>(long trips, List<RecordedStep<L>> body, List<Moving> moving) implements RecordedStep<L> {
    /** An argument that is {@code step} bytes further in each trip. */
    public record Moving(Movable what, int argument, long step) {}

    public Loop {
      body = List.copyOf(body);
      moving = List.copyOf(moving);
    }

    @Override
    public void run(Runner<L> to) {
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
      for (int i = 0; i < moving.size(); i++) {
        Moving m = moving.get(i);
        m.what.move(m.argument, trips * m.step);
      }
    }
  }

  /** One of two bodies, by a byte on the device. */
  final class Branch<L> implements RecordedStep<L>, Movable {
    private final int buffer;
    private final List<RecordedStep<L>> then;
    private final List<RecordedStep<L>> otherwise;
    private long offset;

    Branch(Slice predicate, List<RecordedStep<L>> then, List<RecordedStep<L>> otherwise) {
      this.buffer = predicate.buffer();
      this.offset = predicate.offset();
      this.then = List.copyOf(then);
      this.otherwise = List.copyOf(otherwise);
    }

    @Override
    public void move(int argument, long bytes) {
      offset += bytes;
    }

    @Override
    public void run(Runner<L> to) {
      runAll(to.read(buffer, offset) ? then : otherwise, to);
    }
  }
}
