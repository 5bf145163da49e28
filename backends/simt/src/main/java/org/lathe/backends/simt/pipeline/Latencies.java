package org.lathe.backends.simt.pipeline;

import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/**
 * Cycles from an operation's operands to its result, at about 300 MHz: round figures between those of the vendors'
 * libraries, for estimates. No tool was asked.
 */
final class Latencies {
  /** From a store to on-chip memory until a load sees it. */
  private static final int ON_CHIP_TURN = 1;
  private static final int ON_CHIP_LOAD = 2;
  /** From a store to global memory until a load sees it, beyond the load itself. */
  private static final int GLOBAL_TURN = 60;
  private static final int GLOBAL_LOAD = 100;

  /** What a sum of f32 values takes: so many partial sums hide it. */
  static final int F32_ADD = 8;

  private Latencies() {}

  static int load(Memory memory) {
    return memory instanceof Parameter.Global ? GLOBAL_LOAD : ON_CHIP_LOAD;
  }

  static int storeToLoad(Memory memory) {
    return memory instanceof Parameter.Global ? GLOBAL_TURN : ON_CHIP_TURN;
  }

  /** Of the operation alone. Wires (lanes, splats, bits) take no time. */
  static int of(Value value) {
    return switch (value) {
      case Value.Constant c -> 0;
      case Value.Lanes l -> 0;
      case Value.Id i -> 0;
      case Value.Argument a -> 0;
      case Value.Read r -> 0;
      case Value.Splat s -> 0;
      case Value.Lane l -> 0;
      case Value.Join j -> 0;
      case Value.Bits b -> 0;
      case Value.Load l -> load(l.memory());
      case Value.MultiplyAdd m -> m.type().dtype() == DType.F64 ? 14 : F32_ADD;
      case Value.Select s -> 1;
      case Value.Cast c -> c.type().dtype().isFloating() || c.a().type().dtype().isFloating() ? 4 : 0;
      case Value.Binary b -> binary(b.op(), b.a().type().dtype());
      case Value.Unary u -> unary(u);
    };
  }

  private static int unary(Value.Unary u) {
    boolean wide = u.a().type().dtype() == DType.F64;
    return switch (u.op()) {
      case NEG, ABS, SIGN, NOT, IS_NAN, IS_FINITE -> 1;
      case ROUND, FLOOR, CEIL -> 4;
      case RECIPROCAL, SQRT -> wide ? 40 : 24;
      case RSQRT, EXP, EXPM1, LOG, LOG1P -> wide ? 50 : 24;
      case SIN, COS, ERF -> wide ? 80 : 40;
      case TANH, SIGMOID -> wide ? 100 : 50;
    };
  }

  private static int binary(BinaryOp op, DType dtype) {
    if (!dtype.isFloating()) {
      return switch (op) {
        case MUL -> 3;
        case DIV, REM -> dtype == DType.I64 ? 64 : 32;
        case POW -> 40;
        default -> 1;
      };
    }
    boolean wide = dtype == DType.F64;
    return switch (op) {
      case ADD, SUB -> wide ? 14 : F32_ADD;
      case MUL -> wide ? 8 : 4;
      case DIV -> wide ? 40 : 24;
      case REM, POW -> wide ? 120 : 60;
      default -> 2;
    };
  }
}
