package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.View;

/**
 * An iteration space in as few dimensions as its views allow: those of one point are gone, and neighbours that every view
 * walks through as one are one.
 *
 * <p>The space has two parts, such as the kept and the reduced dimensions of a reduction; nothing moves or merges from one
 * to the other.
 */
final class Nest {
  final Dims space;
  /** How many dimensions the first part has. */
  final int firstPart;
  /** The views over {@link #space}, in the order given. */
  final List<View> views;
  /** For each original dimension the one that counts it, -1 if it has one point. */
  private final int[] place;

  /** A dimension on its way: its size and the original ones in it. */
  private record Axis(long size, List<Integer> from) {
    /** The original dimension whose strides are those of the whole axis. */
    int inner() {
      return from.getLast();
    }
  }

  private Nest(Dims space, int firstPart, List<View> views, int[] place) {
    this.space = space;
    this.firstPart = firstPart;
    this.views = views;
    this.place = place;
  }

  /**
   * @param firstPart how many of the dimensions are of the first part
   * @param views all accesses over the space
   * @param counted the dimensions whose index an expression asks for
   * @param order in the first part, dimensions are ordered by falling strides of this view; as they are if null
   */
  static Nest of(Dims space, int firstPart, List<View> views, Set<Integer> counted, @Nullable View order) {
    List<Integer> first = new ArrayList<>(IntStream.range(0, firstPart).boxed().toList());
    if (order != null) {
      first.sort(Comparator.comparingLong(d -> -Math.abs(order.strides().get(d))));
    }
    List<Integer> second = IntStream.range(firstPart, space.rank()).boxed().toList();
    List<Axis> axes = merged(space, first, views, counted);
    int boundary = axes.size();
    axes.addAll(merged(space, second, views, counted));

    int[] place = new int[space.rank()];
    java.util.Arrays.fill(place, -1);
    for (int a = 0; a < axes.size(); a++) {
      if (axes.get(a).from().size() == 1) {
        place[axes.get(a).inner()] = a;
      }
    }
    Dims merged = Dims.of(axes.stream().mapToLong(Axis::size).toArray());
    return new Nest(merged, boundary, views.stream().map(v -> view(v, space, merged, axes)).toList(), place);
  }

  private static List<Axis> merged(Dims space, List<Integer> dims, List<View> views, Set<Integer> counted) {
    List<Axis> axes = new ArrayList<>();
    for (int d : dims) {
      long size = space.get(d);
      if (size == 1 && views.stream().noneMatch(v -> isGuarded(v, d, 1))) {
        continue;
      }
      Axis last = axes.isEmpty() ? null : axes.getLast();
      if (last != null && canMerge(space, last.inner(), d, views, counted)) {
        List<Integer> from = new ArrayList<>(last.from());
        from.add(d);
        axes.set(axes.size() - 1, new Axis(last.size() * size, from));
      } else {
        axes.add(new Axis(size, List.of(d)));
      }
    }
    return axes;
  }

  private static boolean canMerge(Dims space, int outer, int inner, List<View> views, Set<Integer> counted) {
    long size = space.get(inner);
    if (counted.contains(outer) || counted.contains(inner) || size == 0 || space.get(outer) == 0) {
      return false;
    }
    for (View v : views) {
      if (v.strides().get(outer) != v.strides().get(inner) * size || isGuarded(v, outer, space.get(outer))
          || isGuarded(v, inner, size)) {
        return false;
      }
    }
    return true;
  }

  /** Whether the view's guard leaves out some of these {@code size} points. */
  static boolean isGuarded(View v, int d, long size) {
    return v.low(d) > 0 || v.high(d, size) < size;
  }

  private static View view(View v, Dims space, Dims merged, List<Axis> axes) {
    long[] strides = axes.stream().mapToLong(a -> v.strides().get(a.inner())).toArray();
    View.Guard guard = null;
    boolean guarded = false;
    long[] low = new long[axes.size()];
    long[] high = merged.toArray();
    for (int a = 0; a < axes.size(); a++) {
      int d = axes.get(a).inner();
      if (isGuarded(v, d, space.get(d))) {
        guarded = true;
        low[a] = v.low(d);
        high[a] = v.high(d, space.get(d));
      }
    }
    if (guarded && v.guard() != null) {
      guard = new View.Guard(Dims.of(low), Dims.of(high), v.guard().outside());
    }
    return new View(v.dtype(), v.offset(), Dims.of(strides), guard);
  }

  /** The coordinates as expressions over the original space count them. */
  List<Value> original(List<Value> coordinates) {
    List<Value> all = new ArrayList<>();
    for (int p : place) {
      all.add(p < 0 ? Values.index(0) : coordinates.get(p));
    }
    return all;
  }

  /** The dimensions whose index these expressions ask for. */
  static Set<Integer> counted(Expr... expressions) {
    Set<Integer> dims = new TreeSet<>();
    for (Expr e : expressions) {
      for (Expr.Node node : e.nodes()) {
        if (node instanceof Expr.Index i) {
          dims.add(i.dim());
        }
      }
    }
    return dims;
  }

  /** A view over the first part as one over the whole space, the same all along the second. */
  static View lifted(View v, Dims second) {
    View.Guard guard = v.guard() == null
        ? null
        : new View.Guard(v.guard().low().append(Dims.filled(second.rank(), 0)),
            v.guard().high().append(second), v.guard().outside());
    return new View(v.dtype(), v.offset(), v.strides().append(Dims.filled(second.rank(), 0)), guard);
  }

  /** The access along the first {@code rank} dimensions, at the first points of the others. */
  static View first(View v, int rank) {
    View.Guard g = v.guard();
    return new View(v.dtype(), v.offset(), v.strides().slice(0, rank),
        g == null ? null : new View.Guard(g.low().slice(0, rank), g.high().slice(0, rank), g.outside()));
  }

  int rank() {
    return space.rank();
  }

  /** The dimensions of the first part. */
  Dims first() {
    return space.slice(0, firstPart);
  }

  /** The dimensions of the second part. */
  Dims second() {
    return space.slice(firstPart, space.rank());
  }

  /** The same nest with dimension {@code d} of the first part moved to that part's end. */
  Nest withLast(int d) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, space.rank()).boxed().toList());
    order.remove(d);
    order.add(firstPart - 1, d);
    int[] moved = place.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] = place[i] < 0 ? -1 : order.indexOf(place[i]);
    }
    return new Nest(permuted(space, order), firstPart, views.stream().map(v -> {
      View.Guard g = v.guard();
      return new View(v.dtype(), v.offset(), permuted(v.strides(), order),
          g == null ? null : new View.Guard(permuted(g.low(), order), permuted(g.high(), order), g.outside()));
    }).toList(), moved);
  }

  private static Dims permuted(Dims d, List<Integer> order) {
    return Dims.of(order.stream().mapToLong(d::get).toArray());
  }
}
