package org.lathe.reference;

import org.lathe.hal.DType;

/** One value: {@code real} for floating types, {@code whole} for all others. The one not used is 0. */
public record Scalar(double real, long whole) {

  /** A floating value that is not rounded to any type. */
  public static Scalar real(double x) {
    return new Scalar(x, 0);
  }

  /** A floating value of {@code type}, rounded to the type in which it computes. */
  public static Scalar of(DType type, double real) {
    return new Scalar(type.compute() == DType.F32 ? (float) real : real, 0);
  }

  /** A value of an integer type or bool: what does not fit wraps. */
  public static Scalar of(DType type, long whole) {
    return new Scalar(0, switch (type) {
      case I32 -> (int) whole;
      case U8 -> whole & 0xff;
      case BOOL -> whole != 0 ? 1 : 0;
      default -> whole;
    });
  }

  /** A number as a value of {@code type}: rounded, or truncated. */
  public static Scalar number(DType type, double value) {
    return type.isFloating() ? new Scalar(round(type, value), 0) : of(type, (long) value);
  }

  public double asDouble(DType type) {
    return type.isFloating() ? real : whole;
  }

  /** Whether this type is of memory only. */
  public static boolean isHalf(DType type) {
    return type.compute() != type;
  }

  /** The nearest value that the floating type has, ties to even. */
  public static double round(DType type, double x) {
    return switch (type) {
      case F32 -> (float) x;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) x));
      case BF16 -> bfloat((float) x);
      default -> x;
    };
  }

  /** bfloat16 has 8 significant bits; a subnormal keeps the spacing of the least exponent. */
  private static double bfloat(float x) {
    if (!Float.isFinite(x) || x == 0) {
      return x;
    }
    double ulp = Math.scalb(1.0, Math.max(Math.getExponent(x), -126) - 7);
    double r = Math.rint(x / ulp) * ulp;
    return Math.abs(r) >= Math.scalb(1.0, 128) ? Math.copySign(Double.POSITIVE_INFINITY, r) : Math.copySign(r, x);
  }
}
