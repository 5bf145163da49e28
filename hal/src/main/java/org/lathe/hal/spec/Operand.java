package org.lathe.hal.spec;

import org.lathe.hal.DType;

/** What a kernel needs of one slice: at least {@code elements} elements of {@code dtype}. */
public record Operand(DType dtype, long elements) {
  public long bytes() {
    return elements * dtype.bytes();
  }
}
