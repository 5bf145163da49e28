package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.lathe.hal.DType;
import org.lathe.hal.device.HostAllocator;
import org.lathe.hal.device.HostBlock;
import org.lathe.hal.device.HostBuffer;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.reference.Elements;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Runs one kernel on random operands: inputs as doubles by element, outputs poisoned before. */
final class KernelRunner implements AutoCloseable {
  private final HostAllocator allocator = new HostAllocator(1L << 32);
  private final List<HostBuffer> buffers = new ArrayList<>();
  final KernelSpec spec;
  final List<Operand> operands = new ArrayList<>();
  private final long[] addresses;

  KernelRunner(KernelSpec spec) {
    this.spec = spec;
    operands.addAll(spec.inputs());
    operands.addAll(spec.outputs());
    addresses = new long[operands.size()];
    for (int i = 0; i < addresses.length; i++) {
      HostBuffer b = allocator.allocate(operands.get(i).bytes() + HostBlock.READABLE_BEHIND);
      b.host().fill((byte) -1); // NaNs, of which no result may show what lies behind an operand
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

  private Elements elements(int operand) {
    Operand o = operands.get(operand);
    return At.elements(o.dtype(), addresses[operand], o.elements());
  }

  void set(int operand, long element, double value) {
    elements(operand).set(element, value);
  }

  double get(int operand, long element) {
    return elements(operand).real(element);
  }

  /** The outputs that the reference makes of the inputs as they are now. */
  List<Elements> expected() {
    return SpecReference.run(spec, At.elements(spec.inputs(), addresses, 0));
  }

  /** Compares all outputs with the reference's. */
  void check(String what, List<Elements> expected) {
    Tolerance.check(what, spec, expected, At.elements(spec.outputs(), addresses, spec.inputs().size()));
  }

  double[] output() {
    return elements(spec.inputs().size()).toArray();
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
        HostBuffer shared = allocator.allocate(kernel.sharedScratch());
        HostBuffer scratch = allocator.allocate(each * workers)) {
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
    buffers.forEach(HostBuffer::close);
  }
}
