package org.lathe.backends.cpu;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;

/** Lowers an expression to a {@link Body}: half and 8-bit types become f32 and i32, functions become arithmetic. */
final class Lowering {
  private final LoopSpec spec;
  private final Expr expr;
  private final Body body = new Body();
  /** The instruction of each node. */
  private final int[] at;
  /** The raw 16 bits of values that are rounded to a half type already. */
  private final Map<Half, Integer> halfBits = new HashMap<>();

  private record Half(int value, DType type) {}

  /** A lowered loop: the body, and the instruction whose value each output stores or folds. */
  record Lowered(Body body, int[] results) {}

  private Lowering(LoopSpec spec) {
    this.spec = spec;
    expr = spec.expr();
    at = new int[expr.nodes().size()];
  }

  static Lowered of(LoopSpec spec) {
    return new Lowering(spec).lower();
  }

  private Lowered lower() {
    boolean[] used = used();
    int index = 0;
    for (int i = 0; i < at.length; i++) {
      Expr.Node node = expr.nodes().get(i);
      int slot = node instanceof Expr.Index ? index++ : -1;
      at[i] = used[i] ? node(node, slot) : -1;
    }
    int[] results = new int[spec.outputs().size()];
    for (int j = 0; j < results.length; j++) {
      int node = expr.results().get(j);
      LoopSpec.Output out = spec.outputs().get(j);
      DType type = expr.nodes().get(node).type();
      results[j] = out.fold() == null ? stored(at[node], type, out.dtype()) : folded(at[node]);
    }
    return new Lowered(body, results);
  }

  private boolean[] used() {
    boolean[] used = new boolean[at.length];
    expr.results().forEach(r -> used[r] = true);
    for (int i = at.length - 1; i >= 0; i--) {
      if (used[i]) {
        expr.nodes().get(i).operands().forEach(o -> used[o] = true);
      }
    }
    return used;
  }

  private int stored(int value, DType type, DType memory) {
    int v = type == memory ? value : cast(value, type, memory);
    return switch (memory) {
      case F16, BF16 -> {
        Integer bits = halfBits.get(new Half(v, memory));
        yield bits != null ? bits : Functions.toHalf(body, v, memory);
      }
      case BOOL -> body.select(v, body.i32(1), body.i32(0));
      default -> v;
    };
  }

  /** Partial results of u8 and bool are i32; they wrap when they are finished. */
  private int folded(int value) {
    return body.kind(value) == DType.BOOL ? body.select(value, body.i32(1), body.i32(0)) : value;
  }

  private int node(Expr.Node node, int indexSlot) {
    return switch (node) {
      case Expr.Input in -> input(in);
      case Expr.Constant c -> constant(c);
      case Expr.Index i -> body.index(indexSlot);
      case Expr.Unary u -> unary(u);
      case Expr.Binary b -> binary(b);
      case Expr.Select s -> body.select(at[s.condition()], at[s.a()], at[s.b()]);
      case Expr.Cast c -> cast(at[c.a()], expr.nodes().get(c.a()).type(), c.type());
    };
  }

  private int input(Expr.Input in) {
    DType memory = spec.inputs().get(in.index()).dtype();
    if (memory != in.type()) {
      throw new IllegalArgumentException(
          "input " + in.index() + " of a kernel is " + memory + " but its expression takes " + in.type());
    }
    return switch (memory) {
      case F16, BF16 -> {
        int bits = body.input(in.index(), DType.I32);
        int value = Functions.fromHalf(body, bits, memory);
        halfBits.put(new Half(value, memory), bits);
        yield value;
      }
      case U8 -> body.input(in.index(), DType.I32);
      case BOOL -> body.compare(Op.NE, body.input(in.index(), DType.I32), body.i32(0));
      default -> body.input(in.index(), memory);
    };
  }

