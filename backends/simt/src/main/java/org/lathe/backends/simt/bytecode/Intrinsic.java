package org.lathe.backends.simt.bytecode;

import java.lang.constant.MethodTypeDesc;

/**
 * Functions of OpenCL C that Java has no bytecode for. Kernels call them as static methods of these names and types: in a
 * JVM those of {@link Intrinsics}, for Aparapi annotated ones that it replaces by {@link #cl}.
 *
 * <p>Several elements of a byte array are read and written as one: {@code vload4} gives four bytes, which {@code as_float}
 * takes for an f32. The Java types stand in for OpenCL's: an int for a {@code char2} or {@code char4}, a long for a
 * {@code char8}.
 */
enum Intrinsic {
  LOAD_2("vload2", "(I[B)I"), LOAD_4("vload4", "(I[B)I"), LOAD_8("vload8", "(I[B)J"), STORE_2("vstore2",
      "(II[B)V"), STORE_4("vstore4", "(II[B)V"), STORE_8("vstore8", "(JI[B)V"),
  /** Two bytes as an unsigned number. */
  AS_USHORT("as_ushort", "(I)I"), AS_INT("as_int", "(I)I"), AS_LONG("as_long", "(J)J"), AS_UINT("as_uint",
      "(I)I"), AS_ULONG("as_ulong", "(J)J"), AS_FLOAT("as_float", "(I)F"), AS_DOUBLE("as_double",
          "(J)D"), FLOAT_AS_INT("as_int", "(F)I"), DOUBLE_AS_LONG("as_long", "(D)J"), SHORT_AS_BYTES("as_char2",
              "(S)I"), INT_AS_BYTES("as_char4", "(I)I"), FLOAT_AS_BYTES("as_char4",
                  "(F)I"), LONG_AS_BYTES("as_char8", "(J)J"), DOUBLE_AS_BYTES("as_char8", "(D)J"),
  /** The difference of two longs, or the long nearest to it. */
  SUBTRACT_SATURATED("sub_sat", "(JJ)J"), FLOAT_TO_INT("convert_int_sat_rtz", "(F)I"), DOUBLE_TO_INT(
      "convert_int_sat_rtz",
      "(D)I"), FLOAT_TO_LONG("convert_long_sat_rtz", "(F)J"), DOUBLE_TO_LONG("convert_long_sat_rtz", "(D)J"), FMA("fma",
          "(FFF)F"), FMA_DOUBLE("fma", "(DDD)D"), FABS("fabs", "(F)F"), FABS_DOUBLE("fabs", "(D)D"), SQRT("sqrt",
              "(F)F"), SQRT_DOUBLE("sqrt", "(D)D"), RSQRT("rsqrt", "(F)F"), RSQRT_DOUBLE("rsqrt", "(D)D"), EXP("exp",
                  "(F)F"), EXP_DOUBLE("exp", "(D)D"), EXPM1("expm1", "(F)F"), EXPM1_DOUBLE("expm1", "(D)D"), LOG("log",
                      "(F)F"), LOG_DOUBLE("log", "(D)D"), LOG1P("log1p", "(F)F"), LOG1P_DOUBLE("log1p",
                          "(D)D"), SIN("sin", "(F)F"), SIN_DOUBLE("sin", "(D)D"), COS("cos", "(F)F"), COS_DOUBLE("cos",
                              "(D)D"), TANH("tanh", "(F)F"), TANH_DOUBLE("tanh", "(D)D"), ERF("erf",
                                  "(F)F"), ERF_DOUBLE("erf", "(D)D"), FLOOR("floor", "(F)F"), FLOOR_DOUBLE("floor",
                                      "(D)D"), CEIL("ceil", "(F)F"), CEIL_DOUBLE("ceil", "(D)D"), ROUND("rint",
                                          "(F)F"), ROUND_DOUBLE("rint", "(D)D"), POW("pow", "(FF)F"), POW_DOUBLE("pow",
                                              "(DD)D"), REMAINDER("fmod", "(FF)F"), REMAINDER_DOUBLE("fmod", "(DD)D");

  private final String cl;
  private final MethodTypeDesc type;

  Intrinsic(String cl, String type) {
    this.cl = cl;
    this.type = MethodTypeDesc.ofDescriptor(type);
  }

  /** What the function is called in OpenCL C. */
  String cl() {
    return cl;
  }

  /** The name of the Java method; Aparapi makes a C function of each method, so no two share a name. */
  String method() {
    StringBuilder s = new StringBuilder();
    for (String word : name().split("_")) {
      String lower = word.toLowerCase(java.util.Locale.ROOT);
      s.append(s.isEmpty() ? lower : Character.toUpperCase(lower.charAt(0)) + lower.substring(1));
    }
    return s.toString();
  }

  MethodTypeDesc type() {
    return type;
  }
}
