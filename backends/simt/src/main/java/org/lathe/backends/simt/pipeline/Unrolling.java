package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Rewriter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;

/**
 * Carries out the unrolling that loops ask for, as the vendors' compilers do, so that what is left is hardware: each
 * operation stands once for each copy, and arrays that are only touched at known places are registers.
 */
final class Unrolling extends Rewriter {
  /** A loop whose copies would be more statements than this stays a loop. */
  private static final int LARGEST = 40_000;

  private final Map<Variable, Value> values = new HashMap<>();
  private final Map<String, Integer> copies = new HashMap<>();
  private final List<String> refused = new ArrayList<>();
  private String suffix = "";

  private final Map<Parameter.Scalar, Value> arguments;
  private final Set<Variable> assigned = new HashSet<>();
  private final List<Statement> body;

  /** @param arguments the values of the kernel's scalar parameters */
  Unrolling(List<Statement> body, Map<Parameter.Scalar, Value> arguments) {
    this.arguments = arguments;
    Dataflow.changes(body, assigned, new HashSet<>(), new HashSet<>());
    this.body = block(body);
  }

  List<Statement> body() {
    return body;
  }

  /** How many copies were made of the body of each loop that was unrolled, by its counter's name. */
  Map<String, Integer> copies() {
    return copies;
  }

  /** The counters of loops that ask for more copies than fit, or for all of an unknown number. */
  List<String> refused() {
    return refused;
  }

  @Override
  public Value value(Value value) {
    return switch (value) {
      case Value.Read r -> values.getOrDefault(r.variable(), r);
      case Value.Argument a -> arguments.getOrDefault(a.parameter(), a);
      default -> rebuild(value);
    };
  }

  @Override
  protected void statement(Statement statement, List<Statement> out) {
    switch (statement) {
      case Statement.Declare(Variable v, Value value) -> {
        Value now = value(value);
        if (now instanceof Value.Constant && !assigned.contains(v)) {
          values.put(v, now);
          return;
        }
        out.add(new Statement.Declare(renamed(v), now));
      }
      case Statement.Assign(Variable v, Value value) -> out.add(new Statement.Assign(current(v), value(value)));
      case Statement.For f -> loop(f, out);
      case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) -> {
        Value c = value(condition);
        if (c instanceof Value.Constant known) {
          out.addAll(block(known.bits() != 0 ? then : otherwise));
        } else {
          out.add(new Statement.If(c, block(then), block(otherwise)));
        }
      }
      default -> super.statement(statement, out);
    }
  }

  private Variable current(Variable v) {
    return values.get(v) instanceof Value.Read r ? r.variable() : v;
  }

  private Variable renamed(Variable v) {
    if (suffix.isEmpty()) {
      return v;
    }
    Variable copy = new Variable(v.name() + suffix, v.type());
    values.put(v, Values.read(copy));
    return copy;
  }

  private void loop(Statement.For f, List<Statement> out) {
    Value from = value(f.from());
    Value to = value(f.to());
    long trips = from instanceof Value.Constant a && to instanceof Value.Constant b
        ? Math.max(0, Math.ceilDiv(b.bits() - a.bits(), f.step()))
        : -1;
    long wanted = f.unroll() == Statement.For.FULLY || trips >= 0 && f.unroll() >= trips ? trips : f.unroll();
    if (wanted < 0 || wanted * size(f.body()) > LARGEST) {
      refused.add(f.counter().name());
      wanted = 1;
    }
    if (wanted == 0) {
      return;
    }
    String outer = suffix;
    if (wanted > 1) {
      copies.put(f.counter().name(), (int) wanted);
    }
    if (wanted == trips && from instanceof Value.Constant first) {
      for (int u = 0; u < wanted; u++) {
        suffix = wanted == 1 ? outer : outer + "." + u;
        values.put(f.counter(), new Value.Constant(first.type(), first.bits() + u * f.step()));
        out.addAll(block(f.body()));
      }
      suffix = outer;
      values.remove(f.counter());
      return;
    }
    Variable counter = renamed(f.counter());
    List<Statement> body = new ArrayList<>();
    for (int u = 0; u < wanted; u++) {
      suffix = wanted == 1 ? outer : outer + "." + u;
      values.put(f.counter(), Values.add(Values.read(counter), u * f.step()));
      body.addAll(block(f.body()));
    }
    suffix = outer;
    values.remove(f.counter());
    out.add(new Statement.For(counter, from, to, f.step() * wanted, 1, body));
  }

  private static long size(List<Statement> body) {
    long size = 0;
    for (Statement s : body) {
      size += switch (s) {
        case Statement.For f -> 1 + size(f.body()) * (f.unroll() == Statement.For.FULLY ? 16L : f.unroll());
        case Statement.If i -> 1 + size(i.then()) + size(i.otherwise());
        default -> 1;
      };
    }
    return size;
  }
}
