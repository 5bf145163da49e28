package org.lathe.backends.simt.opencl;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lathe.backends.simt.ir.Type;
import org.lathe.hal.DType;

/** Functions that the source needs where OpenCL's own differ from the ops' meaning; each is written once, when first used. */
final class ClFunctions {
  /** From how many lanes on a vector of f32 is wide. */
  private static final int WIDE = 8;

  private final Map<String, String> written = new LinkedHashMap<>();

  /** The text of all functions used so far. */
  String text() {
    return String.join("", written.values());
  }

  private String function(String name, String result, String parameters, String body) {
    written.putIfAbsent(
        name, "static inline " + result + " " + name + "(" + parameters + ") {\n" + body.indent(2) + "}\n\n");
    return name;
  }

  private static String name(String what, Type type) {
    return "lathe_" + what + "_" + type;
  }

  /** {@code yes} where the mask, of the comparison's own type, holds; else {@code no}. */
  private static String choose(Type type, String mask, String yes, String no) {
    return type.isScalar() ? "(" + mask + ") ? " + yes + " : " + no : "select(" + no + ", " + yes + ", " + mask + ")";
  }

  private static String literal(Type type, String scalar) {
    return "(" + ClTypes.register(type) + ")(" + scalar + ")";
  }

  /** The quotient of integers: 0 where the divisor is 0, the dividend's negation, which wraps, where it is -1. */
  String divide(Type type) {
    return integerDivision(type, "divide", "/",
        "as_" + ClTypes.register(type) + "(-as_" + ClTypes.unsigned(type) + "(a))");
  }

  String remainder(Type type) {
    return integerDivision(type, "remainder", "%", literal(type, "0"));
  }

  private String integerDivision(Type type, String what, String operator, String byMinusOne) {
    String t = ClTypes.register(type);
    String unsafe = type.dtype() == DType.U8
        ? "b == " + literal(type, "0")
        : "(b == " + literal(type, "0") + ") | (b == " + literal(type, "-1") + ")";
    String body = t + " q = a " + operator + " (" + choose(type, unsafe, literal(type, "1"), "b") + ");\n";
    if (type.dtype() != DType.U8) {
      body += "q = " + choose(type, "b == " + literal(type, "-1"), byMinusOne, "q") + ";\n";
    }
    body += "return " + choose(type, "b == " + literal(type, "0"), literal(type, "0"), "q") + ";\n";
    return function(name(what, type), t, t + " a, " + t + " b", body);
  }

  /** The larger or smaller of two floating values: NaN if either is, -0 below 0. */
  String extreme(Type type, boolean largest) {
    String t = ClTypes.register(type);
    String bits = ClTypes.register(type.withDtype(type.dtype() == DType.F64 ? DType.I64 : DType.I32));
    String zeros = "as_" + t + "(as_" + bits + "(a) " + (largest ? "&" : "|") + " as_" + bits + "(b))";
    String body = t + " r = " + choose(type, "a == b", zeros, "b") + ";\n"
        + "return " + choose(type, "(a " + (largest ? ">" : "<") + " b) | (a != a)", "a", "r") + ";\n";
    return function(name(largest ? "max" : "min", type), t, t + " a, " + t + " b", body);
  }

  String sign(Type type) {
    String t = ClTypes.register(type);
    return function(
        name("sign", type), t, t + " a", "return " + choose(type, "a != a", "a", "sign(a)") + ";\n");
  }

  /** The remainder of floating values, with the dividend's sign. */
  String floatingRemainder(Type type) {
    return isDoubles(type) ? lanewise("fmod", type, "fmod") : "fmod";
  }

  /** PoCL's remainders and powers of double vectors are wrong in some lanes where others hold infinities or NaN. */
  private static boolean isDoubles(Type type) {
    return type.dtype() == DType.F64 && !type.isScalar();
  }

