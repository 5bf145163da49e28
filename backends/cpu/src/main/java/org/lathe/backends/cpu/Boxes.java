package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.View;

/** Cuts an iteration space with guarded inputs into boxes in which each input is inside or outside as a whole. */
final class Boxes {
  private final Dims space;
  private final List<View> views;
  private final List<Box> boxes = new ArrayList<>();

  /** A box, and for each input whether it reads memory there. */
  record Box(long[] low, long[] sizes, boolean[] inside) {
    /** The expression with the constants of the inputs that are outside. */
    Expr expr(Expr expr, List<View> views) {
      List<Expr.Node> nodes = new ArrayList<>(expr.nodes());
      nodes.replaceAll(n -> n instanceof Expr.Input in && in.index() < inside.length && !inside[in.index()]
          ? outside(in, views.get(in.index()))
          : n);
      return new Expr(nodes, expr.results());
    }
  }

  private Boxes(Dims space, List<View> views) {
    this.space = space;
    this.views = views;
  }

  static List<Box> of(Dims space, List<View> views) {
    Boxes b = new Boxes(space, views);
    boolean[] inside = new boolean[views.size()];
    java.util.Arrays.fill(inside, true);
    b.split(0, new long[space.rank()], space.toArray(), inside);
    return b.boxes;
  }

  static Expr.Constant outside(Expr.Input in, View view) {
    View.Guard guard = view.guard();
    if (guard == null) {
      throw new IllegalStateException("input " + in.index() + " has no guard");
    }
    return Expr.Constant.of(in.type(), guard.outside());
  }

  private void split(int d, long[] low, long[] sizes, boolean[] inside) {
    if (d == space.rank()) {
      boxes.add(new Box(low.clone(), sizes.clone(), inside.clone()));
      return;
    }
    TreeSet<Long> cuts = new TreeSet<>(List.of(0L, space.get(d)));
    for (int v = 0; v < inside.length; v++) {
      if (inside[v]) {
        cuts.add(Math.clamp(views.get(v).low(d), 0, space.get(d)));
        cuts.add(Math.clamp(views.get(v).high(d, space.get(d)), 0, space.get(d)));
      }
    }
    for (long from : cuts) {
      Long to = cuts.higher(from);
      if (to != null) {
        boolean[] still = inside.clone();
        for (int v = 0; v < still.length; v++) {
          still[v] &= from >= views.get(v).low(d) && to <= views.get(v).high(d, space.get(d));
        }
        low[d] = from;
        sizes[d] = to - from;
        split(d + 1, low, sizes, still);
      }
    }
    low[d] = 0;
    sizes[d] = space.get(d);
  }
}
