package org.lathe.backends.simt.interp;

import org.lathe.backends.simt.interp.KernelFault.Kind;

/**
 * Who touched each cell of a memory last, to tell races. A note packs the interval between barriers with the work item;
 * the intervals of all groups are counted through, so it names the group too.
 */
final class Accesses {
  private static final int MANY = (1 << Machine.ITEM_BITS) - 1;
  /** In the notes of readers: some other group read the cell. */
  private static final long OTHERS = 1L << 62;

  private final Machine machine;
  private final String name;
  private final boolean perGroup;
  private final long[] writers;
  private final long[] readers;

  /**
   * @param perGroup whether each group has such memory of its own
   */
  Accesses(Machine machine, String name, long cells, boolean perGroup) {
    this.machine = machine;
    this.name = name;
    this.perGroup = perGroup;
    writers = new long[Math.toIntExact(cells)];
    readers = new long[writers.length];
  }

  private static long interval(long note) {
    return (note & ~OTHERS) >>> Machine.ITEM_BITS;
  }

  /** The note, 0 if it is of another group's memory. */
  private long seen(long note) {
    return perGroup && interval(note) < machine.firstInterval ? 0 : note;
  }

  private static int item(long note) {
    return (int) (note & MANY);
  }

  private long note(int item) {
    return machine.interval << Machine.ITEM_BITS | item;
  }

  void read(int cell, int item, long index) {
    checkWriter(cell, item, index, "reads");
    long last = seen(readers[cell]);
    long mine = note(item);
    long others = last & OTHERS;
    if (last != 0 && interval(last) < machine.firstInterval) {
      others = OTHERS;
    }
    boolean sameInterval = interval(last) == machine.interval;
    readers[cell] = others | (sameInterval && item(last) != item ? note(MANY) : mine);
  }

  void write(int cell, int item, long index) {
    checkWriter(cell, item, index, "writes");
    long last = seen(readers[cell]);
    if (last != 0) {
      if ((last & OTHERS) != 0 || interval(last) < machine.firstInterval) {
        throw machine.fault(Kind.RACE_ACROSS_GROUPS, item, index,
            "writes " + at(index) + ", which another group reads");
      }
      if (interval(last) == machine.interval && item(last) != item) {
        throw machine.fault(Kind.RACE, item, index, "writes " + at(index) + ", which "
            + (item(last) == MANY ? "other work items read" : "work item " + machine.item(item(last)) + " reads"));
      }
    }
    writers[cell] = note(item);
  }

  private void checkWriter(int cell, int item, long index, String does) {
    long last = seen(writers[cell]);
    if (last == 0) {
      return;
    }
    if (interval(last) < machine.firstInterval) {
      throw machine.fault(
          Kind.RACE_ACROSS_GROUPS, item, index, does + " " + at(index) + ", which another group writes");
    }
    if (interval(last) == machine.interval && item(last) != item) {
      throw machine.fault(
          Kind.RACE, item, index,
          does + " " + at(index) + ", which work item " + machine.item(item(last)) + " writes");
    }
  }

  private String at(long index) {
    return name + "[" + index + "]";
  }
}
