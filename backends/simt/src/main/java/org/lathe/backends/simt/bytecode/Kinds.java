package org.lathe.backends.simt.bytecode;

import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import org.lathe.hal.DType;

/** How element types look to a JVM: u8 and bool are ints in registers, of 0 to 255 and of 0 and 1. */
final class Kinds {
  private Kinds() {}

  static TypeKind register(DType dtype) {
    return switch (dtype) {
      case F32 -> TypeKind.FLOAT;
      case F64 -> TypeKind.DOUBLE;
      case I64 -> TypeKind.LONG;
      case I32, U8, BOOL -> TypeKind.INT;
      case F16, BF16 -> throw new IllegalArgumentException(dtype + " is not a type of registers");
    };
  }

  static ClassDesc descriptor(DType dtype) {
    return register(dtype).upperBound();
  }

  /** The elements of arrays in local and private memory. */
  static TypeKind element(DType dtype) {
    return switch (dtype) {
      case F16, BF16 -> TypeKind.SHORT;
      case U8, BOOL -> TypeKind.BYTE;
      default -> register(dtype);
    };
  }

  static ClassDesc array(DType dtype) {
    return element(dtype).upperBound().arrayType();
  }

  static ClassDesc returnType(DType dtype) {
    return register(dtype) == TypeKind.INT ? ConstantDescs.CD_int : descriptor(dtype);
  }
}
