package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/**
 * Iteration spaces with as few dimensions as the accesses allow: dimensions of size 1 go, and neighbours that every
 * access walks through in one stride become one. Equal work on different shapes becomes one kernel.
 */
final class Coalescing {
  /** The old dimensions, in order, that make up each new one. */
  private final List<int[]> groups = new ArrayList<>();
  private final int rank;

  /**
   * @param from the first dimension that may change; those before stay
   * @param to one more than the last
   */
  private Coalescing(Dims space, int from, int to, boolean[] counted, List<List<View>> views) {
    rank = space.rank();
    for (int d = 0; d < rank; d++) {
      boolean free = d >= from && d < to && !counted[d] && space.product() > 0;
      if (free && space.get(d) == 1 && unguarded(views, d, 1)) {
        continue;
      }
      int[] before = groups.isEmpty() ? null : groups.getLast();
      if (free && before != null && before[0] >= from && !counted[before[0]] && oneStride(views, space, before, d)) {
        int[] longer = Arrays.copyOf(before, before.length + 1);
        longer[before.length] = d;
        groups.set(groups.size() - 1, longer);
      } else {
        groups.add(new int[]{d});
      }
    }
  }

  private static boolean unguarded(List<List<View>> views, int d, long size) {
    for (List<View> list : views) {
      for (View v : list) {
        if (v.guard() != null && (v.guard().low().get(d) > 0 || v.guard().high().get(d) < size)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean oneStride(List<List<View>> views, Dims space, int[] before, int d) {
    if (!unguarded(views, d, space.get(d))) {
      return false;
    }
    int outer = before[before.length - 1];
    for (List<View> list : views) {
      for (View v : list) {
        if (v.strides().get(outer) != v.strides().get(d) * space.get(d)) {
          return false;
        }
      }
    }
    return before.length == 1 || unguarded(views, outer, space.get(outer));
  }

  private Dims space(Dims space) {
    long[] sizes = new long[groups.size()];
    for (int g = 0; g < sizes.length; g++) {
      sizes[g] = 1;
      for (int d : groups.get(g)) {
        sizes[g] *= space.get(d);
      }
    }
    return Dims.of(sizes);
  }

  private List<View> views(Dims space, List<View> views) {
    return views.stream().map(v -> view(space, v)).toList();
  }

  private View view(Dims space, View v) {
    long[] strides = new long[groups.size()];
    long[] low = new long[strides.length];
    long[] high = new long[strides.length];
    for (int g = 0; g < strides.length; g++) {
      int[] dims = groups.get(g);
      strides[g] = v.strides().get(dims[dims.length - 1]);
      if (v.guard() != null) {
        long inner = 1;
        for (int i = 1; i < dims.length; i++) {
          inner *= space.get(dims[i]);
        }
        low[g] = v.guard().low().get(dims[0]) * inner;
        high[g] = v.guard().high().get(dims[0]) * inner;
      }
    }
    View.Guard guard = v.guard() == null ? null : new View.Guard(Dims.of(low), Dims.of(high), v.guard().outside());
    return new View(v.dtype(), v.offset(), Dims.of(strides), guard);
  }

  private Expr expr(Expr e) {
    int[] renumbered = new int[rank];
    for (int g = 0; g < groups.size(); g++) {
      renumbered[groups.get(g)[0]] = g;
    }
    return Expressions.counts(e) ? Expressions.rewritten(e, i -> i, d -> renumbered[d]) : e;
  }

  private boolean changes() {
    return groups.size() != rank;
  }

  static Map of(Map m) {
    int rank = m.space().rank();
    Coalescing c = new Coalescing(
        m.space(), 0, rank, Expressions.counted(rank, m.expr()), List.of(m.inputViews(), m.outputViews()));
    return c.changes()
        ? new Map(
            c.space(m.space()),
            c.views(m.space(), m.inputViews()),
            c.expr(m.expr()),
            c.views(m.space(), m.outputViews()))
        : m;
  }

  static Reduce of(Reduce r) {
    Dims space = r.space();
    int kept = r.kept().rank();
    boolean[] counted = Expressions.counted(space.rank(), r.producer());
    Coalescing inner = new Coalescing(space, kept, space.rank(), counted, List.of(r.inputViews()));
    Dims innerSpace = inner.space(space);
    List<View> inputs = inner.views(space, r.inputViews());
    Expr producer = inner.expr(r.producer());

    boolean[] outerCounted = Expressions.counted(innerSpace.rank(), producer);
    boolean[] epilogueCounted = Expressions.counted(kept, r.epilogue());
    for (int d = 0; d < kept; d++) {
      outerCounted[d] |= epilogueCounted[d];
    }
    List<View> widened = new ArrayList<>();
    int extra = innerSpace.rank() - kept;
    for (View v : r.epilogueInputs()) {
      widened.add(widened(v, extra, innerSpace));
    }
    List<View> outputs = r.outputViews().stream().map(v -> widened(v, extra, innerSpace)).toList();
    Coalescing outer = new Coalescing(innerSpace, 0, kept, outerCounted, List.of(inputs, widened, outputs));
    if (!inner.changes() && !outer.changes()) {
      return r;
    }
    Dims all = outer.space(innerSpace);
    int newKept = all.rank() - extra;
    return new Reduce(
        all.slice(0, newKept),
        all.slice(newKept, all.rank()),
        outer.views(innerSpace, inputs),
        outer.expr(producer),
        r.combiners(),
        outer.views(innerSpace, widened).stream().map(v -> narrowed(v, newKept)).toList(),
        outer.expr(r.epilogue()),
        outer.views(innerSpace, outputs).stream().map(v -> narrowed(v, newKept)).toList());
  }

  /** The same access over a space with further dimensions, along which it stays. */
  private static View widened(View v, int extra, Dims space) {
    Dims strides = v.strides().append(Dims.filled(extra, 0));
    View.Guard g = v.guard();
    return new View(
        v.dtype(),
        v.offset(),
        strides,
        g == null
            ? null
            : new View.Guard(
                g.low().append(Dims.filled(extra, 0)),
                g.high().append(space.slice(space.rank() - extra, space.rank())),
                g.outside()));
  }

  private static View narrowed(View v, int rank) {
    View.Guard g = v.guard();
    return new View(
        v.dtype(),
        v.offset(),
        v.strides().slice(0, rank),
        g == null ? null : new View.Guard(g.low().slice(0, rank), g.high().slice(0, rank), g.outside()));
  }

  static RowProgram of(RowProgram r) {
    Dims space = r.space();
    Expr[] all = new Expr[r.stages().size() + 1];
    for (int i = 0; i < r.stages().size(); i++) {
      all[i] = r.stages().get(i).expr();
    }
    all[r.stages().size()] = r.result();
    Coalescing c = new Coalescing(
        space,
        0,
        space.rank() - 1,
        Expressions.counted(space.rank(), all),
        List.of(r.inputViews(), r.outputViews()));
    if (!c.changes()) {
      return r;
    }
    Dims coalesced = c.space(space);
    return new RowProgram(
        coalesced.slice(0, coalesced.rank() - 1),
        r.columns(),
        c.views(space, r.inputViews()),
        r.stages().stream().map(s -> new RowProgram.Stage(s.combiner(), c.expr(s.expr()))).toList(),
        c.expr(r.result()),
        c.views(space, r.outputViews()));
  }

  /** Coalesces the batch. */
  static Contraction of(Contraction k) {
    int batch = k.batch().rank();
    Dims space = k.space();
    boolean[] counted = Expressions.counted(space.rank(), k.epilogue().expr());
    Coalescing c = new Coalescing(
        space,
        0,
        batch,
        counted,
        List.of(List.of(k.a(), k.b()), k.epilogue().inputs(), k.epilogue().outputs()));
    if (!c.changes()) {
      return k;
    }
    Dims coalesced = c.space(space);
    return new Contraction(
        coalesced.slice(0, coalesced.rank() - 2),
        k.m(),
        k.n(),
        k.k(),
        c.view(space, k.a()),
        c.view(space, k.b()),
        new Epilogue(
            c.expr(k.epilogue().expr()), c.views(space, k.epilogue().inputs()),
            c.views(space, k.epilogue().outputs())));
  }
}
