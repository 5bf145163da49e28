package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.lathe.hal.DType;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;

/** Runs one kernel on random operands: inputs as doubles by element, outputs poisoned before. */
final class KernelRunner implements AutoCloseable {
  private final CpuAllocator allocator = new CpuAllocator(1L << 32);
  private final List<CpuBuffer> buffers = new ArrayList<>();
  final KernelSpec spec;
  final List<Operand> operands = new ArrayList<>();
  private final long[] addresses;

  KernelRunner(KernelSpec spec) {
    this.spec = spec;
    operands.addAll(spec.inputs());
    operands.addAll(spec.outputs());
    addresses = new long[operands.size()];
    for (int i = 0; i < addresses.length; i++) {
      CpuBuffer b = allocator.allocate(operands.get(i).bytes() + 64);
      buffers.add(b);
      addresses[i] = b.address();
    }
  }

  /** Binds operand {@code i} to the memory of operand {@code other}. */
  void alias(int i, int other) {
    addresses[i] = addresses[other];
  }

  long address(int i) {
    return addresses[i];
  }

  /** Small numbers, exact in every type. */
  void randomInputs(RandomGenerator random) {
    for (int i = 0; i < spec.inputs().size(); i++) {
      for (long e = 0; e < operands.get(i).elements(); e++) {
        DType t = operands.get(i).dtype();
        set(i, e,
            t.isFloating() ? random.nextGaussian() : t == DType.U8 ? random.nextInt(0, 256) : random.nextInt(-9, 10));
      }
    }
  }

  void set(int operand, long element, double value) {
    DType t = operands.get(operand).dtype();
    long at = addresses[operand] + element * t.bytes();
    switch (t) {
      case F32 -> Memory.putFloat(at, (float) value);
      case F64 -> Memory.putDouble(at, value);
      case F16 -> Memory.putShort(at, Float.floatToFloat16((float) value));
      case BF16 -> Memory.putShort(at, (short) (Float.floatToRawIntBits((float) value) >>> 16));
      case I32 -> Memory.putInt(at, (int) value);
      case I64 -> Memory.putLong(at, (long) value);
      case U8, BOOL -> Memory.putByte(at, (byte) (int) value);
    }
  }

  double get(int operand, long element) {
    DType t = operands.get(operand).dtype();
    long at = addresses[operand] + element * t.bytes();
    return switch (t) {
      case F32 -> Memory.getFloat(at);
      case F64 -> Memory.getDouble(at);
      case F16 -> Float.float16ToFloat(Memory.getShort(at));
      case BF16 -> Float.intBitsToFloat(Memory.getShort(at) << 16);
      case I32 -> Memory.getInt(at);
      case I64 -> Memory.getLong(at);
      case U8, BOOL -> Memory.getByte(at) & 0xff;
    };
  }

  double[] values(int operand) {
    double[] v = new double[(int) operands.get(operand).elements()];
    for (int e = 0; e < v.length; e++) {
      v[e] = get(operand, e);
    }
    return v;
  }

  double[] output() {
    return values(spec.inputs().size());
  }

  /** Fills the outputs with all bits set, a NaN in the floating types. */
  void poison() {
    for (int i = spec.inputs().size(); i < addresses.length; i++) {
      Memory.fill(addresses[i], operands.get(i).bytes() + 64, (byte) -1);
    }
  }

  /** Whether the guard behind each output is untouched. */
  boolean guardsIntact() {
    for (int i = spec.inputs().size(); i < addresses.length; i++) {
      for (int b = 0; b < 64; b++) {
        if (Memory.getByte(addresses[i] + operands.get(i).bytes() + b) != -1) {
          return false;
        }
      }
    }
    return true;
  }

  /** Poisons the outputs and runs, with exactly {@code workers} workers. */
  void run(Kernel kernel, int workers) {
    poison();
    runOnce(kernel, workers);
  }

  void runOnce(Kernel kernel, int workers) {
    long each = (kernel.workerScratch() + 127) / 128 * 128;
    try (ThreadTeam team = new ThreadTeam(workers);
        CpuBuffer shared = allocator.allocate(kernel.sharedScratch());
        CpuBuffer scratch = allocator.allocate(each * workers)) {
      Memory.fill(shared.address(), shared.bytes(), (byte) -1);
      Memory.fill(scratch.address(), scratch.bytes(), (byte) -1);
      TeamRun run = new TeamRun(team, workers, shared.address(), scratch.address(), each, kernel.scratchLongs());
      run.reserve(kernel.heapScratch());
      if (workers == 1) {
        run.alone(kernel, addresses);
      } else {
        team.enter();
        team.run(kernel, addresses, run, workers);
      }
    }
  }

  @Override
  public void close() {
    buffers.forEach(CpuBuffer::close);
  }
}