  /** Sine or cosine. Where one lane of a vector of f32 is large, PoCL's are wrong in the others. */
  String periodic(Type type, String function) {
    if (type.isScalar() || type.dtype() != DType.F32) {
      return function;
    }
    String t = ClTypes.register(type);
    String lanes = IntStream.range(0, type.lanes())
        .mapToObj(l -> function + "(a.s" + Integer.toHexString(l) + ")").collect(Collectors.joining(", "));
    return function(name(function, type), t, t + " a",
        "return all(fabs(a) < 1e4f) ? " + function + "(a) : (" + t + ")(" + lanes + ");\n");
  }

  /** A function of two vectors by that of their lanes. */
  private String lanewise(String what, Type type, String scalar) {
    String t = ClTypes.register(type);
    String lanes = IntStream.range(0, type.lanes())
        .mapToObj(Integer::toHexString)
        .map(l -> scalar + "(a.s" + l + ", b.s" + l + ")")
        .collect(Collectors.joining(", "));
    return function(name(what, type), t, t + " a, " + t + " b", "return (" + t + ")(" + lanes + ");\n");
  }

  /** As {@link Math#pow}: a NaN exponent, and an infinite one of 1 or -1, give NaN. */
  String power(Type type) {
    String t = ClTypes.register(type);
    if (isDoubles(type)) {
      return lanewise("pow", type, power(type.withLanes(1)));
    }
    String odd = type.isScalar()
        ? "(b != b) || (fabs(a) == 1 && isinf(b))"
        : "(b != b) | ((fabs(a) == " + literal(type, "1") + ") & isinf(b))";
    return function(
        name("pow", type), t, t + " a, " + t + " b",
        "return " + choose(type, odd, literal(type, "NAN"), "pow(a, b)") + ";\n");
  }

  /** Whether polynomials for whole vectors are faster than the functions of OpenCL, as they are on CPUs. */
  private static boolean isWide(Type type) {
    return type.dtype() == DType.F32 && type.lanes() >= WIDE;
  }

  String sigmoid(Type type) {
    String t = ClTypes.register(type);
    if (!isWide(type)) {
      return function(
          name("sigmoid", type), t, t + " a",
          "return " + literal(type, "1") + " / (" + literal(type, "1") + " + exp(-a));\n");
    }
    // Beyond the bounds the result is 1, or 0 for what would be subnormal. NaN stays.
    return function(name("sigmoid", type), t, t + " a",
        t + " x = select(-a, (" + t + ")(88.0f), a < -88.0f);\n"
            + "x = select(x, (" + t + ")(-87.0f), a > 87.0f);\n"
            + "return select(1.0f / (" + expMinusOne(type) + "(x) + 2.0f), (" + t + ")(0.0f), a < -88.0f);\n");
  }

  /** {@code tanh(a) = -m / (2 + m)} with {@code m = exp(-2|a|) - 1}, and the sign of a; 2.5 units in the last place. */
  String tanh(Type type) {
    if (!isWide(type)) {
      return "tanh";
    }
    String t = ClTypes.register(type);
    return function(name("tanh", type), t, t + " a",
        t + " x = fabs(a);\n"
            + t + " m = " + expMinusOne(type) + "(-2.0f * select(x, (" + t + ")(10.0f), x > 10.0f));\n"
            + "return copysign(m / (m + 2.0f), a);\n");
  }

  /**
   * {@code erf(a) = 1 - exp(-|a| p(|a|))} with the sign of a, where the polynomial p of degree 7 is fitted to
   * {@code -log(erfc(x)) / x} up to 3.93, from where on the result is 1; 3 units in the last place.
   */
  String erf(Type type) {
    if (!isWide(type)) {
      return "erf";
    }
    String t = ClTypes.register(type);
    return function(name("erf", type), t, t + " a",
        t + " x = fabs(a);\n"
            + "x = select(x, (" + t + ")(3.93f), x > 3.93f);\n"
            + polynomial(t, "p", "x", "0x1.557ba2p-15f", "-0x1.8f821cp-12f", "0x1.482350p-10f", "0x1.af6abap-13f",
                "-0x1.3c9126p-6f", "0x1.a520bap-4f", "0x1.45f298p-1f", "0x1.20dd76p+0f")
            + "return copysign(" + expMinusOne(type) + "(-p * x), a);\n");
  }

