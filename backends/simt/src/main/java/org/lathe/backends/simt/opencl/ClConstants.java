package org.lathe.backends.simt.opencl;

import org.lathe.backends.simt.ir.Value;

/** Literals. */
final class ClConstants {
  private ClConstants() {}

  static String print(Value.Constant c) {
    String scalar = scalar(c);
    return c.type().isScalar() ? scalar : "((" + ClTypes.register(c.type()) + ")(" + scalar + "))";
  }

  private static String scalar(Value.Constant c) {
    return switch (c.type().dtype()) {
      case F32 -> {
        float v = (float) c.asDouble();
        yield Float.isFinite(v) ? sign(Float.toString(v) + "f") : special(v);
      }
      case F64 -> {
        double v = c.asDouble();
        yield Double.isFinite(v) ? sign(Double.toString(v)) : "((double)" + special(v) + ")";
      }
      case I64 -> c.bits() == Long.MIN_VALUE ? "(-9223372036854775807L - 1)" : sign(c.bits() + "L");
      case I32 -> c.bits() == Integer.MIN_VALUE ? "(-2147483647 - 1)" : sign(Long.toString(c.bits()));
      case U8 -> "((uchar)" + (c.bits() & 0xff) + ")";
      case BOOL -> c.bits() == 0 ? "0" : c.type().isScalar() ? "1" : "-1";
      default -> throw new IllegalArgumentException("a constant of " + c.type());
    };
  }

  private static String sign(String literal) {
    return literal.startsWith("-") ? "(" + literal + ")" : literal;
  }

  private static String special(double v) {
    return Double.isNaN(v) ? "NAN" : v > 0 ? "INFINITY" : "(-INFINITY)";
  }
}
