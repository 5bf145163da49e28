package org.lathe.backends.simt.interp;

import org.lathe.backends.simt.interp.KernelFault.Kind;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.hal.DType;

/** One memory of a kernel as the running group sees it: every access is checked. */
abstract sealed class Store permits GlobalStore, ArrayStore {
  private static final int ALIGNMENT = 64;

  final Machine machine;
  final Memory memory;
  final DType dtype;
  final boolean floating;

  Store(Machine machine, Memory memory) {
    this.machine = machine;
    this.memory = memory;
    dtype = memory.dtype();
    floating = dtype.isFloating();
  }

  /** Reads the lanes of one work item into {@code real} or {@code whole} from {@code to} on. */
  final void load(int item, long index, int lanes, boolean aligned, double[] real, long[] whole, int to) {
    check(item, index, lanes, aligned);
    for (int l = 0; l < lanes; l++) {
      read(item, index + l);
      if (floating) {
        real[to + l] = real(item, index + l);
      } else {
        whole[to + l] = whole(item, index + l);
      }
    }
  }

  /** Writes the lanes of one work item. */
  final void store(int item, long index, int lanes, boolean aligned, double[] real, long[] whole, int from) {
    check(item, index, lanes, aligned);
    for (int l = 0; l < lanes; l++) {
      write(item, index + l);
      if (floating) {
        put(item, index + l, Arithmetic.round(dtype, real[from + l]));
      } else {
        put(item, index + l, whole[from + l]);
      }
    }
  }

  private void check(int item, long index, int lanes, boolean aligned) {
    if (index < 0 || index > memory.elements() - lanes) {
      throw machine.fault(
          Kind.OUT_OF_BOUNDS, item, index,
          memory.name() + "[" + index + (lanes == 1 ? "" : ".." + (index + lanes - 1)) + "] of "
              + memory.elements() + " elements");
    }
    long bytes = (long) lanes * dtype.bytes();
    if (aligned && ((address() + index * dtype.bytes()) % bytes != 0 || bytes > ALIGNMENT)) {
      throw machine.fault(
          Kind.MISALIGNED, item, index, memory.name() + "[" + index + "] for a vector of " + bytes + " bytes");
    }
  }

  /** Where the memory begins, as far as it matters for alignment. */
  long address() {
    return 0;
  }

  final KernelFault uninitialized(int item, long index) {
    return machine.fault(Kind.UNINITIALIZED, item, index, memory.name() + "[" + index + "]");
  }

  /** Notes that the item reads an element, which must have been written. */
  abstract void read(int item, long index);

  abstract void write(int item, long index);

  abstract double real(int item, long index);

  abstract long whole(int item, long index);

  abstract void put(int item, long index, double value);

  abstract void put(int item, long index, long value);
}
