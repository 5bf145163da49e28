package org.lathe.backends.cpu;

import java.util.Arrays;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.Pooling.Kind;

/** Pooling of every type element by element, in float64. */
final class ElementPooling implements PoolingForm {
  private final Pooling p;
  private final DType type;
  /** The type of the results. */
  private final DType stored;
  private final int bytes;
  private final long dataElements;
  private final long resultElements;
  private final int pictures;

  ElementPooling(Pooling p, DType stored, int pictures) {
    this.p = p;
    this.type = p.dtype();
    this.stored = stored;
    this.bytes = type.bytes();
    this.dataElements = p.height() * p.width();
    this.resultElements = p.outHeight() * p.outWidth();
    this.pictures = pictures;
  }

  @Override
  public int pictures() {
    return pictures;
  }

  @Override
  public Pooling spec() {
    return p;
  }

  @Override
  public HeapScratch heapScratch() {
    return new HeapScratch(DType.F64, 0, p.form() == Form.GRADIENT ? Math.toIntExact(dataElements) : 0);
  }

  @Override
  public void block(long[] operands, long picture, int count, int band, long to, long scratch, Object heap) {
    double[] sums = (double[]) heap;
    for (long at = picture; at < picture + count; at++) {
      long data = at * dataElements * bytes;
      long result = at * resultElements * bytes;
      switch (p.form()) {
        case FORWARD -> forward(operands[0] + data, operands[0] + data, to);
        case PICK -> forward(operands[0] + data, operands[1] + data, to);
        case GRADIENT -> {
          boolean max = p.kind() == Kind.MAX;
          gradient(operands[0] + (max ? data : 0), operands[max ? 1 : 0] + result, to, sums);
        }
      }
      to += (p.form() == Form.GRADIENT ? dataElements : resultElements) * stored.bytes();
    }
  }

  private void forward(long data, long other, long to) {
    for (long y = 0; y < p.outHeight(); y++) {
      for (long x = 0; x < p.outWidth(); x++) {
        Elements.store(stored, to, p.kind() == Kind.MEAN ? mean(data, y, x) : picked(data, other, y, x));
        to += stored.bytes();
      }
    }
  }

  private long low(long at, long stride, long pad) {
    return Math.max(0, at * stride - pad);
  }

  private long high(long at, long stride, long pad, long window, long size) {
    return Math.min(size, at * stride - pad + window);
  }

  private double mean(long data, long y, long x) {
    long bottom = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height());
    long right = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width());
    double sum = 0;
    for (long i = low(y, p.strideY(), p.padY()); i < bottom; i++) {
      for (long j = low(x, p.strideX(), p.padX()); j < right; j++) {
        sum += Elements.toDouble(type, data + (i * p.width() + j) * bytes);
      }
    }
    long n = count(y, x);
    return n == 0 ? 0 : sum / n;
  }

  /** By what a window's sum is divided; 0 for an empty one. */
  private long count(long y, long x) {
    long rows = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height()) - low(y, p.strideY(), p.padY());
    long columns = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width()) - low(x, p.strideX(), p.padX());
    if (rows <= 0 || columns <= 0) {
      return 0;
    }
    return p.countPadding() ? p.windowHeight() * p.windowWidth() : rows * columns;
  }

  /** The element of a window's maximum, counted in the picture; -1 if the window is empty. */
  private long argmax(long data, long y, long x) {
    long bottom = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height());
    long right = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width());
    long best = -1;
    double max = 0;
    for (long i = low(y, p.strideY(), p.padY()); i < bottom; i++) {
      for (long j = low(x, p.strideX(), p.padX()); j < right; j++) {
        double v = Elements.toDouble(type, data + (i * p.width() + j) * bytes);
        if (best < 0 || !Double.isNaN(max) && !(v <= max)) {
          best = i * p.width() + j;
          max = v;
        }
      }
    }
    return best;
  }

  private double picked(long data, long other, long y, long x) {
    long at = argmax(data, y, x);
    if (at < 0) {
      return p.form() == Form.PICK ? 0 : Double.NEGATIVE_INFINITY;
    }
    return Elements.toDouble(type, other + at * bytes);
  }

  private void gradient(long data, long from, long to, double[] sums) {
    Arrays.fill(sums, 0, (int) dataElements, 0);
    for (long y = 0; y < p.outHeight(); y++) {
      for (long x = 0; x < p.outWidth(); x++) {
        double g = Elements.toDouble(type, from);
        from += bytes;
        if (p.kind() == Kind.MAX) {
          long at = argmax(data, y, x);
          if (at >= 0) {
            sums[(int) at] += g;
          }
        } else {
          spread(g, y, x, sums);
        }
      }
    }
    for (int i = 0; i < dataElements; i++) {
      Elements.store(stored, to + (long) i * stored.bytes(), sums[i]);
    }
  }

  private void spread(double g, long y, long x, double[] sums) {
    long n = count(y, x);
    if (n == 0) {
      return;
    }
    long bottom = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height());
    long right = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width());
    for (long i = low(y, p.strideY(), p.padY()); i < bottom; i++) {
      for (long j = low(x, p.strideX(), p.padX()); j < right; j++) {
        sums[(int) (i * p.width() + j)] += g / n;
      }
    }
  }

  @Override
  public String toString() {
    return "element by element";
  }
}
