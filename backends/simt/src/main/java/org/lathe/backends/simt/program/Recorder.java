package org.lathe.backends.simt.program;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.program.RecordedStep.Loop.Moving;
import org.lathe.backends.simt.program.RecordedStep.Movable;
import org.lathe.hal.program.Slice;

/**
 * Makes a plan's steps ready to run. The backend makes each launch at the place of its first trip; the recorder sees to
 * what moves in loops.
 *
 * @param <L> a backend's launch
 */
public final class Recorder<L extends Movable> {
  private final Launches<L> launches;
  /** What moves in each enclosing loop, outermost first. */
  private final List<List<Moving>> loops = new ArrayList<>();
  private int dispatches;

  /** Makes launches ready to run. */
  @FunctionalInterface
  public interface Launches<L> {
    /**
     * Makes one; what is made before a failure belongs to the maker.
     *
     * @param number of the launch in the run's plan
     */
    L make(PlannedStep.Run run, int number);
  }

  private Recorder(Launches<L> launches) {
    this.launches = launches;
  }

  public static <L extends Movable> List<RecordedStep<L>> record(List<PlannedStep> steps, Launches<L> launches) {
    return new Recorder<>(launches).record(steps);
  }

  private List<RecordedStep<L>> record(List<PlannedStep> steps) {
    List<RecordedStep<L>> recorded = new ArrayList<>();
    for (PlannedStep step : steps) {
      recorded.add(record(step));
    }
    return List.copyOf(recorded);
  }

  private RecordedStep<L> record(PlannedStep step) {
    return switch (step) {
      case PlannedStep.Run run -> {
        int number = dispatches++;
        List<L> made = new ArrayList<>();
        for (int i = 0; i < run.plan().launches().size(); i++) {
          made.add(record(run, i));
        }
        yield new RecordedStep.Dispatch<>(number, run.dispatch(), made);
      }
      case PlannedStep.Loop loop -> {
        List<Moving> moving = new ArrayList<>();
        loops.add(moving);
        List<RecordedStep<L>> body = record(loop.body());
        loops.removeLast();
        yield new RecordedStep.Loop<>(loop.trips(), body, moving);
      }
      case PlannedStep.Branch branch -> {
        RecordedStep.Branch<L> recorded = new RecordedStep.Branch<>(branch.predicate(), record(branch.then()),
            record(branch.otherwise()));
        follow(branch.predicate(), recorded, 0);
        yield recorded;
      }
    };
  }

  private L record(PlannedStep.Run run, int number) {
    L made = launches.make(run, number);
    List<Argument> arguments = run.plan().launches().get(number).arguments();
    for (int i = 0; i < arguments.size(); i++) {
      switch (arguments.get(i)) {
        case Argument.Input(int operand) -> follow(run.dispatch().inputs().get(operand), made, i);
        case Argument.Output(int operand) -> follow(run.dispatch().outputs().get(operand), made, i);
        case Argument.Workspace _,Argument.Number _ -> {}
      }
    }
    return made;
  }

  private void follow(Slice slice, Movable what, int argument) {
    for (int loop = 0; loop < Math.min(loops.size(), slice.loopSteps().rank()); loop++) {
      long step = slice.loopSteps().get(loop);
      if (step != 0) {
        loops.get(loop).add(new Moving(what, argument, step));
      }
    }
  }
}
