package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.lathe.hal.DType;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.reference.Elements;
import org.lathe.reference.SpecReference;

/**
 * Operands, scratch and workers for one kernel in a test. Outputs and scratch hold NaN before a run; guard elements
 * after each output must still hold their pattern afterwards.
 */
final class SequenceRun implements AutoCloseable {
  private static final int GUARD = 128;
  private static final byte PATTERN = 0x5a;

  private final Arena arena = Arena.ofShared();
  private final KernelSpec spec;
  private final Kernel kernel;
  private final long[] operands;
  private final int workers;
  private final ThreadTeam team;
  private final TeamRun run;

  SequenceRun(KernelSpec spec, Kernel kernel, int workers, double[]... inputs) {
    this.spec = spec;
    this.kernel = kernel;
    this.workers = workers;
    List<Operand> in = spec.inputs();
    List<Operand> out = spec.outputs();
    if (in.size() != inputs.length) {
      throw new IllegalArgumentException("the spec has " + in.size() + " inputs, given " + inputs.length);
    }
    operands = new long[in.size() + out.size()];
    for (int i = 0; i < in.size(); i++) {
      Operand operand = in.get(i);
      if (operand.elements() > inputs[i].length) {
        throw new IllegalArgumentException("input " + i + " is " + operand + ", given " + inputs[i].length);
      }
      operands[i] = allocate(operand.bytes(), (byte) -1);
      for (int e = 0; e < operand.elements(); e++) {
        put(operand.dtype(), operands[i], e, inputs[i][e]);
      }
    }
    for (int i = 0; i < out.size(); i++) {
      long bytes = out.get(i).bytes();
      operands[in.size() + i] = allocate(bytes + GUARD, (byte) -1);
      Memory.fill(operands[in.size() + i] + bytes, GUARD, PATTERN);
    }
    team = new ThreadTeam(workers);
    long stride = (kernel.workerScratch() + 63) / 64 * 64;
    run = new TeamRun(
        team,
        workers,
        allocate(kernel.sharedScratch(), (byte) -1),
        allocate(stride * workers, (byte) -1),
        stride,
        kernel.scratchLongs());
    run.reserve(kernel.heapScratch());
  }

  private long allocate(long bytes, byte content) {
    return arena.allocate(bytes + 64, 64).fill(content).address();
  }

  private static void put(DType dtype, long address, int i, double value) {
    if (dtype == DType.F64) {
      Memory.putDouble(address + 8L * i, value);
    } else {
      Memory.putFloat(address + 4L * i, (float) value);
    }
  }

  /** Runs once and returns the outputs. */
  double[][] outputs() {
    run();
    List<Operand> out = spec.outputs();
    double[][] result = new double[out.size()][];
    for (int i = 0; i < out.size(); i++) {
      long address = operands[spec.inputs().size() + i];
      Operand operand = out.get(i);
      result[i] = new double[(int) operand.elements()];
      for (int e = 0; e < result[i].length; e++) {
        result[i][e] = operand.dtype() == DType.F64
            ? Memory.getDouble(address + 8L * e)
            : Memory.getFloat(address + 4L * e);
      }
      for (int g = 0; g < GUARD; g++) {
        if (Memory.getByte(address + operand.bytes() + g) != PATTERN) {
          throw new AssertionError("output " + i + " was written " + g + " bytes past its end");
        }
      }
    }
    return result;
  }

  void run() {
    if (workers == 1) {
      run.alone(kernel, operands);
    } else {
      team.run(kernel, operands, run, workers);
    }
  }

  static double[][] outputs(KernelSpec spec, int workers, double[]... inputs) {
    Kernel kernel = switch (spec) {
      case org.lathe.hal.spec.Recurrence r -> RecurrenceKernel.of(r);
      case org.lathe.hal.spec.Attention a -> AttentionKernel.of(a);
      default -> throw new IllegalArgumentException("not a kernel of sequences: " + spec);
    };
    try (SequenceRun run = new SequenceRun(spec, kernel, workers, inputs)) {
      return run.outputs();
    }
  }

  /** What the reference makes of the inputs. */
  static double[][] expected(KernelSpec spec, double[]... inputs) {
    List<Elements> in = Elements.poisoned(spec.inputs());
    for (int i = 0; i < inputs.length; i++) {
      in.get(i).set(Arrays.copyOf(inputs[i], (int) in.get(i).size()));
    }
    return SpecReference.run(spec, in).stream().map(Elements::toArray).toArray(double[][]::new);
  }

  static void close(String what, double[][] expected, double[][] found, double tolerance) {
    for (int i = 0; i < expected.length; i++) {
      close(what + ", output " + i, expected[i], found[i], tolerance);
    }
  }

  /** Uniform in [-scale, scale], representable in f32. */
  static double[] random(Random random, long n, double scale) {
    double[] x = new double[(int) n];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) ((2 * random.nextDouble() - 1) * scale);
    }
    return x;
  }

  static void close(String what, double[] expected, double[] found, double tolerance) {
    if (expected.length != found.length) {
      throw new AssertionError(what + ": expected " + expected.length + " elements, found " + found.length);
    }
    for (int i = 0; i < expected.length; i++) {
      near(what + "[" + i + "]", expected[i], found[i], tolerance);
    }
  }

  static void near(String what, double expected, double found, double tolerance) {
    boolean same = Double.isNaN(expected) || Double.isInfinite(expected)
        ? Double.compare(expected, found) == 0
        : Math.abs(expected - found) <= tolerance * (1 + Math.abs(expected));
    if (!same) {
      throw new AssertionError(what + ": expected " + expected + ", found " + found);
    }
  }

  static void sameBits(String what, double[][] expected, double[][] found) {
    for (int i = 0; i < expected.length; i++) {
      for (int e = 0; e < expected[i].length; e++) {
        if (Double.compare(expected[i][e], found[i][e]) != 0) {
          throw new AssertionError(
              what + ", output " + i + "[" + e + "]: " + expected[i][e] + " and " + found[i][e]);
        }
      }
    }
  }

  @Override
  public void close() {
    team.close();
    arena.close();
  }
}
