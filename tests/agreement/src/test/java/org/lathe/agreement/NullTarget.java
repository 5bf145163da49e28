package org.lathe.agreement;

import java.util.List;
import org.lathe.backends.noop.NullDriver;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.hal.device.Driver;

/** The null backend has memory and programs, and runs nothing. Not registered: it has no place in the suite of ops. */
final class NullTarget implements ConformanceTarget {
  private static final List<String> COMPUTING = List.of(
      "kernels-of-awkward-sizes",
      "copies-of-awkward-sizes",
      "slices-begin-at-their-offsets",
      "bound-slices-begin-at-their-offsets",
      "constants-are-there",
      "scratch-carries-values-between-steps",
      "loops-move-their-slices",
      "loops-nest",
      "loops-of-no-trips-do-nothing",
      "branches-follow-memory",
      "branches-follow-computed-predicates",
      "branches-in-loops",
      "a-mixed-program-under-validation",
      "state-stays-between-runs",
      "runs-and-transfers-of-a-thread-are-in-order",
      "runs-repeat-to-the-bit",
      "events-end",
      "one-program-on-two-memories",
      "rebinding-takes-other-memory",
      "inputs-may-share-memory",
      "threads-run-one-program-at-once",
      "threads-prepare-at-once");

  @Override
  public String name() {
    return "null";
  }

  @Override
  public Driver driver() {
    return new NullDriver();
  }

  @Override
  public List<ExpectedSkip> expectedSkips() {
    return COMPUTING.stream().map(c -> new ExpectedSkip("device/" + c, Category.BY_DESIGN, "it runs nothing")).toList();
  }
}