  private int constant(Expr.Constant c) {
    return switch (c.type()) {
      case F32 -> body.f32(c.value());
      case F64 -> body.number(DType.F64, c.value());
      case F16 -> body.f32(Float.float16ToFloat(Float.floatToFloat16((float) c.value())));
      case BF16 -> body.f32(roundToBf16((float) c.value()));
      case I32 -> body.i32((int) c.bits());
      case I64 -> body.constant(DType.I64, c.bits());
      case U8 -> body.i32((int) c.bits() & 0xff);
      case BOOL -> body.constant(DType.BOOL, c.bits() != 0 ? 1 : 0);
    };
  }

  static float roundToBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.isNaN(value) ? value : Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
  }

  private int unary(Expr.Unary u) {
    int a = at[u.a()];
    DType type = expr.nodes().get(u.a()).type();
    DType kind = body.kind(a);
    if (kind == DType.F64) {
      String name = switch (u.op()) {
        case EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL ->
          u.op().name().toLowerCase(Locale.ROOT);
        case ROUND -> "rint";
        default -> "";
      };
      if (!name.isEmpty()) {
        return body.call(name, a, -1);
      }
    }
    if (!type.isFloating() && switch (u.op()) {
      case FLOOR, CEIL, ROUND -> true;
      default -> false;
    }) {
      return a;
    }
    if (type == DType.U8) {
      switch (u.op()) {
        case NEG -> {
          return body.binary(Op.AND, body.unary(Op.NEG, a), body.i32(0xff));
        }
        case ABS -> {
          return a;
        }
        default -> {}
      }
    }
    return switch (u.op()) {
      case NEG -> body.unary(Op.NEG, a);
      case ABS -> body.unary(Op.ABS, a);
      case SIGN -> sign(a, kind);
      case RECIPROCAL -> body.binary(Op.DIV, body.number(floating(u.op(), kind), 1), a);
      case SQRT -> {
        floating(u.op(), kind);
        yield body.unary(Op.SQRT, a);
      }
      case RSQRT -> body.binary(Op.DIV, body.number(floating(u.op(), kind), 1), body.unary(Op.SQRT, a));
      case NOT -> body.unary(Op.NOT, a);
      case IS_NAN -> body.compare(Op.NE, a, a);
      case IS_FINITE ->
        body.compare(Op.LT, body.unary(Op.ABS, a), body.number(kind, Double.POSITIVE_INFINITY));
      default -> {
        floating(u.op(), kind);
        yield transcendental(u.op(), a);
      }
    };
  }

  private static DType floating(UnaryOp op, DType kind) {
    if (!kind.isFloating()) {
      throw new IllegalArgumentException(op + " takes a floating operand, found " + kind);
    }
    return kind;
  }

  private int sign(int a, DType kind) {
    int zero = body.number(kind, 0);
    int one = body.number(kind, 1);
    // Zeros and NaN are their own sign.
    int s = body.select(body.compare(Op.LT, zero, a), one, a);
    return body.select(body.compare(Op.LT, a, zero), body.number(kind, -1), s);
  }

  private int transcendental(UnaryOp op, int a) {
    return switch (op) {
      case EXP -> Functions.exp(body, a);
      case EXPM1 -> Functions.expm1(body, a);
      case LOG -> Functions.log(body, a);
      case LOG1P -> Functions.log1p(body, a);
      case SIN -> body.call("sin", a, -1);
      case COS -> body.call("cos", a, -1);
      case TANH -> Functions.tanh(body, a);
      case SIGMOID -> Functions.sigmoid(body, a);
      case ERF -> Functions.erf(body, a);
      case FLOOR -> Functions.round(body, a, -1);
      case CEIL -> Functions.round(body, a, 1);
      case ROUND -> Functions.round(body, a, 0);
      default -> throw new IllegalArgumentException("no lowering of " + op);
    };
  }

  private int binary(Expr.Binary n) {
    int a = at[n.a()];
    int b = at[n.b()];
    DType type = expr.nodes().get(n.a()).type();
    DType kind = body.kind(a);
    boolean bool = kind == DType.BOOL;
    int r = switch (n.op()) {
      case ADD -> bool ? body.binary(Op.OR, a, b) : body.binary(Op.ADD, a, b);
      case SUB -> bool ? body.binary(Op.XOR, a, b) : body.binary(Op.SUB, a, b);
      case MUL -> bool ? body.binary(Op.AND, a, b) : body.binary(Op.MUL, a, b);
      case DIV -> kind.isFloating() ? body.binary(Op.DIV, a, b) : body.call("div", a, b);
      case REM -> body.call("rem", a, b);
      case POW -> power(a, b, kind);
      case MAX -> body.binary(bool ? Op.OR : Op.MAX, a, b);
      case MIN -> body.binary(bool ? Op.AND : Op.MIN, a, b);
      case AND -> body.binary(Op.AND, a, b);
      case OR -> body.binary(Op.OR, a, b);
      case XOR -> body.binary(Op.XOR, a, b);
      case SHL -> body.binary(Op.SHL, a, b);
      case SHR -> body.binary(Op.SHR, a, b);
      case LT, LE, GT, GE, EQ, NE -> comparison(n.op(), a, b);
    };
    boolean wraps = type == DType.U8 && switch (n.op()) {
      case ADD, SUB, MUL, SHL -> true;
      default -> false;
    };
    return wraps ? body.binary(Op.AND, r, body.i32(0xff)) : r;
  }

  private int comparison(BinaryOp op, int x, int y) {
    int a = x;
    int b = y;
    if (body.kind(a) == DType.BOOL) {
      if (op == BinaryOp.NE) {
        return body.binary(Op.XOR, a, b);
      }
      a = body.select(a, body.i32(1), body.i32(0));
      b = body.select(b, body.i32(1), body.i32(0));
    }
    return switch (op) {
      case LT -> body.compare(Op.LT, a, b);
      case LE -> body.compare(Op.LE, a, b);
      case GT -> body.compare(Op.LT, b, a);
      case GE -> body.compare(Op.LE, b, a);
      case EQ -> body.compare(Op.EQ, a, b);
      default -> body.compare(Op.NE, a, b);
    };
  }

  /** Small constant powers are products; all others are left to Math.pow. */
  private int power(int a, int b, DType kind) {
    Body.Ins exponent = body.at(b);
    if (exponent.op() == Op.CONST) {
      double e = kind == DType.F64
          ? Double.longBitsToDouble(exponent.imm())
          : Float.intBitsToFloat((int) exponent.imm());
      if (e == 1) {
        return a;
      }
      if (e == 2 || e == 3 || e == 4) {
        int square = body.binary(Op.MUL, a, a);
        return e == 2 ? square : body.binary(Op.MUL, square, e == 3 ? a : square);
      }
      if (e == -1) {
        return body.binary(Op.DIV, body.number(kind, 1), a);
      }
    }
    return body.call("pow", a, b);
  }

  private int cast(int a, DType from, DType to) {
    int v = from == DType.F16 || from == DType.BF16 ? rounded(a, from) : a;
    DType kind = body.kind(v);
    return switch (to) {
      case BOOL -> kind == DType.BOOL ? v : body.compare(Op.NE, v, body.number(kind, 0));
      case F16, BF16 -> rounded(toF32(v), to);
      case U8 -> toU8(v);
      default -> kind == DType.BOOL ? body.select(v, body.number(to, 1), body.number(to, 0)) : body.convert(v, to);
    };
  }

  private int toF32(int v) {
    return body.kind(v) == DType.BOOL
        ? body.select(v, body.f32(1), body.f32(0))
        : body.convert(v, DType.F32);
  }

  private int toU8(int v) {
    DType kind = body.kind(v);
    if (kind == DType.BOOL) {
      return body.select(v, body.i32(1), body.i32(0));
    }
    if (kind.isFloating()) {
      int i = body.convert(v, DType.I32);
      return body.binary(Op.MIN, body.binary(Op.MAX, i, body.i32(0)), body.i32(255));
    }
    return body.binary(Op.AND, body.convert(v, DType.I32), body.i32(0xff));
  }

  /** The f32 value rounded to a half type. */
  private int rounded(int value, DType half) {
    if (halfBits.containsKey(new Half(value, half))) {
      return value;
    }
    int bits = Functions.toHalf(body, value, half);
    int rounded = Functions.fromHalf(body, bits, half);
    halfBits.put(new Half(rounded, half), bits);
    return rounded;
  }
}
