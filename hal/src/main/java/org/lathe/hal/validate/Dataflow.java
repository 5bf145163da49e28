package org.lathe.hal.validate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;

/**
 * Follows which bytes have been written on every path, for a program whose slices are in order.
 *
 * <p>Dispatches are counted. Beyond the limit, what a loop would still write counts as written, so that no fault is
 * invented.
 */
final class Dataflow {
  private static final int MAX_DISPATCHES = 200_000;
  private static final long MAX_RUNS = 1 << 14;

  private final Program program;
  private final Map<KernelSpec, Access.Operands> accesses = new HashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final Set<String> reported = new HashSet<>();
  private int dispatches;

  private Dataflow(Program program) {
    this.program = program;
  }

  static List<String> problems(Program program) {
    Dataflow flow = new Dataflow(program);
    Ranges[] written = new Ranges[program.buffers().size()];
    for (int i = 0; i < written.length; i++) {
      BufferDecl b = program.buffers().get(i);
      boolean begins = b.role() == Role.INPUT || b.role() == Role.STATE || b.role() == Role.CONSTANT;
      written[i] = begins ? Ranges.of(0, b.bytes()) : Ranges.none();
    }
    flow.steps(program.steps(), "", new long[0], List.of(), written);
    for (int i = 0; i < written.length; i++) {
      BufferDecl b = program.buffers().get(i);
      long missing = written[i].firstMissing(0, b.bytes());
      boolean padding = b.bytes() - missing < Slice.ALIGNMENT && missing > 0
          && written[i].firstPresent(missing, b.bytes()) == b.bytes();
      if (b.role() == Role.OUTPUT && missing < b.bytes() && !padding) {
        flow.problems.add(ProgramVerifier.describe(program, i) + " of " + b.bytes() + " bytes: byte " + missing
            + " is never written");
      }
    }
    return flow.problems;
  }

  private void steps(List<Step> steps, String parent, long[] at, List<Long> trips, Ranges[] written) {
    for (int i = 0; i < steps.size(); i++) {
      String path = ProgramVerifier.child(parent, i);
      switch (steps.get(i)) {
        case Step.Dispatch d -> dispatch(d, ProgramVerifier.name(path, d), at, written);
        case Step.Loop loop -> loop(loop, path, at, trips, written);
        case Step.Branch branch -> {
          Slice p = branch.predicate();
          read(p, new Access(0, 1, List.of()), ProgramVerifier.name(path, branch) + ": the predicate", at, written);
          Ranges[] other = Arrays.stream(written).map(Ranges::copy).toArray(Ranges[]::new);
          steps(branch.then(), path + ".then", at, trips, written);
          steps(branch.otherwise(), path + ".else", at, trips, other);
          for (int b = 0; b < written.length; b++) {
            written[b] = written[b].intersect(other[b]);
          }
        }
      }
    }
  }

  private void loop(Step.Loop loop, String path, long[] at, List<Long> trips, Ranges[] written) {
    long[] inner = Arrays.copyOf(at, at.length + 1);
    List<Long> innerTrips = new ArrayList<>(trips);
    innerTrips.add(loop.trips());
    for (long t = 0; t < loop.trips(); t++) {
      if (dispatches > MAX_DISPATCHES) {
        assumeWritten(loop.body(), innerTrips, written);
        return;
      }
      inner[at.length] = t;
      steps(loop.body(), path, inner, innerTrips, written);
      if (t == 0 && isEmpty(loop.body())) {
        return;
      }
    }
  }

  private static boolean isEmpty(List<Step> steps) {
    return steps.stream().allMatch(s -> switch (s) {
      case Step.Dispatch _ -> false;
      case Step.Loop loop -> isEmpty(loop.body());
      case Step.Branch b -> isEmpty(b.then()) && isEmpty(b.otherwise());
    });
  }

  private void assumeWritten(List<Step> steps, List<Long> trips, Ranges[] written) {
    for (Step step : steps) {
      switch (step) {
        case Step.Dispatch d -> {
          for (Slice s : d.outputs()) {
            written[s.buffer()].add(Overlap.extreme(s, trips, false), Overlap.extreme(s, trips, true) + s.bytes());
          }
        }
        case Step.Loop loop -> {
          if (loop.trips() > 0) {
            List<Long> inner = new ArrayList<>(trips);
            inner.add(loop.trips());
            assumeWritten(loop.body(), inner, written);
          }
        }
        case Step.Branch b -> {
          assumeWritten(b.then(), trips, written);
          assumeWritten(b.otherwise(), trips, written);
        }
      }
    }
  }

  private void dispatch(Step.Dispatch d, String name, long[] at, Ranges[] written) {
    dispatches++;
    Access.Operands operands = accesses.computeIfAbsent(d.spec(), Access::of);
    for (int i = 0; i < d.inputs().size(); i++) {
      read(d.inputs().get(i), operands.inputs().get(i), name + ": input " + i, at, written);
    }
    for (int j = 0; j < d.outputs().size(); j++) {
      Access a = operands.outputs().get(j);
      Slice s = d.outputs().get(j);
      long offset = Overlap.offset(s, at);
      Ranges ranges = written[s.buffer()];
      if (a.runs(MAX_RUNS) < MAX_RUNS) {
        a.forEachRun(first -> ranges.add(offset + first, offset + first + a.run()));
      } else {
        ranges.add(offset + a.start(), offset + a.end());
      }
    }
  }

  private void read(Slice s, Access a, String name, long[] at, Ranges[] written) {
    Ranges ranges = written[s.buffer()];
    long offset = Overlap.offset(s, at);
    if (a.run() == 0 || ranges.firstMissing(offset + a.start(), offset + a.end()) == offset + a.end()) {
      return;
    }
    long[] missing = {-1};
    if (a.runs(MAX_RUNS) < MAX_RUNS) {
      a.forEachRun(first -> {
        long gap = ranges.firstMissing(offset + first, offset + first + a.run());
        if (missing[0] < 0 && gap < offset + first + a.run()) {
          missing[0] = gap;
        }
      });
    } else if (ranges.firstMissing(offset + a.start(), offset + a.start() + a.run()) < offset + a.start() + a.run()) {
      missing[0] = offset + a.start();
    }
    if (missing[0] >= 0 && reported.add(name)) {
      problems.add(
          name + " reads byte " + missing[0] + " of " + ProgramVerifier.describe(program, s.buffer())
              + ", which nothing has written" + (at.length == 0 ? "" : ", in iteration " + Arrays.toString(at)));
    }
  }
}
