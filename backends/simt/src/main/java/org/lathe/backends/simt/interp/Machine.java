package org.lathe.backends.simt.interp;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelPrinter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.hal.Dims;

/** The state of one group: who is active, which interval between barriers it is in, and what it does now. */
final class Machine {
  /** What a work item number needs in the packed notes of {@link Accesses}. */
  static final int ITEM_BITS = 16;

  final Kernel kernel;
  final Dims global;
  /** The work items of a group. */
  final int size;
  /** The numbers of the items that run the current statement, the first {@link #count} of them. */
  int[] active;
  int count;
  /** The number of the interval between two barriers, counted over all groups from 1. */
  long interval;
  /** The first interval of this group. */
  long firstInterval;
  final long[] group = new long[3];
  private @Nullable Statement statement;

  Machine(Kernel kernel, Dims global) {
    this.kernel = kernel;
    this.global = global;
    size = kernel.groupSize();
    if (size >= 1 << ITEM_BITS) {
      throw new IllegalArgumentException(kernel.name() + " has groups of " + size + " work items");
    }
    active = new int[size];
    for (int i = 0; i < size; i++) {
      active[i] = i;
    }
    count = size;
  }

  void startGroup(long x, long y, long z) {
    group[0] = x;
    group[1] = y;
    group[2] = z;
    interval++;
    firstInterval = interval;
  }

  void at(Statement s) {
    statement = s;
  }

  void barrier() {
    if (count != size) {
      throw fault(KernelFault.Kind.DIVERGENT_BARRIER, active[0], 0, count + " of " + size + " work items");
    }
    interval++;
  }

  /** The number of item {@code i} within its group along an axis; x counts fastest. */
  long local(int i, int axis) {
    Dims n = kernel.local();
    return switch (axis) {
      case 0 -> i % n.get(0);
      case 1 -> i / n.get(0) % n.get(1);
      default -> i / (n.get(0) * n.get(1));
    };
  }

  long global(int i, int axis) {
    return group[axis] * kernel.local().get(axis) + local(i, axis);
  }

  Dims item(int i) {
    return Dims.of(global(i, 0), global(i, 1), global(i, 2));
  }

  KernelFault fault(KernelFault.Kind kind, int item, long index, String detail) {
    String text = statement == null ? "the start" : KernelPrinter.line(statement);
    return new KernelFault(kind, kernel.name(), text, item(item), index, detail);
  }
}
