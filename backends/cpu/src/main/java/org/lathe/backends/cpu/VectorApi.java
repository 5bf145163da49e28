package org.lathe.backends.cpu;

import static java.lang.constant.ConstantDescs.CD_double;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import org.lathe.hal.DType;

/** The names of the Vector API's classes, constants and methods, as generated code uses them; loads none of them. */
final class VectorApi {
  static final String PACKAGE = "jdk.incubator.vector.";
  static final ClassDesc VECTOR = type("Vector");
  static final ClassDesc MASK = type("VectorMask");
  static final ClassDesc SPECIES = type("VectorSpecies");
  static final ClassDesc OPERATORS = type("VectorOperators");
  static final ClassDesc COMPARISON = ClassDesc.of(PACKAGE + "VectorOperators$Comparison");
  static final ClassDesc BINARY = ClassDesc.of(PACKAGE + "VectorOperators$Binary");
  static final ClassDesc ASSOCIATIVE = ClassDesc.of(PACKAGE + "VectorOperators$Associative");
  static final ClassDesc CONVERSION = ClassDesc.of(PACKAGE + "VectorOperators$Conversion");
  private static final ClassDesc SEGMENT = ScalarEmitter.desc(MemorySegment.class);
  private static final ClassDesc ORDER = ScalarEmitter.desc(ByteOrder.class);

  private final CodeBuilder code;
  /** Whether lanes are 64 bits wide. */
  private final boolean wide;
  private final int lanes;

  VectorApi(CodeBuilder code, boolean wide) {
    this.code = code;
    this.wide = wide;
    lanes = wide ? Simd.LANES / 2 : Simd.LANES;
  }

  int lanes() {
    return lanes;
  }

  private static ClassDesc type(String name) {
    return ClassDesc.of(PACKAGE + name);
  }

  DType floatKind() {
    return wide ? DType.F64 : DType.F32;
  }

  DType integerKind() {
    return wide ? DType.I64 : DType.I32;
  }

  /** A new local for a vector or a mask. */
  int local() {
    return code.allocateLocal(TypeKind.REFERENCE);
  }

  void operator(String name, ClassDesc type) {
    code.getstatic(OPERATORS, name, type);
  }

  void species(DType kind) {
    code.getstatic(vector(kind), "SPECIES_PREFERRED", SPECIES);
  }

  /** The species of as many 8- or 16-bit elements as a vector has lanes. */
  void narrowSpecies(DType memory) {
    code.getstatic(narrow(memory), "SPECIES_" + lanes * memory.bytes() * 8, SPECIES);
  }

  void segment() {
    code.getstatic(ScalarTypes.MEMORY, "ALL", SEGMENT);
  }

  void order() {
    code.getstatic(ScalarTypes.MEMORY, "ORDER", ORDER);
  }

  /** Species, segment, address and order are on the stack. */
  void fromMemory(ClassDesc v) {
    code.invokestatic(v, "fromMemorySegment", MethodTypeDesc.of(v, SPECIES, SEGMENT, CD_long, ORDER));
  }

  /** The vector, segment, address and order are on the stack. */
  void intoMemory(ClassDesc v) {
    code.invokevirtual(v, "intoMemorySegment", MethodTypeDesc.of(CD_void, SEGMENT, CD_long, ORDER));
  }

  /** Species and scalar are on the stack. */
  void broadcast(DType kind) {
    code.invokestatic(vector(kind), "broadcast", MethodTypeDesc.of(vector(kind), SPECIES, element(kind)));
  }

  /** Converts the vector on the stack to the preferred species of another kind. */
  void convert(String conversion, DType to) {
    operator(conversion, CONVERSION);
    species(to);
    code.iconst_0().invokevirtual(VECTOR, "convertShape", MethodTypeDesc.of(VECTOR, CONVERSION, SPECIES, CD_int))
        .checkcast(vector(to));
  }

  /** Converts the mask on the stack to the preferred species of another kind. */
  void castMask(DType kind) {
    species(kind);
    code.invokevirtual(MASK, "cast", MethodTypeDesc.of(MASK, SPECIES));
  }

  static ClassDesc narrow(DType memory) {
    return type(memory.bytes() == 1 ? "ByteVector" : "ShortVector");
  }

  static ClassDesc vector(DType kind) {
    return type(switch (kind) {
      case F32 -> "FloatVector";
      case F64 -> "DoubleVector";
      case I64 -> "LongVector";
      default -> "IntVector";
    });
  }

  static ClassDesc element(DType kind) {
    return switch (kind) {
      case F32 -> CD_float;
      case F64 -> CD_double;
      case I64 -> CD_long;
      default -> CD_int;
    };
  }
}
