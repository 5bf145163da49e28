package org.lathe.backends.simt.opencl;

import org.lathe.backends.simt.ir.Type;
import org.lathe.hal.DType;

/** The names of types. A bool is an int, 0 or 1; a vector of bools is of ints, 0 or -1, as comparisons give them. */
final class ClTypes {
  private ClTypes() {}

  /** In registers. */
  static String register(Type type) {
    return scalar(type.dtype()) + (type.isScalar() ? "" : type.lanes());
  }

  static String scalar(DType dtype) {
    return switch (dtype) {
      case F32 -> "float";
      case F64 -> "double";
      case I32, BOOL -> "int";
      case I64 -> "long";
      case U8 -> "uchar";
      case F16, BF16 -> throw new IllegalArgumentException(dtype + " is not a type of registers");
    };
  }

  /** In memory. */
  static String memory(DType dtype) {
    return switch (dtype) {
      case F16 -> "half";
      case BF16 -> "ushort";
      case BOOL -> "uchar";
      default -> scalar(dtype);
    };
  }

  /** The unsigned integer of the same size, whose arithmetic wraps. */
  static String unsigned(Type type) {
    return (type.dtype() == DType.I64 ? "ulong" : "uint") + (type.isScalar() ? "" : type.lanes());
  }

  /** The integers that a comparison of this type gives. */
  static String mask(DType dtype, int lanes) {
    return switch (dtype) {
      case F64, I64 -> "long" + lanes;
      case U8 -> "char" + lanes;
      default -> "int" + lanes;
    };
  }
}