  /** The statements that give {@code name} the polynomial of these coefficients, the highest first. */
  private static String polynomial(String type, String name, String x, String... coefficients) {
    StringBuilder s = new StringBuilder(type + " " + name + " = " + coefficients[0] + ";\n");
    for (int i = 1; i < coefficients.length; i++) {
      s.append(name).append(" = fma(").append(name).append(", ").append(x).append(", (").append(type).append(")(")
          .append(coefficients[i]).append("));\n");
    }
    return s.toString();
  }

  /**
   * {@code exp(x) - 1} for x from -87 to 88. With {@code n = round(x / ln 2)} and {@code r = x - n ln 2} it is {@code 2^n (r
   * + r^2 q(r)) + 2^n - 1}, q the polynomial of degree 4 whose relative error is least.
   */
  private String expMinusOne(Type type) {
    String t = ClTypes.register(type);
    String ints = ClTypes.register(type.withDtype(DType.I32));
    // Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits.
    return function(name("exp_minus_one", type), t, t + " x",
        t + " rounded = fma(x, (" + t + ")(1.44269504f), (" + t + ")(12582912.0f));\n"
            + t + " n = rounded - 12582912.0f;\n"
            + t + " r = fma(n, (" + t + ")(-0x1.62e4p-1f), x);\n"
            + "r = fma(n, (" + t + ")(-0x1.7f7d1cp-20f), r);\n"
            + polynomial(t, "q", "r", "0x1.6bec06p-10f", "0x1.122776p-7f", "0x1.555674p-5f", "0x1.5554bp-3f",
                "0x1.fffffep-2f")
            + t + " e = fma(q * r, r, r);\n"
            + t + " power = as_" + t + "((as_" + ints + "(rounded) << 23) + 0x3f800000);\n"
            + "return fma(e, power, power - 1.0f);\n");
  }

  /** A floating value as an integer: truncated, saturated, 0 for NaN. */
  String toInteger(Type from, DType to) {
    Type result = from.withDtype(to);
    String t = ClTypes.register(from);
    String notNan = from.isScalar()
        ? "a != a ? " + literal(from, "0") + " : a"
        : "select(a, " + literal(from, "0") + ", a != a)";
    return function(
        name("to_" + to, from), ClTypes.register(result), t + " a",
        "return convert_" + ClTypes.register(result) + "_sat_rtz(" + notNan + ");\n");
  }

  /** f32 values from a vector of f16 bits. PoCL's {@code vload_half} of vectors faults where they are not aligned. */
  String fromHalf(Type type) {
    return function(name("from_f16", type), "float" + type.lanes(), "ushort" + type.lanes() + " a",
        "return vload_half" + type.lanes() + "(0, (const half*)&a);\n");
  }

  /** A vector of f16 bits from f32 values, to the nearest, ties to even. */
  String toHalf(Type type) {
    return function(name("to_f16", type), "ushort" + type.lanes(), "float" + type.lanes() + " a",
        "ushort" + type.lanes() + " r;\nvstore_half" + type.lanes() + "_rte(a, 0, (half*)&r);\nreturn r;\n");
  }

  /** bf16 bits, as an unsigned integer of the f32 value's lanes, from an f32: to the nearest, ties to even. */
  String toBfloat(Type type) {
    String n = type.isScalar() ? "" : Integer.toString(type.lanes());
    String round = "u + 0x7fffu + ((u >> 16) & 1u)";
    String quiet = type.isScalar()
        ? "a != a ? (u | 0x400000u) : (" + round + ")"
        : "select(" + round + ", u | 0x400000u, a != a)";
    return function(
        name("to_bf16", type), "ushort" + n, "float" + n + " a",
        "uint" + n + " u = as_uint" + n + "(a);\nreturn convert_ushort" + n + "((" + quiet + ") >> 16);\n");
  }
}
