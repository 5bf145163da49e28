package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;

/**
 * After how many iterations a load may read what a store wrote, in a nest of loops that runs as one, its iterations
 * counted one after the other. What cannot be told apart counts as the very next iteration.
 */
final class Dependences {
  /** So many combinations of iterations are looked at before two accesses count as dependent. */
  private static final int EFFORT = 20_000;

  /**
   * One loop of the nest.
   *
   * @param trips how often it runs at most
   */
  record Level(Variable counter, long step, long trips) {}

  private final List<Level> nest;
  private final Set<Variable> varying;

  /**
   * @param nest the loops, the outermost first
   * @param varying what changes within: variables that are assigned or made there
   */
  Dependences(List<Level> nest, Set<Variable> varying) {
    this.nest = List.copyOf(nest);
    this.varying = new HashSet<>(varying);
    nest.forEach(l -> this.varying.add(l.counter()));
  }

  /** Whether the two may be the same memory. */
  static boolean mayMeet(Memory a, Memory b) {
    return a.equals(b)
        || a instanceof Parameter.Global x && b instanceof Parameter.Global y && x.mayAlias() && y.mayAlias();
  }

  /** The least number of iterations from a store to a load of the same element, or empty if none meets. */
  Optional<Long> distance(Dataflow.Store store, Dataflow.Load load) {
    if (!mayMeet(store.memory(), load.memory())) {
      return Optional.empty();
    }
    List<Variable> counters = nest.stream().map(Level::counter).toList();
    Affine from = store.index();
    Affine to = load.index();
    Map<Value, Long> rest = new HashMap<>(from.without(counters));
    if (!rest.equals(to.without(counters)) || rest.keySet().stream().anyMatch(this::varies)) {
      return Optional.of(1L);
    }
    long[] coefficients = new long[nest.size()];
    for (int i = 0; i < coefficients.length; i++) {
      coefficients[i] = from.coefficient(counters.get(i)) * nest.get(i).step();
      if (coefficients[i] != to.coefficient(counters.get(i)) * nest.get(i).step()) {
        return Optional.of(1L);
      }
    }
    // Element e of the store and f of the load are the same: from + e = to + f.
    long difference = from.constant() - to.constant();
    long least = Long.MAX_VALUE;
    for (int carrier = nest.size() - 1; carrier >= 0; carrier--) {
      Search search = new Search(coefficients, carrier);
      for (int e = 0; e < store.lanes(); e++) {
        for (int f = 0; f < load.lanes(); f++) {
          search.run(difference + e - f);
        }
      }
      least = Math.min(least, search.effort > EFFORT ? 1 : search.least);
    }
    return least == Long.MAX_VALUE ? Optional.empty() : Optional.of(least);
  }

  private boolean varies(Value value) {
    return value instanceof Value.Load
        || value instanceof Value.Read r && varying.contains(r.variable())
        || value.operands().stream().anyMatch(this::varies);
  }

  /** The iterations of one level in which a nest comes back to an element, those of the levels outside being equal. */
  private final class Search {
    private final long[] coefficients;
    private final int carrier;
    private final long[] weights;
    private long least = Long.MAX_VALUE;
    private int effort;

    Search(long[] coefficients, int carrier) {
      this.coefficients = coefficients;
      this.carrier = carrier;
      this.weights = new long[coefficients.length];
      long weight = 1;
      for (int i = weights.length - 1; i >= 0; i--) {
        weights[i] = weight;
        weight = Math.multiplyExact(weight, Math.max(1, nest.get(i).trips()));
      }
    }

    void run(long difference) {
      step(carrier, difference, 0);
    }

    /** All ways for the levels from {@code level} on to move by {@code difference} elements. */
    private void step(int level, long difference, long distance) {
      if (++effort > EFFORT) {
        return;
      }
      if (level == coefficients.length) {
        if (difference == 0 && distance > 0) {
          least = Math.min(least, distance);
        }
        return;
      }
      long most = nest.get(level).trips() - 1;
      long first = level == carrier ? 1 : -most;
      long c = coefficients[level];
      if (reach(level) < Math.abs(difference)) {
        return;
      }
      if (c != 0 && reach(level + 1) == 0) {
        // What is left must be exactly this level's move.
        long by = difference / c;
        if (difference % c == 0 && by >= first && by <= most) {
          step(level + 1, 0, distance + by * weights[level]);
        }
        return;
      }
      for (long by = first; by <= most && effort <= EFFORT; by++) {
        // The levels inside can take back less than one move of this one.
        if (level == carrier && least != Long.MAX_VALUE && (by - 1) * weights[level] >= least) {
          return;
        }
        step(level + 1, difference - by * c, distance + by * weights[level]);
        if (c == 0) {
          return;
        }
      }
    }

    /** How far the levels from {@code level} on can move. */
    private long reach(int level) {
      long reach = 0;
      for (int i = level; i < coefficients.length; i++) {
        reach += Math.abs(coefficients[i]) * (nest.get(i).trips() - 1);
      }
      return reach;
    }
  }

  /** The arrays among {@code all} that this nest writes and reads. */
  static List<Memory> shared(List<Dataflow.Store> stores, List<Dataflow.Load> loads) {
    List<Memory> shared = new ArrayList<>();
    for (Dataflow.Store s : stores) {
      if (loads.stream().anyMatch(l -> mayMeet(s.memory(), l.memory())) && !shared.contains(s.memory())) {
        shared.add(s.memory());
      }
    }
    return shared;
  }
}
