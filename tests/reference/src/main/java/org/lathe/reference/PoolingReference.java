package org.lathe.reference;

import java.util.List;
import org.lathe.hal.spec.Pooling;

/** Pooling, window by window. */
final class PoolingReference {
  private PoolingReference() {}

  static void run(Pooling s, List<Elements> in, Elements out) {
    double[] gradient = new double[Math.toIntExact(s.dataShape().product())];
    Views.points(s.resultShape(), p -> window(s, in, out, p, gradient));
    if (s.form() == Pooling.Form.GRADIENT) {
      out.set(gradient);
    }
  }

  private static void window(Pooling s, List<Elements> in, Elements out, long[] p, double[] gradient) {
    boolean isMax = s.kind() == Pooling.Kind.MAX;
    boolean readsData = isMax || s.form() == Pooling.Form.FORWARD;
    int result = Views.flat(s.resultShape(), p);
    int best = -1;
    double max = Double.NEGATIVE_INFINITY;
    double sum = 0;
    int count = 0;
    for (long i = 0; i < s.windowHeight(); i++) {
      for (long j = 0; j < s.windowWidth(); j++) {
        int at = inside(s, p, i, j);
        if (at < 0) {
          continue;
        }
        count++;
        double x = readsData ? in.getFirst().real(at) : 0;
        sum += x;
        if (best < 0 || (!Double.isNaN(max) && (Double.isNaN(x) || x > max))) {
          max = x;
          best = at;
        }
      }
    }
    double divisor = s.countPadding() ? s.windowHeight() * s.windowWidth() : count;
    switch (s.form()) {
      case FORWARD -> out.set(result, isMax ? max : count == 0 ? 0 : sum / divisor);
      case PICK -> out.set(result, best < 0 ? 0 : in.get(1).real(best));
      case GRADIENT -> {
        if (!isMax) {
          spread(s, p, in.getFirst().real(result) / divisor, gradient);
        } else if (best >= 0) {
          gradient[best] += in.get(1).real(result);
        }
      }
    }
  }

  private static void spread(Pooling s, long[] p, double share, double[] gradient) {
    for (long i = 0; i < s.windowHeight(); i++) {
      for (long j = 0; j < s.windowWidth(); j++) {
        int at = inside(s, p, i, j);
        if (at >= 0) {
          gradient[at] += share;
        }
      }
    }
  }

  /** The number of the window's element (i, j) in the data, or -1 outside of it. */
  private static int inside(Pooling s, long[] p, long i, long j) {
    long y = p[2] * s.strideY() - s.padY() + i;
    long x = p[3] * s.strideX() - s.padX() + j;
    return y < 0 || x < 0 || y >= s.height() || x >= s.width() ? -1 : Views.flat(s.dataShape(), p[0], p[1], y, x);
  }
}
