package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * Transcendental functions of f32 composed of operations that Java rounds exactly, so that they have the same bits in
 * vector and scalar code, interpreted or compiled, on every machine. (The lanewise functions of the Vector API change
 * their last bits when the JIT compiles them.)
 *
 * <p>Polynomials and rational functions are minimax fits made for this file. Errors measured over all magnitudes are in
 * {@code FunctionsTest}; all are below 4 units in the last place.
 */
final class Functions {
  private static final double LN2_HIGH = 0x1.62e4p-1;
  private static final double LN2_LOW = 0x1.7f7d1cf79abcap-20;
  /** 1.5 * 2^23: adding it rounds a float of small magnitude to an integer, ties to even. */
  private static final double ROUNDER = 0x1.8p23;

  private Functions() {}

  /** e^x; underflows gradually, overflows to infinity. */
  static int exp(Body b, int x) {
    int high = b.f32(89);
    return expBelow89(b, b.select(b.compare(Op.LT, high, x), high, x));
  }

  private static int expBelow89(Body b, int x) {
    int low = b.f32(-104);
    int clamped = b.select(b.compare(Op.LT, x, low), low, x);
    int t = b.fma(clamped, b.f32(1.4426950408889634), b.f32(ROUNDER));
    int p = expPolynomial(b, clamped, b.binary(Op.SUB, t, b.f32(ROUNDER)));
    int n = b.binary(Op.SUB, b.bits(t), b.bits(b.f32(ROUNDER)));
    int half = b.binary(Op.SAR, n, b.i32(1));
    int first = b.binary(Op.MUL, p, power(b, half));
    return b.binary(Op.MUL, first, power(b, b.binary(Op.SUB, n, half)));
  }

  private static int expPolynomial(Body b, int x, int n) {
    int r = b.fma(n, b.f32(-LN2_LOW), b.fma(n, b.f32(-LN2_HIGH), x));
    int q = b.polynomial(r, 0.0013950467109680176, 0.008368883281946182, 0.04166620597243309, 0.166665181517601, 0.5);
    return b.binary(Op.ADD, b.fma(b.binary(Op.MUL, r, r), q, r), b.f32(1));
  }

  /** 2^n for an i32 n in -126..127. */
  private static int power(Body b, int n) {
    return b.fromBits(b.binary(Op.SHL, b.binary(Op.ADD, n, b.i32(127)), b.i32(23)));
  }

  /** e^x - 1, accurate near 0. */
  static int expm1(Body b, int x) {
    int low = b.f32(-18);
    int high = b.f32(89);
    int clamped = b.select(b.compare(Op.LT, x, low), low, x);
    clamped = b.select(b.compare(Op.LT, high, clamped), high, clamped);
    int t = b.fma(clamped, b.f32(1.4426950408889634), b.f32(ROUNDER));
    int nf = b.binary(Op.SUB, t, b.f32(ROUNDER));
    int n = b.binary(Op.SUB, b.bits(t), b.bits(b.f32(ROUNDER)));
    int r = b.fma(nf, b.f32(-LN2_LOW), b.fma(nf, b.f32(-LN2_HIGH), clamped));
    int q = b.polynomial(r, 0.0013946420513093472, 0.008366578258574009, 0.04166628420352936, 0.1666654348373413, 0.5);
    int p = b.fma(b.binary(Op.MUL, r, r), q, r);
    int s = power(b, b.binary(Op.SUB, n, b.i32(1)));
    int halved = b.fma(p, s, b.binary(Op.SUB, s, b.f32(0.5)));
    return b.select(b.compare(Op.EQ, x, b.f32(0)), x, b.binary(Op.ADD, halved, halved));
  }

