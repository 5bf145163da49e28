package org.lathe.hal.spec;

import org.lathe.hal.DType;

/** What a kernel needs of one slice: at least {@code elements} elements of {@code dtype}. */
public record Operand(DType dtype, long elements) {
  public Operand {
    Check.sizes("an operand", elements);
  }

  public long bytes() {
    return Math.multiplyExact(elements, (long) dtype.bytes());
  }
}
