package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.View;

/**
 * Emits the scalar work behind values, at the points of one iteration space.
 *
 * <p>From a value it walks up through pointwise ops, movements, generators and constants, composing accesses, until it
 * meets values that are bound (results of the kernel itself) or lie in memory; those become inputs.
 */
final class ExpressionBuilder {
  /** Not expressible: an access is not affine, or a guard would have to be applied to computed work. */
  static final int FAILED = -1;

  /** Says which values lie in memory, and may put more there. */
  interface Memory {
    boolean contains(Value v);

    /** Asked for a value that cannot be computed in place; true if it lies in memory from now on. */
    boolean add(Value v);
  }

  private record Key(Value value, Access access) {}

  private final Expr.Builder b = Expr.builder();
  private final int rank;
  private final Memory memory;
  private final Predicate<Value> own;
  private final Operands operands;
  private final int firstOperand;
  private final Map<Key, Integer> done = new HashMap<>();

  /**
   * @param own values that this kernel computes, which it must not read from memory
   * @param firstOperand the expression's number of {@code operands}' first input
   */
  ExpressionBuilder(Dims space, Memory memory, Predicate<Value> own, Operands operands, int firstOperand) {
    this.rank = space.rank();
    this.memory = memory;
    this.own = own;
    this.operands = operands;
    this.firstOperand = firstOperand;
  }

  /** Says that {@code v}, accessed by {@code access}, is the kernel's input {@code number} of type {@code type}. */
  void bind(Value v, Access access, int number, DType type) {
    done.put(new Key(v, access), b.cast(b.input(number, type), v.type().dtype()));
  }

  /** The position of {@code v}'s element in the expression, or {@link #FAILED}. */
  int emit(Value v, Access access) {
    Key key = new Key(v, access);
    Integer known = done.get(key);
    if (known != null) {
      return known;
    }
    int at = compute(v, access);
    if (at == FAILED && !memory.contains(v) && !own.test(v) && memory.add(v)) {
      at = read(GraphFacts.strip(v), access.reshaped(GraphFacts.strip(v).type().shape()));
    }
    done.put(key, at);
    return at;
  }

  private int compute(Value v, Access access) {
    if (!own.test(v) && memory.contains(v)) {
      return read(v, access);
    }
    Node node = v.node();
    return switch (GraphFacts.lowering(node)) {
      case Lowering.Pointwise(Lowering.Emitter emitter) -> {
        if (access.guard() != null) {
          yield FAILED;
        }
        List<Integer> at = new ArrayList<>();
        for (Value operand : node.inputs()) {
          int position = emit(operand, access);
          if (position == FAILED) {
            yield FAILED;
          }
          at.add(position);
        }
        yield b.cast(emitter.emit(b, at, node.attributes(), v.type()), v.type().dtype());
      }
      case Lowering.Generator(Lowering.GeneratorRule rule) -> {
        if (access.guard() != null || access.coordinates().contains(null)) {
          yield FAILED;
        }
        yield b.cast(rule.emit(b, d -> index(access, d), node.attributes(), v.type()), v.type().dtype());
      }
      case Lowering.Movement(Lowering.MovementRule rule) -> {
        TensorType input = node.input(0).type();
        Access inner = access.through(rule.map(input, node.attributes(), v.type()), input.shape());
        yield inner == null ? FAILED : emit(node.input(0), inner);
      }
      case Lowering.Reshape r -> emit(node.input(0), access.reshaped(node.input(0).type().shape()));
      case Lowering.Identity i -> emit(node.input(0), access);
      case Lowering.Constant c -> access.guard() == null ? constant(v) : read(v, access);
      case null, default -> FAILED;
    };
  }

  private int constant(Value v) {
    DType type = v.type().dtype();
    double value = GraphFacts.literal(v).get(0);
    return b.add(new Expr.Constant(type, type.isFloating() ? Double.doubleToLongBits(value) : (long) value));
  }

  private int read(Value v, Access access) {
    DType type = v.type().dtype();
    if (GraphFacts.isSplat(v)) {
      View one = new View(type, 0, Dims.filled(rank, 0), access.guard());
      return b.input(firstOperand + operands.add(v, true, one), type);
    }
    View view = access.view(type);
    return view == null ? FAILED : b.input(firstOperand + operands.add(v, false, view), type);
  }

  private int index(Access access, int dimension) {
    Affine a = access.coordinates().get(dimension);
    if (a == null) {
      throw new IllegalStateException("coordinate " + dimension + " is not affine");
    }
    int sum = -1;
    for (int d = 0; d < a.steps().rank(); d++) {
      long step = a.steps().get(d);
      if (step != 0) {
        int term = b.add(new Expr.Index(d));
        if (step != 1) {
          term = b.binary(org.lathe.hal.expr.BinaryOp.MUL, term, b.constant(DType.I32, step));
        }
        sum = sum < 0 ? term : b.binary(org.lathe.hal.expr.BinaryOp.ADD, sum, term);
      }
    }
    if (sum < 0) {
      return b.constant(DType.I32, a.offset());
    }
    return a.offset() == 0 ? sum : b.binary(org.lathe.hal.expr.BinaryOp.ADD, sum, b.constant(DType.I32, a.offset()));
  }

  /** The expression with these results, without nodes that none of them needs. */
  Expr build(List<Integer> results) {
    return Expressions.pruned(b.build(results));
  }
}
