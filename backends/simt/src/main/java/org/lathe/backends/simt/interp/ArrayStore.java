package org.lathe.backends.simt.interp;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;

/** Local memory, which a group shares, or private memory, of which each work item has its own. */
final class ArrayStore extends Store {
  private final boolean shared;
  private final double[] reals;
  private final long[] wholes;
  /** The first interval of the group that wrote the element. */
  private final long[] written;
  private final @Nullable Accesses accesses;

  ArrayStore(Machine machine, Memory memory) {
    super(machine, memory);
    shared = memory instanceof Memory.Local;
    int n = Math.toIntExact(Math.multiplyExact(memory.elements(), shared ? 1L : machine.size));
    reals = new double[floating ? n : 0];
    wholes = new long[floating ? 0 : n];
    written = new long[n];
    accesses = shared ? new Accesses(machine, memory.name(), n, true) : null;
  }

  private int at(int item, long index) {
    return (int) (shared ? index : item * memory.elements() + index);
  }

  @Override
  void read(int item, long index) {
    if (written[at(item, index)] != machine.firstInterval) {
      throw uninitialized(item, index);
    }
    if (accesses != null) {
      accesses.read((int) index, item, index);
    }
  }

  @Override
  void write(int item, long index) {
    written[at(item, index)] = machine.firstInterval;
    if (accesses != null) {
      accesses.write((int) index, item, index);
    }
  }

  @Override
  double real(int item, long index) {
    return reals[at(item, index)];
  }

  @Override
  long whole(int item, long index) {
    return wholes[at(item, index)];
  }

  @Override
  void put(int item, long index, double value) {
    reals[at(item, index)] = value;
  }

  @Override
  void put(int item, long index, long value) {
    wholes[at(item, index)] = value;
  }
}
