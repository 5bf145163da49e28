package org.lathe.compiler.pass;

import static org.lathe.compiler.pass.Match.fill;
import static org.lathe.compiler.pass.Match.floating;
import static org.lathe.compiler.pass.Match.is;
import static org.lathe.compiler.pass.Match.isFill;
import static org.lathe.compiler.pass.Match.isFilledWith;
import static org.lathe.compiler.pass.Match.operand;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Elementwise;
import org.lathe.compiler.op.OpDef;
import org.lathe.hal.DType;

/**
 * Algebraic identities.
 *
 * <p>Each holds for every value, NaN, infinities and -0 included: {@code x + 0} stays where x may be -0, {@code x * 0} and
 * {@code x - x} stay where x may be NaN or infinite. Chains of movements are the business of {@link
 * SimplifyMovements}.
 */
public final class Simplify implements Pass {
  /** The largest power that becomes a product. */
  private static final int LARGEST_POWER = 4;

  @Override
  public String name() {
    return "simplify";
  }

  @Override
  public Graph apply(Graph graph) {
    return Rewriter.rewrite(
        graph,
        this,
        (node, in, b) -> {
          if (!(node.op() instanceof OpDef op) || node.types().size() != 1) {
            return null;
          }
          Value v = in.size() == 1
              ? unary(op, node, in.getFirst(), b)
              : in.size() == 2
                  ? binary(op, in.get(0), in.get(1), b)
                  : op == Elementwise.SELECT
                      ? select(in, b)
                      : null;
          return v == null ? null : List.of(v);
        });
  }

  private static Value apply(GraphBuilder b, OpDef op, Value... operands) {
    return b.append(op, List.of(operands), Attributes.NONE).output();
  }

  private static @Nullable Value unary(OpDef op, Node node, Value x, GraphBuilder b) {
    if (op == Elementwise.NEG && is(x, Elementwise.NEG)) {
      return operand(x, 0);
    }
    if (op == Elementwise.NOT && is(x, Elementwise.NOT)) {
      return operand(x, 0);
    }
    if (op == Elementwise.ABS && (is(x, Elementwise.NEG) || is(x, Elementwise.ABS)) && floating(x)) {
      return is(x, Elementwise.ABS) ? x : apply(b, Elementwise.ABS, operand(x, 0));
    }
    if (op == Elementwise.RECIPROCAL && is(x, Elementwise.SQRT)) {
      return apply(b, Elementwise.RSQRT, operand(x, 0));
    }
    if (op == Elementwise.CAST) {
      return cast(node.output().type().dtype(), x, b);
    }
    return null;
  }

  private static @Nullable Value cast(DType to, Value x, GraphBuilder b) {
    DType from = x.type().dtype();
    if (from == to) {
      return x;
    }
    if (!is(x, Elementwise.CAST)) {
      return null;
    }
    Value source = operand(x, 0);
    DType first = source.type().dtype();
    if (!holds(from, first)) {
      return null;
    }
    if (first == to) {
      return source;
    }
    boolean sameRules = first == DType.BOOL || (first.isFloating() == from.isFloating() && from != DType.BOOL);
    return sameRules ? b.append(Elementwise.CAST, List.of(source), Attributes.of("dtype", to)).output() : null;
  }

  /** Whether every value of {@code narrow} is one of {@code wide}. */
  private static boolean holds(DType wide, DType narrow) {
    return switch (narrow) {
      case BOOL -> true;
      case U8 -> wide != DType.BOOL && wide != DType.BF16;
      case I32 -> wide == DType.I64 || wide == DType.F64;
      case I64 -> false;
      case F16, BF16 -> wide == DType.F32 || wide == DType.F64;
      case F32 -> wide == DType.F64;
      case F64 -> false;
    };
  }

  private static @Nullable Value binary(OpDef op, Value x, Value y, GraphBuilder b) {
    if (op == Elementwise.ADD) {
      return add(x, y, b);
    }
    if (op == Elementwise.SUB) {
      if (isFilledWith(y, 0.0)) {
        return x;
      }
      return is(y, Elementwise.NEG) ? apply(b, Elementwise.ADD, x, operand(y, 0)) : null;
    }
    if (op == Elementwise.MUL) {
      return mul(x, y, b);
    }
    if (op == Elementwise.DIV) {
      if (isFilledWith(y, 1)) {
        return x;
      }
      if (isFilledWith(y, -1) && floating(x)) {
        return apply(b, Elementwise.NEG, x);
      }
      return isFilledWith(x, 1) && floating(x) ? apply(b, Elementwise.RECIPROCAL, y) : null;
    }
    if (op == Elementwise.POW) {
      return pow(x, y, b);
    }
    boolean idempotent = op == Elementwise.MAXIMUM || op == Elementwise.MINIMUM || op == Elementwise.AND
        || op == Elementwise.OR;
    return idempotent && x.equals(y) ? x : null;
  }

  private static @Nullable Value add(Value x, Value y, GraphBuilder b) {
    double neutral = floating(x) ? -0.0 : 0.0;
    if (isFilledWith(y, neutral)) {
      return x;
    }
    if (isFilledWith(x, neutral)) {
      return y;
    }
    if (is(y, Elementwise.NEG)) {
      return apply(b, Elementwise.SUB, x, operand(y, 0));
    }
    return is(x, Elementwise.NEG) ? apply(b, Elementwise.SUB, y, operand(x, 0)) : null;
  }

  private static @Nullable Value mul(Value x, Value y, GraphBuilder b) {
    if (isFilledWith(y, 1)) {
      return x;
    }
    if (isFilledWith(x, 1)) {
      return y;
    }
    if (isFilledWith(y, -1)) {
      return apply(b, Elementwise.NEG, x);
    }
    if (isFilledWith(x, -1)) {
      return apply(b, Elementwise.NEG, y);
    }
    if (!floating(x) && (isFilledWith(x, 0) || isFilledWith(y, 0))) {
      return isFilledWith(x, 0) ? x : y;
    }
    return is(x, Elementwise.NEG) && is(y, Elementwise.NEG)
        ? apply(b, Elementwise.MUL, operand(x, 0), operand(y, 0))
        : null;
  }

  private static @Nullable Value pow(Value x, Value y, GraphBuilder b) {
    if (!isFill(y)) {
      return null;
    }
    double exponent = fill(y);
    if (exponent == -1) {
      return apply(b, Elementwise.RECIPROCAL, x);
    }
    if (exponent < 1 || exponent > LARGEST_POWER || exponent != Math.rint(exponent)) {
      return null;
    }
    Value square = exponent >= 2 ? apply(b, Elementwise.MUL, x, x) : x;
    return switch ((int) exponent) {
      case 1, 2 -> square;
      case 3 -> apply(b, Elementwise.MUL, square, x);
      default -> apply(b, Elementwise.MUL, square, square);
    };
  }

  private static @Nullable Value select(List<Value> in, GraphBuilder b) {
    Value condition = in.get(0);
    if (isFill(condition)) {
      return fill(condition) != 0 ? in.get(1) : in.get(2);
    }
    if (in.get(1).equals(in.get(2))) {
      return in.get(1);
    }
    return is(condition, Elementwise.NOT)
        ? apply(b, Elementwise.SELECT, operand(condition, 0), in.get(2), in.get(1))
        : null;
  }
}
