package org.lathe.backends.simt.ir;

import org.lathe.hal.DType;

/** What a launch hands to a kernel. */
public sealed interface Parameter {
  String name();

  /** What a kernel does with the memory behind a parameter. */
  enum Access {
    READ, WRITE, READ_WRITE
  }

  /**
   * Global memory, from the start of the bound slice.
   *
   * @param elements at least so many are there; indices beyond are a fault
   * @param mayAlias whether another parameter of the launch may name the same memory: the in-place operand
   */
  record Global(String name, DType dtype, long elements, Access access, boolean mayAlias) implements Parameter, Memory {
    @Override
    public String toString() {
      return access.name().toLowerCase(java.util.Locale.ROOT) + " " + name + ": " + dtype + "[" + elements + "]"
          + (mayAlias ? " may alias" : "");
    }
  }

  /** One number, the same for all work items: an i32 or i64. */
  record Scalar(String name, DType dtype) implements Parameter {
    public Scalar {
      if (dtype != DType.I32 && dtype != DType.I64) {
        throw new IllegalArgumentException("a scalar parameter of " + dtype);
      }
    }

    @Override
    public String toString() {
      return name + ": " + dtype;
    }
  }
}
