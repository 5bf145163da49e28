package org.lathe.backends.simt.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.program.RecordedStep.Dispatch;
import org.lathe.backends.simt.program.RecordedStep.Movable;
import org.lathe.backends.simt.program.RecordedStep.Runner;
import org.lathe.hal.Dims;
import org.lathe.hal.program.Slice;

class RecorderTest {
  /** Writes down where predicates are read; each is true where its offset is a multiple of 3. */
  private static final class Reads implements Runner<Movable> {
    final List<String> all = new ArrayList<>();
    int failAt = Integer.MAX_VALUE;

    @Override
    public void run(Dispatch<Movable> dispatch) {
      throw new AssertionError("no dispatch was recorded");
    }

    @Override
    public boolean read(int buffer, long offset) {
      if (all.size() == failAt) {
        throw new IllegalStateException("the device is lost");
      }
      all.add(buffer + "@" + offset);
      return offset % 3 == 0;
    }
  }

  private static PlannedStep branch(int buffer, long offset, Dims steps, List<PlannedStep> then) {
    return new PlannedStep.Branch(new Slice(buffer, offset, 1, steps), then, List.of());
  }

  private static List<RecordedStep<Movable>> nested() {
    PlannedStep inner = branch(2, 100, Dims.of(10, 1), List.of(branch(3, 7, Dims.of(0, 2), List.of())));
    PlannedStep outer = branch(1, 50, Dims.of(5), List.of());
    return Recorder.record(
        List.of(new PlannedStep.Loop(2, List.of(outer, new PlannedStep.Loop(3, List.of(inner)))),
            branch(4, 9, Dims.of(), List.of())),
        (run, number) -> {
          throw new AssertionError("no launch was planned");
        });
  }

  private static List<String> run(List<RecordedStep<Movable>> steps) {
    Reads reads = new Reads();
    RecordedStep.runAll(steps, reads);
    return reads.all;
  }

  @Test
  void whatMovesInLoopsMovesWithEach() {
    assertEquals(
        List.of("1@50", "2@100", "2@101", "2@102", "3@11", "1@55", "2@110", "2@111", "3@9", "2@112", "4@9"),
        run(nested()));
  }

  @Test
  void aRunBeginsWhereTheOneBeforeBegan() {
    List<RecordedStep<Movable>> steps = nested();
    List<String> first = run(steps);
    assertEquals(first, run(steps));
    for (int failAt = 0; failAt < first.size(); failAt++) {
      Reads broken = new Reads();
      broken.failAt = failAt;
      assertThrows(IllegalStateException.class, () -> RecordedStep.runAll(steps, broken));
      assertEquals(first.subList(0, failAt), broken.all);
      assertEquals(first, run(steps), "after a failure at read " + failAt);
    }
  }
}
