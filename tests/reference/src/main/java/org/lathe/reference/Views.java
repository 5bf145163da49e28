package org.lathe.reference;

import java.util.List;
import java.util.function.Consumer;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/** Accesses point by point. */
public final class Views {
  private Views() {}

  /** Calls with every point of the space in row-major order; the array is the same one each time. */
  public static void points(Dims space, Consumer<long[]> body) {
    long n = space.product();
    long[] p = new long[space.rank()];
    for (long i = 0; i < n; i++) {
      body.accept(p);
      for (int d = p.length - 1; d >= 0 && ++p[d] == space.get(d); d--) {
        p[d] = 0;
      }
    }
  }

  /** The row-major number of a point. */
  public static int flat(Dims shape, long... p) {
    long at = 0;
    for (int d = 0; d < p.length; d++) {
      at = at * shape.get(d) + p[d];
    }
    return Math.toIntExact(at);
  }

  /** The element that the view touches at a point within its guard. */
  public static long element(View v, long... p) {
    long at = v.offset();
    for (int d = 0; d < v.strides().rank(); d++) {
      at += p[d] * v.strides().get(d);
    }
    return at;
  }

  public static boolean inside(View v, long... p) {
    View.Guard g = v.guard();
    for (int d = 0; g != null && d < p.length; d++) {
      if (p[d] < g.low().get(d) || p[d] >= g.high().get(d)) {
        return false;
      }
    }
    return true;
  }

  public static Scalar read(View v, Elements m, long... p) {
    View.Guard g = v.guard();
    return g == null || inside(v, p) ? m.get(element(v, p)) : Scalar.number(v.dtype(), g.outside());
  }

  /** What {@code views} read at the point, into {@code values} from {@code first} on. */
  static void read(List<View> views, List<Elements> in, long[] p, Scalar[] values, int first) {
    for (int i = 0; i < views.size(); i++) {
      values[first + i] = read(views.get(i), in.get(i), p);
    }
  }

  static void store(List<View> views, List<Elements> out, long[] p, Scalar[] values) {
    for (int j = 0; j < values.length; j++) {
      out.get(j).set(element(views.get(j), p), values[j]);
    }
  }
}
