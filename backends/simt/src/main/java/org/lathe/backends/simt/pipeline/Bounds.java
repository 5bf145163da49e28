package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.lathe.backends.simt.ir.Rewriter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;

/** How often loops run, from their bounds and the loops around them. */
final class Bounds {
  /** So many places of the loops around are looked at, evenly spread, where there are more. */
  private static final int SAMPLES = 4096;

  private final List<Statement.For> around = new ArrayList<>();
  private final Map<Variable, Value> definitions = new HashMap<>();

  void enter(Statement.For loop) {
    around.add(loop);
  }

  void leave() {
    around.removeLast();
  }

  /** A variable that never changes after it is made. */
  void define(Variable variable, Value value) {
    definitions.put(variable, value);
  }

  Trips of(Statement.For loop) {
    List<Statement.For> relevant = relevant(loop);
    int each = Math.max(2, (int) Math.floor(Math.pow(SAMPLES, 1.0 / Math.max(1, relevant.size()))));
    Count count = new Count();
    visit(loop, relevant, 0, new HashMap<>(), each, count);
    return count.trips();
  }

  private static final class Count {
    private long least = Long.MAX_VALUE;
    private long most;
    private double sum;
    private long samples;
    private boolean known = true;

    Trips trips() {
      if (!known) {
        return new Trips(1, 1, 1, false);
      }
      return samples == 0 ? Trips.of(0) : new Trips(least, most, sum / samples, true);
    }
  }

  /** The enclosing loops that the bounds depend on. */
  private List<Statement.For> relevant(Statement.For loop) {
    Set<Variable> named = new LinkedHashSet<>();
    reads(loop.from(), named);
    reads(loop.to(), named);
    List<Statement.For> relevant = new ArrayList<>();
    for (Statement.For f : around.reversed()) {
      if (named.contains(f.counter())) {
        relevant.addFirst(f);
        reads(f.from(), named);
        reads(f.to(), named);
      }
    }
    return relevant;
  }

  private void reads(Value value, Set<Variable> into) {
    if (value instanceof Value.Read r && into.add(r.variable()) && definitions.containsKey(r.variable())) {
      reads(definitions.getOrDefault(r.variable(), r), into);
    }
    value.operands().forEach(o -> reads(o, into));
  }

  private void visit(
      Statement.For loop, List<Statement.For> relevant, int level, Map<Variable, Long> at, int each, Count count) {
    Statement.For f = level == relevant.size() ? loop : relevant.get(level);
    OptionalLong from = evaluate(f.from(), at);
    OptionalLong to = evaluate(f.to(), at);
    if (from.isEmpty() || to.isEmpty()) {
      count.known = false;
      return;
    }
    long trips = Math.max(0, Math.ceilDiv(to.getAsLong() - from.getAsLong(), f.step()));
    if (level == relevant.size()) {
      count.least = Math.min(count.least, trips);
      count.most = Math.max(count.most, trips);
      count.sum += trips;
      count.samples++;
      return;
    }
    long samples = Math.min(trips, each);
    for (long s = 0; s < samples && count.known; s++) {
      long i = samples == trips ? s : Math.round((double) s * (trips - 1) / (samples - 1));
      at.put(f.counter(), from.getAsLong() + i * f.step());
      visit(loop, relevant, level + 1, at, each, count);
    }
    at.remove(f.counter());
  }

  private OptionalLong evaluate(Value value, Map<Variable, Long> at) {
    Value folded = new Rewriter() {
      @Override
      public Value value(Value v) {
        if (v instanceof Value.Read r) {
          Long known = at.get(r.variable());
          if (known != null) {
            return new Value.Constant(r.type(), known);
          }
          Value definition = definitions.get(r.variable());
          return definition != null ? value(definition) : r;
        }
        return rebuild(v);
      }
    }.value(value);
    return folded instanceof Value.Constant c ? OptionalLong.of(c.bits()) : OptionalLong.empty();
  }
}
