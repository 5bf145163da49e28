package org.lathe.compiler.lower;

import java.util.List;
import org.lathe.compiler.lower.NaiveDevice.Memory;
import org.lathe.hal.spec.Pooling;

/** Pooling, window by window. */
final class NaivePooling {
  private NaivePooling() {}

  static void run(Pooling s, List<Memory> in, List<Memory> out) {
    if (s.form() == Pooling.Form.GRADIENT) {
      for (int i = 0; i < s.dataShape().product(); i++) {
        out.get(0).set(s.dtype(), i, 0);
      }
    }
    double[] gradient = new double[Math.toIntExact(s.dataShape().product())];
    NaiveKernels.points(s.resultShape(), p -> window(s, in, out, p, gradient));
    if (s.form() == Pooling.Form.GRADIENT) {
      for (int i = 0; i < gradient.length; i++) {
        out.get(0).set(s.dtype(), i, gradient[i]);
      }
    }
  }

  private static void window(Pooling s, List<Memory> in, List<Memory> out, long[] p, double[] gradient) {
    int result = NaiveKernels.flat(s.resultShape(), p);
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
        double x = in.get(0).get(s.dtype(), Math.min(at, in.get(0).segment().byteSize() / s.dtype().bytes() - 1));
        sum += x;
        if (best < 0 || (!Double.isNaN(max) && (Double.isNaN(x) || x > max))) {
          max = x;
          best = at;
        }
      }
    }
    double divisor = s.countPadding() ? s.windowHeight() * s.windowWidth() : count;
    boolean isMax = s.kind() == Pooling.Kind.MAX;
    switch (s.form()) {
      case FORWARD -> out.get(0).set(s.dtype(), result, isMax ? max : count == 0 ? 0 : sum / divisor);
      case PICK -> out.get(0).set(s.dtype(), result, best < 0 ? 0 : in.get(1).get(s.dtype(), best));
      case GRADIENT -> {
        if (isMax) {
          if (best >= 0) {
            gradient[best] += in.get(1).get(s.dtype(), result);
          }
          return;
        }
        for (long i = 0; i < s.windowHeight(); i++) {
          for (long j = 0; j < s.windowWidth(); j++) {
            int at = inside(s, p, i, j);
            if (at >= 0) {
              gradient[at] += in.get(0).get(s.dtype(), result) / divisor;
            }
          }
        }
      }
    }
  }

  private static int inside(Pooling s, long[] p, long i, long j) {
    long y = p[2] * s.strideY() - s.padY() + i;
    long x = p[3] * s.strideX() - s.padX() + j;
    return y < 0 || x < 0 || y >= s.height() || x >= s.width()
        ? -1
        : NaiveKernels.flat(s.dataShape(), p[0], p[1], y, x);
  }
}
