package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.View;

/**
 * A loop whose inputs may have guards: one compiled loop for each set of inputs that are outside their guards, made when
 * first met. A line is cut where an input enters or leaves its guard, so no loop tests a guard at a point.
 */
final class GuardedLoop {
  private final LoopSpec spec;
  private final int last;
  /** The guarded inputs, and their guards. */
  private final int[] guarded;
  private final long[][] low;
  private final long[][] high;
  private final double[] outside;
  private final @Nullable Loop[] loops;
  private final Loop unguarded;

  /**
   * @param views the inputs' views over the space whose line runs along dimension {@code last}
   */
  GuardedLoop(LoopSpec spec, List<View> views, int last) {
    this.spec = spec;
    this.last = last;
    List<Integer> with = new ArrayList<>();
    for (int i = 0; i < views.size(); i++) {
      if (views.get(i).guard() != null) {
        with.add(i);
      }
    }
    if (with.size() > 16) {
      throw new IllegalArgumentException("a kernel with " + with.size() + " guarded inputs; at most 16 are supported");
    }
    guarded = with.stream().mapToInt(i -> i).toArray();
    low = new long[guarded.length][];
    high = new long[guarded.length][];
    outside = new double[guarded.length];
    for (int g = 0; g < guarded.length; g++) {
      View.Guard guard = views.get(guarded[g]).guard();
      if (guard != null) {
        low[g] = guard.low().toArray();
        high[g] = guard.high().toArray();
        outside[g] = guard.outside();
      }
    }
    loops = new Loop[1 << guarded.length];
    unguarded = LoopCompiler.compile(spec);
    loops[0] = unguarded;
  }

  /**
   * Evaluates {@code n} points from {@code index}.
   *
   * @param a the loop's array for the first point, as {@link LoopSpec} describes it; changed if there are guards
   * @param index the first point; not changed; what lies behind the rank of the space is not read
   */
  void run(long[] a, long[] index, int n) {
    if (guarded.length == 0) {
      unguarded.run(a, n);
      return;
    }
    int always = 0;
    for (int g = 0; g < guarded.length; g++) {
      for (int d = 0; d < low[g].length; d++) {
        if (d != last && (index[d] < low[g][d] || index[d] >= high[g][d])) {
          always |= 1 << g;
        }
      }
    }
    long first = last < 0 ? 0 : index[last];
    int done = 0;
    while (done < n) {
      int out = always;
      long end = first + n;
      for (int g = 0; g < guarded.length && last >= 0; g++) {
        long at = first + done;
        if (at < low[g][last]) {
          out |= 1 << g;
          end = Math.min(end, low[g][last]);
        } else if (at < high[g][last]) {
          end = Math.min(end, high[g][last]);
        } else {
          out |= 1 << g;
        }
      }
      int count = (int) (end - first) - done;
      loop(out).run(a, count);
      done += count;
      advance(a, count);
    }
  }

  private Loop loop(int out) {
    Loop loop = loops[out];
    if (loop == null) {
      List<Expr.Node> nodes = new ArrayList<>(spec.expr().nodes());
      for (int g = 0; g < guarded.length; g++) {
        for (int i = 0; i < nodes.size() && (out & 1 << g) != 0; i++) {
          if (nodes.get(i) instanceof Expr.Input in && in.index() == guarded[g]) {
            nodes.set(i, Expr.Constant.of(in.type(), outside[g]));
          }
        }
      }
      Expr expr = new Expr(nodes, spec.expr().results());
      loop = LoopCompiler.compile(new LoopSpec(expr, spec.inputs(), spec.outputs(), spec.indexSteps(),
          spec.positionStep(), spec.places(), spec.vector()));
      loops[out] = loop;
    }
    return loop;
  }

  /** Moves the array's addresses and indices {@code count} points ahead. */
  private void advance(long[] a, int count) {
    int slot = 0;
    for (LoopSpec.Input in : spec.inputs()) {
      a[slot++] += count * in.stride() * in.dtype().bytes();
    }
    for (LoopSpec.Output out : spec.outputs()) {
      a[slot++] += count * out.stride() * out.dtype().bytes();
    }
    for (long step : spec.indexSteps()) {
      a[slot++] += count * step;
    }
    while (slot < spec.slots()) {
      a[slot++] += count * spec.positionStep();
    }
  }
}
