package org.lathe.backends.simt.bytecode;

import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** The half types by arithmetic on the bits of f32, without numbers that a device may flush to zero. */
final class HalfBits {
  private HalfBits() {}

  static Value widen(KernelBuilder k, Value bits, DType half) {
    if (half == DType.BF16) {
      return Values.bits(Values.binary(BinaryOp.SHL, bits, Values.index(16)), DType.F32);
    }
    Value magnitude = k.let("magnitude", and(bits, 0x7fff));
    // normal numbers: the same fraction, and an exponent with another bias
    Variable r = k.variable("r", add(Values.binary(BinaryOp.SHL, magnitude, Values.index(13)), 0x38000000));
    k.when(Values.less(magnitude, 0x400), () -> k.assign(r, Values.bits(
        Values.binary(BinaryOp.MUL, Values.cast(magnitude, DType.F32), Values.constant(0x1p-24f)), DType.I32)));
    k.when(Values.atLeast(magnitude, 0x7c00), () -> k.assign(r, Values.binary(
        BinaryOp.OR, Values.binary(BinaryOp.SHL, magnitude, Values.index(13)), Values.index(0x7f800000))));
    Value sign = Values.binary(BinaryOp.SHL, and(bits, 0x8000), Values.index(16));
    return Values.bits(Values.binary(BinaryOp.OR, Values.read(r), sign), DType.F32);
  }

  static Value narrow(KernelBuilder k, Value x, DType half) {
    Value bits = k.let("bits", Values.bits(x, DType.I32));
    if (half == DType.BF16) {
      Value odd = and(shiftRight(bits, 16), 1);
      Variable r = k.variable("r", shiftRight(add(Values.binary(BinaryOp.ADD, bits, odd), 0x7fff), 16));
      k.when(Values.unary(UnaryOp.IS_NAN, x), () -> k.assign(r, Values.binary(
          BinaryOp.OR, shiftRight(bits, 16), Values.index(0x40))));
      return Values.read(r);
    }
    Value magnitude = k.let("magnitude", and(bits, 0x7fffffff));
    Value odd = and(shiftRight(magnitude, 13), 1);
    Variable r = k.variable("r",
        add(shiftRight(add(Values.binary(BinaryOp.ADD, magnitude, odd), 0xfff), 13), -0x1c000));
    // below 2^-14 the step is 2^-24, which is that of 0.5: the sum rounds there, and its last bits count the steps
    k.when(Values.less(magnitude, 0x38800000), () -> k.assign(r, add(
        Values.bits(Values.binary(BinaryOp.ADD, Values.bits(magnitude, DType.F32), Values.constant(0.5f)), DType.I32),
        -0x3f000000)));
    k.when(Values.atLeast(magnitude, 0x477ff000), () -> k.assign(r, Values.index(0x7c00)));
    k.when(Values.unary(UnaryOp.IS_NAN, x), () -> k.assign(r, Values.index(0x7e00)));
    return Values.binary(BinaryOp.OR, Values.read(r), and(shiftRight(bits, 16), 0x8000));
  }

  private static Value and(Value a, int mask) {
    return Values.binary(BinaryOp.AND, a, Values.index(mask));
  }

  private static Value add(Value a, int b) {
    return Values.binary(BinaryOp.ADD, a, Values.index(b));
  }

  private static Value shiftRight(Value a, int by) {
    return Values.binary(BinaryOp.SHR, a, Values.index(by));
  }
}
