package org.lathe.hal.validate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;

/**
 * Static checks of a program as a whole; what one kernel must be is checked where it is made.
 *
 * <ul>
 *   <li>Slices lie in their buffers in every iteration, are aligned, and hold what the kernel needs.
 *   <li>Inputs and constants are never written.
 *   <li>Outputs of a dispatch share memory with nothing else of it, except where {@link KernelSpec#allowsInPlace} says so.
 *   <li>Nothing is read from scratch memory or an output before it was written in the same run, on any path.
 *   <li>Every run writes every output. (The last bytes, fewer than {@link Slice#ALIGNMENT}, may be padding.)
 * </ul>
 *
 * Loops are followed iteration by iteration up to a limit, so a reported fault is always one; only in very long loops
 * and very scattered accesses can a read of unwritten memory pass.
 */
public final class ProgramVerifier {
  private final Program program;
  private final List<String> problems = new ArrayList<>();

  private ProgramVerifier(Program program) {
    this.program = program;
  }

  /** The program's faults, one line each, which names the step; empty if there are none. */
  public static List<String> verify(Program program) {
    ProgramVerifier v = new ProgramVerifier(program);
    v.declarations();
    v.steps(program.steps(), "", List.of());
    if (v.problems.isEmpty()) {
      v.problems.addAll(Dataflow.problems(program));
    }
    return List.copyOf(v.problems);
  }

  private void declarations() {
    for (int i = 0; i < program.buffers().size(); i++) {
      BufferDecl b = program.buffers().get(i);
      if (b.bytes() < 0) {
        problems.add("buffer #" + i + " '" + b.name() + "' has " + b.bytes() + " bytes");
      }
    }
  }

  /** How problems name a step. */
  static String name(String path, Step step) {
    return switch (step) {
      case Step.Dispatch d -> "step " + path + " '" + d.label() + "' (" + d.spec().family() + ")";
      case Step.Loop _ -> "step " + path + " (loop)";
      case Step.Branch _ -> "step " + path + " (branch)";
    };
  }

  static String child(String path, int i) {
    return path.isEmpty() ? String.valueOf(i) : path + "." + i;
  }

  private void steps(List<Step> steps, String parent, List<Long> trips) {
    for (int i = 0; i < steps.size(); i++) {
      String path = child(parent, i);
      String name = name(path, steps.get(i));
      switch (steps.get(i)) {
        case Step.Dispatch d -> dispatch(name, d, trips);
        case Step.Loop loop -> {
          if (loop.trips() < 0) {
            problems.add(name + " runs " + loop.trips() + " times");
          }
          List<Long> inner = new ArrayList<>(trips);
          inner.add(Math.max(0, loop.trips()));
          steps(loop.body(), path, inner);
        }
        case Step.Branch branch -> {
          slice(name + ": the predicate", branch.predicate(), 1, 1, trips);
          steps(branch.then(), path + ".then", trips);
          steps(branch.otherwise(), path + ".else", trips);
        }
      }
    }
  }

  private void dispatch(String name, Step.Dispatch d, List<Long> trips) {
    int before = problems.size();
    operands(name + ": input ", d.inputs(), d.spec().inputs(), trips);
    operands(name + ": output ", d.outputs(), d.spec().outputs(), trips);
    if (problems.size() > before) {
      return;
    }
    for (int j = 0; j < d.outputs().size(); j++) {
      Slice out = d.outputs().get(j);
      BufferDecl buffer = program.buffers().get(out.buffer());
      if (buffer.role() == Role.INPUT || buffer.role() == Role.CONSTANT) {
        problems.add(
            name + ": output " + j + " writes " + describe(out.buffer()) + ", which is only to be read");
      }
      for (int k = 0; k < j; k++) {
        if (Overlap.of(d.outputs().get(k), out, trips)) {
          problems.add(name + ": outputs " + k + " and " + j + " share memory of " + describe(out.buffer()));
        }
      }
      for (int i = 0; i < d.inputs().size(); i++) {
        Slice in = d.inputs().get(i);
        if (Overlap.of(in, out, trips) && !(Overlap.isSame(in, out) && d.spec().allowsInPlace(i, j))) {
          String why = Overlap.isSame(in, out) ? "the kernel does not allow to be in place" : "they overlap in part";
          problems.add(
              name + ": input " + i + " and output " + j + " share memory of " + describe(out.buffer()) + ", but "
                  + why);
        }
      }
    }
  }

  private void operands(String name, List<Slice> slices, List<Operand> operands, List<Long> trips) {
    for (int i = 0; i < slices.size(); i++) {
      slice(name + i, slices.get(i), operands.get(i).bytes(), operands.get(i).dtype().bytes(), trips);
    }
  }

  private void slice(String name, Slice s, long needed, long elementBytes, List<Long> trips) {
    if (s.buffer() < 0 || s.buffer() >= program.buffers().size()) {
      problems.add(name + " is in buffer #" + s.buffer() + " of " + program.buffers().size());
      return;
    }
    if (s.bytes() < needed) {
      problems.add(name + " has " + s.bytes() + " bytes, but the kernel needs " + needed);
    }
    boolean moves = false;
    for (int k = 0; k < s.loopSteps().rank(); k++) {
      long step = s.loopSteps().get(k);
      moves |= step != 0;
      if (step != 0 && k >= trips.size()) {
        problems.add(name + " moves with loop " + k + " of " + trips.size());
      }
      if (step % elementBytes != 0) {
        problems.add(name + " moves by " + step + " bytes, which splits elements of " + elementBytes);
      }
    }
    long alignment = moves ? elementBytes : Slice.ALIGNMENT;
    if (s.offset() % alignment != 0) {
      problems.add(name + " is at byte " + s.offset() + ", which is not a multiple of " + alignment);
    }
    if (trips.contains(0L)) {
      return;
    }
    long size = program.buffers().get(s.buffer()).bytes();
    try {
      long low = Overlap.extreme(s, trips, false);
      long high = Math.addExact(Overlap.extreme(s, trips, true), s.bytes());
      if (low < 0 || high > size || s.bytes() < 0) {
        problems.add(
            name + " covers bytes " + low + ".." + high + " of " + describe(s.buffer()) + " of " + size + " bytes");
      }
    } catch (ArithmeticException e) {
      problems.add(name + " of " + describe(s.buffer()) + " moves beyond 2^63 bytes");
    }
  }

  private String describe(int buffer) {
    return describe(program, buffer);
  }

  static String describe(Program program, int buffer) {
    BufferDecl b = program.buffers().get(buffer);
    return b.role().name().toLowerCase(Locale.ROOT) + " #" + buffer + " '" + b.name() + "'";
  }
}
