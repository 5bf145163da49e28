package org.lathe.backends.simt.interp;

import org.lathe.hal.Dims;

/** What a kernel did that it must not. The first fault ends the run; the outputs then hold anything. */
public final class KernelFault extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The kinds of faults. */
  public enum Kind {
    /** Two work items of a group touch an element with no barrier between, and at least one writes. */
    RACE("a race within a group"),
    /** Two groups touch an element, and at least one writes. */
    RACE_ACROSS_GROUPS("a race across groups"),
    /** An index outside of its memory. */
    OUT_OF_BOUNDS("out of bounds"),
    /** A read of what was never written. */
    UNINITIALIZED("a read of what was never written"),
    /** Not all work items of the group arrive. */
    DIVERGENT_BARRIER("a barrier that not all of the group reach"),
    /** A vector that is said to be aligned and is not. */
    MISALIGNED("a misaligned vector"),
    /** An exact integer operation or a loop counter whose result does not fit. */
    OVERFLOW("an overflow in exact arithmetic");

    private final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  private final Kind kind;
  private final String kernel;
  private final String statement;
  private final transient Dims item;
  private final long index;

  KernelFault(Kind kind, String kernel, String statement, Dims item, long index, String detail) {
    super(kernel + ": " + kind.text + ": " + detail + ", work item " + item + ", in: " + statement);
    this.kind = kind;
    this.kernel = kernel;
    this.statement = statement;
    this.item = item;
    this.index = index;
  }

  public Kind kind() {
    return kind;
  }

  public String kernel() {
    return kernel;
  }

  /** The statement in the notation of the kernel language; of a loop or branch the first line. */
  public String statement() {
    return statement;
  }

  /** The number of the work item in the whole range, along each axis. */
  public Dims item() {
    return item;
  }

  /** The element, for faults of memory; else 0. */
  public long index() {
    return index;
  }
}