  static int log(Body b, int x) {
    int tiny = b.compare(Op.LT, x, b.f32(Float.MIN_NORMAL));
    int scaled = b.select(tiny, b.binary(Op.MUL, x, b.f32(0x1p23)), x);
    int bias = b.select(tiny, b.i32(127 + 23), b.i32(127));
    // The bits of sqrt(1/2) are subtracted so that the mantissa falls into [sqrt(1/2), sqrt(2)).
    int root = Float.floatToRawIntBits((float) Math.sqrt(0.5));
    int one = Float.floatToRawIntBits(1f);
    int shifted = b.binary(Op.ADD, b.bits(scaled), b.i32(one - root));
    int e = b.convert(b.binary(Op.SUB, b.binary(Op.SAR, shifted, b.i32(23)), bias), DType.F32);
    int m = b.fromBits(b.binary(Op.ADD, b.binary(Op.AND, shifted, b.i32(0x7fffff)), b.i32(root)));
    int f = b.binary(Op.SUB, m, b.f32(1));
    int p = b.polynomial(f, -0.07634107768535614, 0.12761420011520386, -0.13160255551338196, 0.14201784133911133,
        -0.16623352468013763, 0.20001225173473358, -0.250008225440979, 0.3333333134651184);
    int ff = b.binary(Op.MUL, f, f);
    int small = b.fma(b.binary(Op.MUL, ff, f), p, b.fma(e, b.f32(LN2_LOW), b.binary(Op.MUL, ff, b.f32(-0.5))));
    int r = b.fma(e, b.f32(LN2_HIGH), b.binary(Op.ADD, f, small));
    r = b.select(b.compare(Op.LT, x, b.f32(0)), b.f32(Double.NaN), r);
    r = b.select(b.compare(Op.EQ, x, b.f32(0)), b.f32(Double.NEGATIVE_INFINITY), r);
    // Infinity and NaN are their own logarithm.
    return b.select(b.compare(Op.LT, x, b.f32(Double.POSITIVE_INFINITY)), r, b.select(
        b.compare(Op.EQ, x, x), b.f32(Double.POSITIVE_INFINITY), x));
  }

  /** log(1 + x), accurate near 0: the rounding error of 1 + x is put back to first order. */
  static int log1p(Body b, int x) {
    int u = b.binary(Op.ADD, x, b.f32(1));
    int log = log(b, u);
    int error = b.binary(Op.SUB, x, b.binary(Op.SUB, u, b.f32(1)));
    int corrected = b.binary(Op.ADD, log, b.binary(Op.DIV, error, u));
    int regular = b.binary(Op.AND, b.compare(Op.LT, b.f32(0), u),
        b.compare(Op.LT, u, b.f32(Double.POSITIVE_INFINITY)));
    int r = b.select(regular, corrected, log);
    return b.select(b.compare(Op.EQ, x, b.f32(0)), x, r);
  }

  static int tanh(Body b, int x) {
    int c = clamp(b, x, 9);
    int t = b.binary(Op.MUL, c, c);
    int p = b.polynomial(t, -8.49099639882965e-14, 5.2789370097450217e-11, -2.022747302987682e-08,
        1.1154901585541666e-05,
        0.003104015253484249, 0.13084064424037933, 1.0);
    int q = b.polynomial(t, 0.00025462298071943223, 0.02449541538953781, 0.46417391300201416, 1.0);
    int r = b.binary(Op.DIV, b.binary(Op.MUL, c, p), q);
    // The quotient ends a unit short of 1; the exact limit matters where 1 + tanh(x) meets an infinity.
    r = b.select(b.compare(Op.LT, b.f32(9), x), b.f32(1), r);
    return b.select(b.compare(Op.LT, x, b.f32(-9)), b.f32(-1), r);
  }

  /** The Gauss error function. */
  static int erf(Body b, int x) {
    int c = clamp(b, x, 3.93);
    int t = b.binary(Op.MUL, c, c);
    int p = b.polynomial(t, 2.036162413787679e-06, 0.00028473642465303071, 0.0037891205865889788, 0.05281854420900345,
        0.191043421626091, 1.1283791065216064);
    int q = b.polynomial(t, 3.794029908021912e-05, 0.001166989910416305, 0.015016666613519192, 0.1143593043088913,
        0.5026405453681946, 1.0);
    return clamp(b, b.binary(Op.DIV, b.binary(Op.MUL, c, p), q), 1);
  }

  /** 1/(1+exp(-x)), by the exponential of -|x|, which cannot overflow. */
  static int sigmoid(Body b, int x) {
    int e = expBelow89(b, b.unary(Op.NEG, b.unary(Op.ABS, x)));
    int r = b.binary(Op.DIV, b.f32(1), b.binary(Op.ADD, e, b.f32(1)));
    return b.select(b.compare(Op.LT, x, b.f32(0)), b.binary(Op.MUL, e, r), r);
  }

