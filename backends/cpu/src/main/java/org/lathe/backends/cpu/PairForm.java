package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.Pooling.Kind;

/** Pooling of f32 in windows of 2x2 that step by 2; see {@link PairPooling}. */
final class PairForm implements PoolingForm {
  private final Pooling p;
  private final PairPooling pairs;
  private final int pictures;
  private final int lines;
  private final long dataBytes;
  private final long resultBytes;

  PairForm(Pooling p, boolean vector, int pictures) {
    this.p = p;
    this.pictures = pictures;
    this.lines = Math.toIntExact(p.outHeight());
    this.pairs = pairs(Math.toIntExact(p.outWidth()), p.kind(), vector);
    this.dataBytes = 4 * p.height() * p.width();
    this.resultBytes = 4 * p.outHeight() * p.outWidth();
  }

  static boolean fits(Pooling p) {
    return p.dtype() == DType.F32
        && p.windowHeight() == 2
        && p.windowWidth() == 2
        && p.strideY() == 2
        && p.strideX() == 2
        && p.padY() == 0
        && p.padX() == 0
        && 2 * p.outHeight() <= p.height()
        && 2 * p.outWidth() <= p.width();
  }

  private static PairPooling pairs(int width, Kind kind, boolean vector) {
    if (!vector || width < PairPooling.LEAST_WIDTH) {
      return new ScalarPairPooling(width);
    }
    return WarmUp.ENABLED ? new WarmingPairPooling(width, kind == Kind.MEAN) : new VectorPooling(width);
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
  public void block(long[] operands, long picture, int count, int band, long to, long scratch, Object heap) {
    for (long at = picture; at < picture + count; at++) {
      long data = operands[0] + at * dataBytes;
      switch (p.form()) {
        case FORWARD -> forward(data, data, to);
        case PICK -> forward(data, operands[1] + at * dataBytes, to);
        case GRADIENT ->
          gradient(data, operands[p.kind() == Kind.MAX ? 1 : 0] + at * resultBytes, to);
      }
      to += p.form() == Form.GRADIENT ? dataBytes : resultBytes;
    }
  }

  private void forward(long data, long other, long to) {
    long step = 4 * p.width();
    if (p.kind() == Kind.MEAN) {
      pairs.mean(data, step, to, lines);
    } else {
      pairs.pick(data, other, step, to, lines);
    }
  }

  private void gradient(long data, long from, long to) {
    long step = 4 * p.width();
    if (2 * p.outHeight() < p.height() || 2 * p.outWidth() < p.width()) {
      Memory.fill(to, dataBytes, (byte) 0);
    }
    if (p.kind() == Kind.MEAN) {
      pairs.spread(step, from, to, lines);
    } else {
      pairs.route(data, step, from, to, lines);
    }
  }

  @Override
  public String toString() {
    return "2x2 windows, " + pairs;
  }
}
