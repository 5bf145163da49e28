package org.lathe.reference;

import java.util.List;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.Pooling;

/** Pooling, window by window. */
final class PoolingReference {
  private PoolingReference() {}

  static void run(Pooling s, List<Elements> in, List<Elements> out) {
    double[] pooled = new double[Math.toIntExact(s.space().product())];
    Views.points(s.resultShape(), p -> window(s, in, p, pooled));
    Epilogue e = s.epilogue();
    Scalar[] inputs = new Scalar[1 + e.inputs().size()];
    Views.points(s.space(), p -> {
      inputs[0] = Scalar.real(pooled[Views.flat(s.space(), p)]);
      Views.read(e.inputs(), in.subList(s.pooledInputs(), in.size()), p, inputs, 1);
      Views.store(e.outputs(), out, p, ExprReference.evaluate(e.expr(), inputs, p));
    });
  }

  private static void window(Pooling s, List<Elements> in, long[] p, double[] pooled) {
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
      case FORWARD -> pooled[result] = isMax ? max : count == 0 ? 0 : sum / divisor;
      case PICK -> pooled[result] = best < 0 ? 0 : in.get(1).real(best);
      case GRADIENT -> {
        if (!isMax) {
          spread(s, p, in.getFirst().real(result) / divisor, pooled);
        } else if (best >= 0) {
          pooled[best] += in.get(1).real(result);
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
