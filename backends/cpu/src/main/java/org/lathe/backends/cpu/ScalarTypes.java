package org.lathe.backends.cpu;

import static java.lang.constant.ConstantDescs.CD_byte;
import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_short;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Collections;
import org.lathe.hal.DType;

/** How element types appear in generated code: the kind in which they are computed, and how they reach memory. */
final class ScalarTypes {
  static final ClassDesc MEMORY = Memory.class.describeConstable().orElseThrow();

  private ScalarTypes() {}

  /** The type in which partial results of a fold are stored. */
  static DType partial(DType type) {
    return switch (type) {
      case U8, BOOL -> DType.I32;
      default -> type.compute();
    };
  }

  /** Replaces the address on the stack by the element there. */
  static void getMemory(CodeBuilder code, DType memory) {
    switch (memory) {
      case F32 -> code.invokestatic(MEMORY, "getFloat", MethodTypeDesc.of(CD_float, CD_long));
      case F64 -> code.invokestatic(MEMORY, "getDouble", MethodTypeDesc.of(CD_double, CD_long));
      case I32 -> code.invokestatic(MEMORY, "getInt", MethodTypeDesc.of(CD_int, CD_long));
      case I64 -> code.invokestatic(MEMORY, "getLong", MethodTypeDesc.of(CD_long, CD_long));
      case F16, BF16 ->
        code.invokestatic(MEMORY, "getShort", MethodTypeDesc.of(CD_short, CD_long)).loadConstant(0xffff).iand();
      case U8, BOOL ->
        code.invokestatic(MEMORY, "getByte", MethodTypeDesc.of(CD_byte, CD_long)).loadConstant(0xff).iand();
    }
  }

  /** Stores the value on the stack at the address below it. */
  static void putMemory(CodeBuilder code, DType memory) {
    switch (memory) {
      case F32 -> code.invokestatic(MEMORY, "putFloat", MethodTypeDesc.of(CD_void, CD_long, CD_float));
      case F64 -> code.invokestatic(MEMORY, "putDouble", MethodTypeDesc.of(CD_void, CD_long, CD_double));
      case I32 -> code.invokestatic(MEMORY, "putInt", MethodTypeDesc.of(CD_void, CD_long, CD_int));
      case I64 -> code.invokestatic(MEMORY, "putLong", MethodTypeDesc.of(CD_void, CD_long, CD_long));
      case F16, BF16 -> code.i2s().invokestatic(MEMORY, "putShort", MethodTypeDesc.of(CD_void, CD_long, CD_short));
      case U8, BOOL -> code.i2b().invokestatic(MEMORY, "putByte", MethodTypeDesc.of(CD_void, CD_long, CD_byte));
    }
  }

  /** A method of operands of one kind that gives the same kind. */
  static MethodTypeDesc signature(DType kind, int operands) {
    ClassDesc type = primitive(kind);
    return MethodTypeDesc.of(type, Collections.nCopies(operands, type));
  }

  static ClassDesc primitive(DType kind) {
    return switch (kind) {
      case F32 -> CD_float;
      case F64 -> CD_double;
      case I64 -> CD_long;
      default -> CD_int;
    };
  }

  static TypeKind typeKind(DType kind) {
    return switch (kind) {
      case F32 -> TypeKind.FLOAT;
      case F64 -> TypeKind.DOUBLE;
      case I64 -> TypeKind.LONG;
      default -> TypeKind.INT;
    };
  }

  /** The kind in which elements of a type are computed. */
  static DType kind(DType memory) {
    return partial(memory);
  }
}
