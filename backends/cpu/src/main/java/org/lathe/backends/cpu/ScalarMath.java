package org.lathe.backends.cpu;

/** Functions that generated scalar loops call. Their bits do not depend on the JIT. */
final class ScalarMath {
  private ScalarMath() {}

  /** Whether {@code a} replaces the maximum so far; the first NaN does. */
  static boolean above(float a, float best) {
    return a > best || (a != a && best == best);
  }

  /** Whether {@code a} replaces the minimum so far; the first NaN does. */
  static boolean below(float a, float best) {
    return a < best || (a != a && best == best);
  }

  static boolean above(double a, double best) {
    return a > best || (a != a && best == best);
  }

  static boolean below(double a, double best) {
    return a < best || (a != a && best == best);
  }

  static boolean above(int a, int best) {
    return a > best;
  }

  static boolean below(int a, int best) {
    return a < best;
  }

  static boolean above(long a, long best) {
    return a > best;
  }

  static boolean below(long a, long best) {
    return a < best;
  }

  static int div(int a, int b) {
    return b == 0 ? 0 : a / b;
  }

  static long div(long a, long b) {
    return b == 0 ? 0 : a / b;
  }

  static int rem(int a, int b) {
    return b == 0 ? 0 : a % b;
  }

  static long rem(long a, long b) {
    return b == 0 ? 0 : a % b;
  }

  static float rem(float a, float b) {
    return a % b;
  }

  static double rem(double a, double b) {
    return a % b;
  }

  static float pow(float a, float b) {
    return (float) Math.pow(a, b);
  }

  static double pow(double a, double b) {
    return Math.pow(a, b);
  }

  static float sin(float x) {
    return (float) Math.sin(x);
  }

  static double sin(double x) {
    return Math.sin(x);
  }

  static float cos(float x) {
    return (float) Math.cos(x);
  }

  static double cos(double x) {
    return Math.cos(x);
  }

  static double exp(double x) {
    return Math.exp(x);
  }

  static double expm1(double x) {
    return Math.expm1(x);
  }

  static double log(double x) {
    return Math.log(x);
  }

  static double log1p(double x) {
    return Math.log1p(x);
  }

  static double tanh(double x) {
    return Math.tanh(x);
  }

  static double floor(double x) {
    return Math.floor(x);
  }

  static double ceil(double x) {
    return Math.ceil(x);
  }

  static double rint(double x) {
    return Math.rint(x);
  }

  static double sigmoid(double x) {
    double e = Math.exp(-Math.abs(x));
    return x < 0 ? e / (1 + e) : 1 / (1 + e);
  }

  /** The Gauss error function: its Taylor series up to 1.5, then the continued fraction of the complement. */
  static double erf(double x) {
    double z = Math.abs(x);
    if (z > 6) {
      return Math.signum(x);
    }
    if (!(z > 1.5)) {
      double square = x * x;
      double term = x;
      double sum = x;
      for (int n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
        term *= -square / n;
        sum += term / (2 * n + 1);
      }
      return sum * 1.1283791670955126;
    }
    double tail = 0;
    for (int k = 120; k > 0; k--) {
      tail = 0.5 * k / (z + tail);
    }
    return Math.copySign(1 - Math.exp(-z * z) * 0.5641895835477563 / (z + tail), x);
  }
}