  /** x limited to [-limit, limit]; NaN stays. */
  private static int clamp(Body b, int x, double limit) {
    int low = b.f32(-limit);
    int high = b.f32(limit);
    int c = b.select(b.compare(Op.LT, x, low), low, x);
    return b.select(b.compare(Op.LT, high, c), high, c);
  }

  /** Rounds toward negative infinity (direction -1), positive infinity (1), or to nearest even (0). */
  static int round(Body b, int x, int direction) {
    int magnitude = b.unary(Op.ABS, x);
    int whole = b.f32(0x1p23);
    int r = b.binary(Op.SUB, b.binary(Op.ADD, magnitude, whole), whole);
    int sign = b.binary(Op.AND, b.bits(x), b.i32(Integer.MIN_VALUE));
    int signed = b.fromBits(b.binary(Op.OR, b.bits(r), sign));
    if (direction < 0) {
      int down = b.binary(Op.SUB, signed, b.f32(1));
      signed = b.select(b.compare(Op.LT, x, signed), down, signed);
    } else if (direction > 0) {
      int up = b.binary(Op.ADD, signed, b.f32(1));
      signed = b.select(b.compare(Op.LT, signed, x), up, signed);
      signed = b.fromBits(b.binary(Op.OR, b.bits(signed), sign));
    }
    return b.select(b.compare(Op.LT, magnitude, whole), signed, x);
  }

  /** The float of 16 bits of IEEE binary16 or bfloat16 in an i32. */
  static int fromHalf(Body b, int bits, DType half) {
    if (half == DType.BF16) {
      return b.fromBits(b.binary(Op.SHL, bits, b.i32(16)));
    }
    int magnitude = b.binary(Op.SHL, b.binary(Op.AND, bits, b.i32(0x7fff)), b.i32(13));
    int sign = b.binary(Op.SHL, b.binary(Op.AND, bits, b.i32(0x8000)), b.i32(16));
    int finite = b.bits(b.binary(Op.MUL, b.fromBits(magnitude), b.f32(0x1p112)));
    int special = b.compare(Op.LE, b.i32(0x7c00 << 13), magnitude);
    int value = b.select(special, b.binary(Op.OR, magnitude, b.i32(0x7f800000)), finite);
    return b.fromBits(b.binary(Op.OR, value, sign));
  }

  /** The 16 bits, in an i32, of a float rounded to nearest even. */
  static int toHalf(Body b, int x, DType half) {
    int u = b.bits(x);
    int magnitude = b.binary(Op.AND, u, b.i32(0x7fffffff));
    int sign = b.binary(Op.AND, b.binary(Op.SHR, u, b.i32(16)), b.i32(0x8000));
    int infinity = b.i32(0x7f800000);
    int nan = b.compare(Op.LT, infinity, magnitude);
    if (half == DType.BF16) {
      int odd = b.binary(Op.AND, b.binary(Op.SHR, magnitude, b.i32(16)), b.i32(1));
      int rounded = b.binary(Op.ADD, b.binary(Op.ADD, magnitude, b.i32(0x7fff)), odd);
      int value = b.select(nan, b.i32(0x7fc0), b.binary(Op.SHR, rounded, b.i32(16)));
      return b.binary(Op.OR, value, sign);
    }
    int odd = b.binary(Op.AND, b.binary(Op.SHR, magnitude, b.i32(13)), b.i32(1));
    int rebased = b.binary(Op.ADD, magnitude, b.i32(0xfff - (112 << 23)));
    int normal = b.binary(Op.SHR, b.binary(Op.ADD, rebased, odd), b.i32(13));
    int raised = b.binary(Op.ADD, b.fromBits(magnitude), b.f32(0.5));
    int subnormal = b.binary(Op.SUB, b.bits(raised), b.i32(0x3f000000));
    int value = b.select(b.compare(Op.LT, magnitude, b.i32(0x38800000)), subnormal, normal);
    int special = b.select(nan, b.i32(0x7e00), b.i32(0x7c00));
    value = b.select(b.compare(Op.LE, b.i32(0x47800000), magnitude), special, value);
    return b.binary(Op.OR, value, sign);
  }
}
