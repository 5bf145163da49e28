package org.lathe.backends.simt.bytecode;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What the functions of generated kernels do where a JVM runs them. Called by generated code; any thread. */
public final class Intrinsics {
  private static final VarHandle SHORTS = view(short[].class);
  private static final VarHandle INTS = view(int[].class);
  private static final VarHandle LONGS = view(long[].class);

  private Intrinsics() {}

  private static VarHandle view(Class<?> type) {
    return MethodHandles.byteArrayViewVarHandle(type, ByteOrder.LITTLE_ENDIAN);
  }

  public static int load2(int i, byte[] a) {
    return (short) SHORTS.get(a, Math.multiplyExact(2, i)) & 0xffff;
  }

  public static int load4(int i, byte[] a) {
    return (int) INTS.get(a, Math.multiplyExact(4, i));
  }

  public static long load8(int i, byte[] a) {
    return (long) LONGS.get(a, Math.multiplyExact(8, i));
  }

  public static void store2(int v, int i, byte[] a) {
    SHORTS.set(a, Math.multiplyExact(2, i), (short) v);
  }

  public static void store4(int v, int i, byte[] a) {
    INTS.set(a, Math.multiplyExact(4, i), v);
  }

  public static void store8(long v, int i, byte[] a) {
    LONGS.set(a, Math.multiplyExact(8, i), v);
  }

  public static int asUshort(int x) {
    return x & 0xffff;
  }

  public static int asInt(int x) {
    return x;
  }

  public static long asLong(long x) {
    return x;
  }

  public static int asUint(int x) {
    return x;
  }

  public static long asUlong(long x) {
    return x;
  }

  public static float asFloat(int x) {
    return Float.intBitsToFloat(x);
  }

  public static double asDouble(long x) {
    return Double.longBitsToDouble(x);
  }

  public static int floatAsInt(float x) {
    return Float.floatToRawIntBits(x);
  }

  public static long doubleAsLong(double x) {
    return Double.doubleToRawLongBits(x);
  }

  public static int shortAsBytes(short x) {
    return x & 0xffff;
  }

  public static int intAsBytes(int x) {
    return x;
  }

  public static int floatAsBytes(float x) {
    return Float.floatToRawIntBits(x);
  }

  public static long longAsBytes(long x) {
    return x;
  }

  public static long doubleAsBytes(double x) {
    return Double.doubleToRawLongBits(x);
  }

  public static long subtractSaturated(long a, long b) {
    long d = a - b;
    return ((a ^ b) & (a ^ d)) >= 0 ? d : a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
  }

  public static int floatToInt(float x) {
    return (int) x;
  }

  public static int doubleToInt(double x) {
    return (int) x;
  }

  public static long floatToLong(float x) {
    return (long) x;
  }

  public static long doubleToLong(double x) {
    return (long) x;
  }

  public static float fma(float a, float b, float c) {
    return Math.fma(a, b, c);
  }

  public static double fmaDouble(double a, double b, double c) {
    return Math.fma(a, b, c);
  }

  public static float fabs(float x) {
    return Math.abs(x);
  }

  public static double fabsDouble(double x) {
    return Math.abs(x);
  }

  public static float sqrt(float x) {
    return (float) Math.sqrt(x);
  }

  public static double sqrtDouble(double x) {
    return Math.sqrt(x);
  }

  public static float rsqrt(float x) {
    return (float) (1 / Math.sqrt(x));
  }

  public static double rsqrtDouble(double x) {
    return 1 / Math.sqrt(x);
  }

  public static float exp(float x) {
    return (float) Math.exp(x);
  }

  public static double expDouble(double x) {
    return Math.exp(x);
  }

  public static float expm1(float x) {
    return (float) Math.expm1(x);
  }

  public static double expm1Double(double x) {
    return Math.expm1(x);
  }

  public static float log(float x) {
    return (float) Math.log(x);
  }

  public static double logDouble(double x) {
    return Math.log(x);
  }

  public static float log1p(float x) {
    return (float) Math.log1p(x);
  }

  public static double log1pDouble(double x) {
    return Math.log1p(x);
  }

  public static float sin(float x) {
    return (float) Math.sin(x);
  }

  public static double sinDouble(double x) {
    return Math.sin(x);
  }

  public static float cos(float x) {
    return (float) Math.cos(x);
  }

  public static double cosDouble(double x) {
    return Math.cos(x);
  }

  public static float tanh(float x) {
    return (float) Math.tanh(x);
  }

  public static double tanhDouble(double x) {
    return Math.tanh(x);
  }

  public static float erf(float x) {
    return (float) erfDouble(x);
  }

  /** Its Maclaurin series up to 2; beyond, the continued fraction of the complement, 60 terms deep. */
  public static double erfDouble(double x) {
    double z = Math.abs(x);
    if (!(z > 2)) {
      double power = x;
      double sum = x;
      for (int n = 1; n < 60; n++) {
        power *= -x * x / n;
        sum += power / (2 * n + 1);
      }
      return sum * 2 / Math.sqrt(Math.PI);
    }
    double fraction = z;
    for (int k = 60; k > 0; k--) {
      fraction = z + 0.5 * k / fraction;
    }
    return Math.copySign(1 - Math.exp(-z * z) / (fraction * Math.sqrt(Math.PI)), x);
  }

  public static float floor(float x) {
    return (float) Math.floor(x);
  }

  public static double floorDouble(double x) {
    return Math.floor(x);
  }

  public static float ceil(float x) {
    return (float) Math.ceil(x);
  }

  public static double ceilDouble(double x) {
    return Math.ceil(x);
  }

  public static float round(float x) {
    return (float) Math.rint(x);
  }

  public static double roundDouble(double x) {
    return Math.rint(x);
  }

  public static float pow(float a, float b) {
    return (float) Math.pow(a, b);
  }

  public static double powDouble(double a, double b) {
    return Math.pow(a, b);
  }

  public static float remainder(float a, float b) {
    return a % b;
  }

  public static double remainderDouble(double a, double b) {
    return a % b;
  }
}
