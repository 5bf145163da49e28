package org.lathe.reference;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;

/** Sums of products: matrix products and convolutions. */
final class ProductReference {
  private ProductReference() {}

  /** Sums, one for each point of the output space: reals in float64, integers wrapping at 64 bits. */
  private static final class Sums {
    private final DType type;
    private final Dims space;
    private final double[] reals;
    private final long[] wholes;

    Sums(DType type, Dims space) {
      int n = Math.toIntExact(space.product());
      this.type = type;
      this.space = space;
      reals = new double[n];
      wholes = new long[n];
    }

    void add(int at, Scalar a, Scalar b) {
      reals[at] += a.real() * b.real();
      wholes[at] += a.whole() * b.whole();
    }

    void finish(Epilogue e, List<Elements> in, List<Elements> out) {
      Scalar[] inputs = new Scalar[1 + e.inputs().size()];
      Views.points(space, p -> {
        int at = Views.flat(space, p);
        inputs[0] = type.isFloating() ? Scalar.real(reals[at]) : Scalar.of(type, wholes[at]);
        Views.read(e.inputs(), in.subList(2, in.size()), p, inputs, 1);
        Views.store(e.outputs(), out, p, ExprReference.evaluate(e.expr(), inputs, p));
      });
    }
  }

  static void contraction(Contraction c, List<Elements> in, List<Elements> out) {
    Sums sums = new Sums(c.accumulator(), c.space());
    int rank = c.batch().rank();
    Views.points(c.space(), p -> {
      long[] a = p.clone();
      long[] b = p.clone();
      for (long k = 0; k < c.k(); k++) {
        a[rank + 1] = k;
        b[rank] = k;
        sums.add(Views.flat(c.space(), p), Views.read(c.a(), in.get(0), a), Views.read(c.b(), in.get(1), b));
      }
    });
    sums.finish(c.epilogue(), in, out);
  }

  static void convolution(Convolution c, List<Elements> in, List<Elements> out) {
    Convolution.Geometry g = c.geometry();
    Sums sums = new Sums(c.accumulator(), c.space());
    long perGroup = g.channels() / g.groups();
    long filtersPerGroup = g.filters() / g.groups();
    Views.points(g.resultShape(), result -> {
      long[] data = {result[0], 0, 0, 0};
      long[] filter = {result[1], 0, 0, 0};
      for (long ch = 0; ch < perGroup; ch++) {
        for (long i = 0; i < g.kernelHeight(); i++) {
          for (long j = 0; j < g.kernelWidth(); j++) {
            data[1] = result[1] / filtersPerGroup * perGroup + ch;
            data[2] = result[2] * g.strideY() + i * g.dilationY() - g.padY();
            data[3] = result[3] * g.strideX() + j * g.dilationX() - g.padX();
            filter[1] = ch;
            filter[2] = i;
            filter[3] = j;
            if (data[2] < 0 || data[3] < 0 || data[2] >= g.height() || data[3] >= g.width()) {
              continue;
            }
            long[] first = c.form() == Convolution.Form.DATA_GRADIENT ? result : data;
            long[] second = c.form() == Convolution.Form.FILTER_GRADIENT ? result : filter;
            long[] to = switch (c.form()) {
              case FORWARD -> result;
              case DATA_GRADIENT -> data;
              case FILTER_GRADIENT -> filter;
            };
            sums.add(Views.flat(c.space(), to), Views.read(c.first(), in.get(0), first),
                Views.read(c.second(), in.get(1), second));
          }
        }
      }
    });
    sums.finish(c.epilogue(), in, out);
  }
}
