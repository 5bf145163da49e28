package org.lathe.backends.simt.ir;

import java.util.List;
import java.util.Locale;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * What a work item computes: a tree, evaluated where it stands. Operators mean what they mean in {@link
 * org.lathe.hal.expr.Expr}, lane by lane: integers divided by 0 give 0, MAX and MIN hand a NaN on, casts are Java's.
 *
 * <p>Made by {@link Values}, which checks types and folds constants. A tree is printed whole at each use: what is used
 * twice is named with {@link KernelBuilder#let}.
 */
public sealed interface Value {
  Type type();

  default List<Value> operands() {
    return List.of();
  }

  /** The same value in every lane; {@code bits} as in {@link org.lathe.hal.expr.Expr.Constant}. */
  record Constant(Type type, long bits) implements Value {
    public double asDouble() {
      return type.dtype().isFloating() ? Double.longBitsToDouble(bits) : bits;
    }

    @Override
    public String toString() {
      return type.dtype().isFloating() ? Double.toString(asDouble()) + ":" + type : bits + ":" + type;
    }
  }

  /** The numbers of the lanes: 0, 1, 2, ... of type i32. */
  record Lanes(int lanes) implements Value {
    @Override
    public Type type() {
      return new Type(DType.I32, lanes);
    }

    @Override
    public String toString() {
      return "lanes" + lanes;
    }
  }

  /** Where a work item stands in the launch, as i32. */
  record Id(Kind kind, int axis) implements Value {
    public enum Kind {
      /** Its number in the whole range. */
      GLOBAL,
      /** Its number in its group. */
      LOCAL,
      /** The number of its group. */
      GROUP
    }

    @Override
    public Type type() {
      return Type.I32;
    }

    @Override
    public String toString() {
      return kind.name().toLowerCase(Locale.ROOT) + "_id(" + axis + ")";
    }
  }

  /** The value of a scalar parameter. */
  record Argument(Parameter.Scalar parameter) implements Value {
    @Override
    public Type type() {
      return Type.of(parameter.dtype());
    }

    @Override
    public String toString() {
      return parameter.name();
    }
  }

  /** The value that a variable has now. */
  record Read(Variable variable) implements Value {
    @Override
    public Type type() {
      return variable.type();
    }

    @Override
    public String toString() {
      return variable.name();
    }
  }

  /**
   * {@code lanes} elements that follow each other, from {@code index} on, widened to the memory's compute type.
   *
   * @param aligned whether the address is a multiple of the vector's bytes
   */
  record Load(Memory memory, Value index, int lanes, boolean aligned) implements Value {
    @Override
    public Type type() {
      return new Type(memory.dtype().compute(), lanes);
    }

    @Override
    public List<Value> operands() {
      return List.of(index);
    }

    @Override
    public String toString() {
      return memory.name() + "[" + index + (lanes == 1 ? "" : " +" + lanes + (aligned ? " aligned" : "")) + "]";
    }
  }

  record Unary(UnaryOp op, Value a, Type type) implements Value {
    @Override
    public List<Value> operands() {
      return List.of(a);
    }

    @Override
    public String toString() {
      return op.name().toLowerCase(Locale.ROOT) + "(" + a + ")";
    }
  }

  /**
   * @param exact for integers: the result is known to fit, so compilers may reason about it; otherwise it wraps
   */
  record Binary(BinaryOp op, Value a, Value b, Type type, boolean exact) implements Value {
    @Override
    public List<Value> operands() {
      return List.of(a, b);
    }

    @Override
    public String toString() {
      return op.name().toLowerCase(Locale.ROOT) + (exact ? "" : "_wrap") + "(" + a + ", " + b + ")";
    }
  }

  /** {@code a * b + c} of floating values, rounded once or twice, always the same way on one device. */
  record MultiplyAdd(Value a, Value b, Value c) implements Value {
    @Override
    public Type type() {
      return a.type();
    }

    @Override
    public List<Value> operands() {
      return List.of(a, b, c);
    }

    @Override
    public String toString() {
      return "mad(" + a + ", " + b + ", " + c + ")";
    }
  }

  /** {@code condition ? a : b}; both are evaluated, so neither may load from where the condition forbids it. */
  record Select(Value condition, Value a, Value b) implements Value {
    @Override
    public Type type() {
      return a.type();
    }

    @Override
    public List<Value> operands() {
      return List.of(condition, a, b);
    }

    @Override
    public String toString() {
      return "select(" + condition + ", " + a + ", " + b + ")";
    }
  }

  /** Conversion, as {@link org.lathe.hal.expr.Expr.Cast}. */
  record Cast(Value a, DType to) implements Value {
    @Override
    public Type type() {
      return a.type().withDtype(to);
    }

    @Override
    public List<Value> operands() {
      return List.of(a);
    }

    @Override
    public String toString() {
      return to + "(" + a + ")";
    }
  }

  /** The same bits as another type of the same size: f32 and i32, f64 and i64. */
  record Bits(Value a, DType to) implements Value {
    @Override
    public Type type() {
      return a.type().withDtype(to);
    }

    @Override
    public List<Value> operands() {
      return List.of(a);
    }

    @Override
    public String toString() {
      return "bits_" + to + "(" + a + ")";
    }
  }

  /** A scalar in every lane. */
  record Splat(Value a, int lanes) implements Value {
    @Override
    public Type type() {
      return a.type().withLanes(lanes);
    }

    @Override
    public List<Value> operands() {
      return List.of(a);
    }

    @Override
    public String toString() {
      return "splat" + lanes + "(" + a + ")";
    }
  }

  /** One lane of a vector. */
  record Lane(Value a, int lane) implements Value {
    @Override
    public Type type() {
      return a.type().withLanes(1);
    }

    @Override
    public List<Value> operands() {
      return List.of(a);
    }

    @Override
    public String toString() {
      return a + "." + lane;
    }
  }

  /** Scalars side by side. */
  record Join(List<Value> parts) implements Value {
    public Join {
      parts = List.copyOf(parts);
    }

    @Override
    public Type type() {
      return parts.getFirst().type().withLanes(parts.size());
    }

    @Override
    public List<Value> operands() {
      return parts;
    }

    @Override
    public String toString() {
      return "join" + parts;
    }
  }
}
