package org.lathe.compiler.pass;

import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Sources;

/** Questions that rewriting rules ask about values. */
final class Match {
  private Match() {}

  static boolean is(Value v, OpDef op) {
    return v.node().is(op);
  }

  /** Whether every element is {@code value}, to the bit: 0 is not -0. */
  static boolean isFilledWith(Value v, double value) {
    return isFill(v) && Double.doubleToRawLongBits(fill(v)) == Double.doubleToRawLongBits(value);
  }

  /** Whether all elements are one known value. */
  static boolean isFill(Value v) {
    return is(v, Sources.CONSTANT) && literal(v).isSplat();
  }

  /** The value of all elements of a fill. */
  static double fill(Value v) {
    return literal(v).get(0);
  }

  private static Literal literal(Value constant) {
    return constant.node().attributes().literal("value");
  }

  static Value operand(Value v, int i) {
    return v.node().input(i);
  }

  static boolean floating(Value v) {
    return v.type().dtype().isFloating();
  }
}
