package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;

/** Rounding of f32 values to the values that a half type has, by integer arithmetic: no device need know the half types. */
final class Halves {
  private Halves() {}

  /** The constant as its type has it. */
  static Value constant(Expr.Constant c) {
    float x = (float) c.value();
    return switch (c.type()) {
      case F16 -> Values.constant(Float.float16ToFloat(Float.floatToFloat16(x)));
      case BF16 -> {
        int bits = Float.floatToIntBits(x);
        yield Values.constant(
            Float.isNaN(x) ? x : Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000));
      }
      default -> new Value.Constant(Type.of(c.type()), c.bits());
    };
  }

  /** The value rounded to {@code to}. Give a name: it is written several times. */
  static Value round(Value x, DType to) {
    return switch (to) {
      case BF16 -> bfloat(x);
      case F16 -> half(x);
      default -> throw new IllegalArgumentException(to + " is not a half type");
    };
  }

  /** To nearest even at bit 16. */
  private static Value bfloat(Value x) {
    Value bits = Values.bits(x, DType.I32);
    Value odd = and(shift(bits, 16), 1);
    Value rounded = and(wrap(BinaryOp.ADD, bits, wrap(BinaryOp.ADD, odd, Values.index(0x7fff))), 0xffff0000);
    return Values.select(Values.unary(UnaryOp.IS_NAN, x), x, Values.bits(rounded, DType.F32));
  }

  /**
   * Normal results round at bit 13. Below 2^-14 the step is 2^-24: adding and taking off a number whose last bit has that
   * weight rounds there. From 65520 on the result is infinite.
   */
  private static Value half(Value x) {
    Value bits = Values.bits(x, DType.I32);
    Value magnitude = and(bits, 0x7fffffff);
    Value sign = and(bits, 0x80000000);
    Value odd = and(shift(bits, 13), 1);
    Value normal = and(wrap(BinaryOp.ADD, magnitude, wrap(BinaryOp.ADD, odd, Values.index(0xfff))), 0xffffe000);
    Value absolute = Values.bits(magnitude, DType.F32);
    Value magic = Values.constant(0.5f);
    Value small = Values.bits(
        Values.binary(BinaryOp.SUB, Values.binary(BinaryOp.ADD, absolute, magic), magic), DType.I32);
    Value finite = Values.select(Values.less(magnitude, 0x38800000), small, normal);
    Value saturated = Values.select(Values.atLeast(finite, 0x47800000), Values.index(0x7f800000), finite);
    Value result = Values.bits(Values.binary(BinaryOp.OR, saturated, sign), DType.F32);
    return Values.select(Values.unary(UnaryOp.IS_NAN, x), x, result);
  }

  private static Value and(Value a, int mask) {
    return Values.binary(BinaryOp.AND, a, Values.index(mask));
  }

  private static Value shift(Value a, int by) {
    return Values.binary(BinaryOp.SHR, a, Values.index(by));
  }

  private static Value wrap(BinaryOp op, Value a, Value b) {
    return Values.binary(op, a, b);
  }
}
