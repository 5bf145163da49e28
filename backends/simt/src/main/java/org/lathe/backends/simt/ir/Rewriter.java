package org.lathe.backends.simt.ir;

import java.util.ArrayList;
import java.util.List;

/**
 * Copies kernels with changes: a subclass says what becomes of one value or statement, the rest is rebuilt around it, and
 * constants are folded anew. Not for several threads.
 */
public abstract class Rewriter {

  /** What the value becomes. By default the same operation on the rewritten operands. */
  public Value value(Value value) {
    return rebuild(value);
  }

  /** What the statement becomes: any number of statements. By default the same one with rewritten contents. */
  protected void statement(Statement statement, List<Statement> out) {
    out.add(switch (statement) {
      case Statement.Declare(Variable v, Value value) -> new Statement.Declare(v, value(value));
      case Statement.Assign(Variable v, Value value) -> new Statement.Assign(v, value(value));
      case Statement.Store(Memory m, Value index, Value value, boolean aligned) ->
        new Statement.Store(m, value(index), value(value), aligned);
      case Statement.For f ->
        new Statement.For(f.counter(), value(f.from()), value(f.to()), f.step(), f.unroll(), block(f.body()));
      case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) ->
        new Statement.If(value(condition), block(then), block(otherwise));
      case Statement.Barrier b -> b;
    });
  }

  public final List<Statement> block(List<Statement> body) {
    List<Statement> out = new ArrayList<>();
    body.forEach(s -> statement(s, out));
    return out;
  }

  /** The same operation on the rewritten operands. */
  protected final Value rebuild(Value value) {
    return switch (value) {
      case Value.Constant c -> c;
      case Value.Lanes l -> l;
      case Value.Id i -> i;
      case Value.Argument a -> a;
      case Value.Read r -> r;
      case Value.Load l -> new Value.Load(l.memory(), value(l.index()), l.lanes(), l.aligned());
      case Value.Unary u -> Values.unary(u.op(), value(u.a()));
      case Value.Binary b -> Values.binary(b.op(), value(b.a()), value(b.b()), b.exact());
      case Value.MultiplyAdd(Value a, Value b, Value c) -> new Value.MultiplyAdd(value(a), value(b), value(c));
      case Value.Select(Value condition, Value a, Value b) -> Values.select(value(condition), value(a), value(b));
      case Value.Cast(Value a, var to) -> Values.cast(value(a), to);
      case Value.Bits(Value a, var to) -> Values.bits(value(a), to);
      case Value.Splat(Value a, int lanes) -> Values.splat(value(a), lanes);
      case Value.Lane(Value a, int lane) -> Values.lane(value(a), lane);
      case Value.Join(List<Value> parts) -> Values.join(parts.stream().map(this::value).toList());
    };
  }
}
