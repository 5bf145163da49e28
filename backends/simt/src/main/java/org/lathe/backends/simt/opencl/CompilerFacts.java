package org.lathe.backends.simt.opencl;

/** What a device's compiler says of it by its macros, for frameworks that cannot be asked. */
public final class CompilerFacts {
  /** Where {@link #STATEMENTS} put the width of f32 vectors, in lanes. */
  public static final int FLOAT_LANES = 0;

  /** Where they put whether the device computes in f64: 1 or 0. */
  public static final int HAS_F64 = 1;

  /** The condition that holds where it computes in f64. */
  public static final String F64_CONDITION = "defined(cl_khr_fp64) || defined(__opencl_c_fp64)";

  /** OpenCL C that writes the facts to {@code out}, a {@code __global int*}. */
  public static final String STATEMENTS = """
      #if defined(__AVX512F__)
        out[0] = 16;
      #elif defined(__AVX__)
        out[0] = 8;
      #else
        out[0] = 4;
      #endif
      #if %s
        out[1] = 1;
      #else
        out[1] = 0;
      #endif
      """.formatted(F64_CONDITION);

  private CompilerFacts() {}
}
