package org.lathe.backends.simt.bytecode;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Rewriter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;

/** Kernels without vectors: each becomes as many scalars, which OpenCL compilers may join again. */
final class Scalars extends Rewriter {
  private final Map<Variable, List<Variable>> variables = new HashMap<>();
  private List<Statement> before = new ArrayList<>();
  private int names;

  private Scalars() {}

  static List<Statement> of(List<Statement> body) {
    return new Scalars().block(body);
  }

  @Override
  protected void statement(Statement statement, List<Statement> out) {
    List<Statement> outer = before;
    before = new ArrayList<>();
    List<Statement> own = new ArrayList<>();
    switch (statement) {
      case Statement.Declare(Variable v, Value value) when !v.type().isScalar() -> {
        List<Value> values = lanes(value);
        List<Variable> parts = IntStream.range(0, values.size())
            .mapToObj(i -> new Variable(v.name() + "_lane" + i, v.type().withLanes(1))).toList();
        variables.put(v, parts);
        for (int i = 0; i < parts.size(); i++) {
          own.add(new Statement.Declare(parts.get(i), values.get(i)));
        }
      }
      case Statement.Assign(Variable v, Value value) when !v.type().isScalar() -> {
        List<Value> values = named(lanes(value), mixesLanes(value));
        for (int i = 0; i < values.size(); i++) {
          own.add(new Statement.Assign(parts(v).get(i), values.get(i)));
        }
      }
      case Statement.Store(Memory m, Value index, Value value, boolean aligned) when !value.type().isScalar() -> {
        List<Value> values = named(lanes(value), reads(value));
        Value first = named(value(index));
        for (int i = 0; i < values.size(); i++) {
          own.add(new Statement.Store(m, Values.add(first, i), values.get(i), false));
        }
      }
      default -> super.statement(statement, own);
    }
    out.addAll(before);
    out.addAll(own);
    before = outer;
  }

  private List<Variable> parts(Variable v) {
    List<Variable> parts = variables.get(v);
    if (parts == null) {
      throw new IllegalStateException("'" + v.name() + "' is used before it is declared");
    }
    return parts;
  }

  @Override
  public Value value(Value value) {
    if (value instanceof Value.Lane(Value a, int lane)) {
      return a.type().isScalar() ? value(a) : lanes(a).get(lane);
    }
    return rebuild(value);
  }

  private List<Value> lanes(Value value) {
    int n = value.type().lanes();
    if (n == 1) {
      return List.of(value(value));
    }
    return switch (value) {
      case Value.Constant c -> Collections.nCopies(n, new Value.Constant(c.type().withLanes(1), c.bits()));
      case Value.Lanes _ -> IntStream.range(0, n).mapToObj(i -> Values.index(i)).toList();
      case Value.Read r -> parts(r.variable()).stream().map(Values::read).toList();
      case Value.Load l -> {
        Value first = named(value(l.index()));
        yield IntStream.range(0, n).mapToObj(i -> Values.load(l.memory(), Values.add(first, i))).toList();
      }
      case Value.Unary u -> lanes(u.a()).stream().map(a -> Values.unary(u.op(), a)).toList();
      case Value.Binary b -> {
        List<Value> x = lanes(b.a());
        List<Value> y = lanes(b.b());
        yield IntStream.range(0, n).<Value>mapToObj(
            i -> new Value.Binary(b.op(), x.get(i), y.get(i), b.type().withLanes(1), b.exact())).toList();
      }
      case Value.MultiplyAdd(Value a, Value b, Value c) -> {
        List<Value> x = lanes(a);
        List<Value> y = lanes(b);
        List<Value> z = lanes(c);
        yield IntStream.range(0, n).mapToObj(i -> Values.mad(x.get(i), y.get(i), z.get(i))).toList();
      }
      case Value.Select(Value condition, Value a, Value b) -> {
        List<Value> c = lanes(condition);
        List<Value> x = lanes(a);
        List<Value> y = lanes(b);
        yield IntStream.range(0, n).mapToObj(i -> Values.select(c.get(i), x.get(i), y.get(i))).toList();
      }
      case Value.Cast(Value a, var to) -> lanes(a).stream().map(x -> Values.cast(x, to)).toList();
      case Value.Bits(Value a, var to) -> lanes(a).stream().map(x -> Values.bits(x, to)).toList();
      case Value.Splat(Value a, int count) -> Collections.nCopies(count, named(value(a)));
      case Value.Join(List<Value> values) -> values.stream().map(this::value).toList();
      case Value.Id _,Value.Argument _,Value.Lane _ -> throw new IllegalStateException(value + " has no lanes");
    };
  }

  /** A name for a value that is used in several lanes. */
  private Value named(Value value) {
    if (value instanceof Value.Constant || value instanceof Value.Read || value instanceof Value.Argument) {
      return value;
    }
    Variable v = new Variable("lane_base_" + names++, value.type());
    before.add(new Statement.Declare(v, value));
    return Values.read(v);
  }

  private List<Value> named(List<Value> values, boolean all) {
    if (!all) {
      return values;
    }
    List<Value> reads = new ArrayList<>();
    for (Value value : values) {
      Type type = value.type();
      Variable v = new Variable("lane_" + names++, type);
      before.add(new Statement.Declare(v, value));
      reads.add(Values.read(v));
    }
    return reads;
  }

  /** Whether a lane of the result may depend on another lane of a variable. */
  private static boolean mixesLanes(Value value) {
    return value instanceof Value.Lane || value.operands().stream().anyMatch(Scalars::mixesLanes);
  }

  private static boolean reads(Value value) {
    return value instanceof Value.Load || value.operands().stream().anyMatch(Scalars::reads);
  }
}
