package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.View;

/**
 * A convolution, or the gradient of its data, as plain correlations with step 1: what is left when strides are taken
 * apart.
 *
 * <p>A forward convolution with stride s reads each s-th element of a row. Split by the remainder of its coordinates, the
 * source falls into phases in which the reads are contiguous. The gradient of the data writes each s-th element: the
 * result falls into phases, each with the filter taps that reach it, and no multiplication meets an inserted zero.
 *
 * @param channels of the source in one group
 * @param rows of the product: channels of the result in one group
 * @param height of the source
 * @param width of the source
 * @param step by how much the source moves from one result position of a phase to the next, down
 * @param stepX the same, to the right
 * @param parts one for each phase of the result
 */
record Correlation(
    long batch,
    long groups,
    long channels,
    long rows,
    long height,
    long width,
    long step,
    long stepX,
    View source,
    View filters,
    boolean transposed,
    List<Part> parts) {

  /**
   * One phase of the result: the positions {@code (offsetY + u * stepY, offsetX + v * stepX)}.
   *
   * @param height how many u
   * @param width how many v
   */
  record Part(
      long offsetY, long offsetX, long stepY, long stepX, long height, long width, List<Tap> taps) {}

  /**
   * One element of the filter: result (u, v) takes source {@code (u * step + y, v * stepX + x)} times filter element (i,
   * j).
   */
  record Tap(long i, long j, long y, long x) {}

  static Correlation of(Convolution spec) {
    Convolution.Geometry g = spec.geometry();
    if (spec.form() == Convolution.Form.FORWARD) {
      List<Tap> taps = new ArrayList<>();
      for (long i = 0; i < g.kernelHeight(); i++) {
        for (long j = 0; j < g.kernelWidth(); j++) {
          taps.add(new Tap(i, j, i * g.dilationY() - g.padY(), j * g.dilationX() - g.padX()));
        }
      }
      Part all = new Part(0, 0, 1, 1, g.outHeight(), g.outWidth(), taps);
      return new Correlation(
          g.batch(),
          g.groups(),
          g.channels() / g.groups(),
          g.filters() / g.groups(),
          g.height(),
          g.width(),
          g.strideY(),
          g.strideX(),
          spec.first(),
          spec.second(),
          false,
          List.of(all));
    }
    List<Part> parts = new ArrayList<>();
    for (long y = 0; y < Math.min(g.strideY(), g.height()); y++) {
      for (long x = 0; x < Math.min(g.strideX(), g.width()); x++) {
        parts.add(
            new Part(
                y,
                x,
                g.strideY(),
                g.strideX(),
                Tiling.ceil(g.height() - y, g.strideY()),
                Tiling.ceil(g.width() - x, g.strideX()),
                tapsOf(g, y, x)));
      }
    }
    return new Correlation(
        g.batch(),
        g.groups(),
        g.filters() / g.groups(),
        g.channels() / g.groups(),
        g.outHeight(),
        g.outWidth(),
        1,
        1,
        spec.first(),
        spec.second(),
        true,
        parts);
  }

  /** The taps that reach the data positions of phase (y, x). */
  private static List<Tap> tapsOf(Convolution.Geometry g, long y, long x) {
    List<Tap> taps = new ArrayList<>();
    for (long i = 0; i < g.kernelHeight(); i++) {
      long down = y + g.padY() - i * g.dilationY();
      for (long j = 0; j < g.kernelWidth(); j++) {
        long right = x + g.padX() - j * g.dilationX();
        if (down % g.strideY() == 0 && right % g.strideX() == 0) {
          taps.add(new Tap(i, j, down / g.strideY(), right / g.strideX()));
        }
      }
    }
    return taps;
  }

  /** The same with fewer channels in a group, for those who take a group's channels in portions. */
  Correlation withChannels(long portion) {
    return new Correlation(
        batch, groups, portion, rows, height, width, step, stepX, source, filters, transposed, parts);
  }

  /** Where, in elements, the filter that joins source channel {@code c} to row {@code r} has its element of {@code tap}. */
  long filterElement(long group, long r, long c, Tap tap) {
    Dims s = filters.strides();
    long f = transposed ? group * channels + c : group * rows + r;
    long inner = transposed ? r : c;
    return filters.offset() + f * s.get(0) + inner * s.get(1) + tap.i() * s.get(2) + tap.j() * s.get(3);
  }

  /** The number of the result's channel that is row {@code r} of a group. */
  long resultChannel(long group, long r) {
    return group * rows + r;
  }
}
