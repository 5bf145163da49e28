package org.lathe.backends.simt.ir;

import java.util.List;
import java.util.Set;

/** Names that mean something in OpenCL C, which kernels therefore do not give to what is theirs. */
public final class ReservedNames {
  private static final Set<String> WORDS = Set
      .of(("""
          auto break case char const continue default do double else enum extern float for goto if inline int long register \
          restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool half \
          uchar ushort uint ulong size_t ptrdiff_t intptr_t uintptr_t event_t sampler_t image1d_t image2d_t image3d_t \
          complex imaginary quad true false NULL NAN INFINITY HUGE_VALF HUGE_VAL MAXFLOAT kernel global local constant \
          private generic pipe read_only write_only read_write attribute uniform pragma asm typeof main printf vec_step \
          acos acosh acospi asin asinh asinpi atan atan2 atanh atanpi atan2pi cbrt ceil copysign cos cosh cospi erfc erf \
          exp exp2 exp10 expm1 fabs fdim floor fma fmax fmin fmod fract frexp hypot ilogb ldexp lgamma lgamma_r log log2 \
          log10 log1p logb mad maxmag minmag modf nan nextafter pow pown powr remainder remquo rint rootn round rsqrt sin \
          sincos sinh sinpi sqrt tan tanh tanpi tgamma trunc divide recip abs abs_diff add_sat hadd rhadd clamp clz mad_hi \
          mad_sat max min mul_hi rotate sub_sat upsample popcount mad24 mul24 degrees mix radians step smoothstep sign \
          cross dot distance length normalize fast_distance fast_length fast_normalize isequal isnotequal isgreater \
          isgreaterequal isless islessequal islessgreater isfinite isinf isnan isnormal isordered isunordered signbit any \
          all bitselect select shuffle shuffle2 barrier mem_fence read_mem_fence write_mem_fence prefetch \
          wait_group_events async_work_group_copy async_work_group_strided_copy""")
          .strip().split("\\s+"));
  private static final List<String> PREFIXES = List.of(
      "__", "lathe_", "get_", "as_", "convert_", "vload", "vstore", "native_", "half_", "atomic_", "atom_",
      "read_image",
      "write_image", "CL_", "CLK_", "FLT_", "DBL_", "M_", "INT_", "UINT_", "LONG_", "ULONG_", "CHAR_", "SCHAR_",
      "SHRT_",
      "work_group_", "sub_group_", "cl_");
  private static final List<String> VECTORS = List.of(
      "char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "half", "bool");

  private ReservedNames() {}

  public static boolean contains(String name) {
    return WORDS.contains(name) || PREFIXES.stream().anyMatch(name::startsWith) || isVector(name);
  }

  /** Whether it is the name of a vector type, such as {@code float4}. */
  private static boolean isVector(String name) {
    int end = name.length();
    while (end > 0 && Character.isDigit(name.charAt(end - 1))) {
      end--;
    }
    return end < name.length() && VECTORS.contains(name.substring(0, end));
  }
}
