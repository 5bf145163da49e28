package org.lathe.models.data;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.lathe.hal.Dims;

/**
 * Pictures of handwriting-like digits, made from a seed: stroke outlines with jittered control points, an affine map
 * (rotation, shear, scale, shift), a smooth elastic displacement, and a pen of varying width.
 *
 * <p>Columns: {@code image} f32 [1, 28, 28] in 0..1, ink is 1; {@code label} i32 scalar. Example i depends on the seed
 * and i alone, so a larger set begins with the smaller one. The classes follow each other in random order.
 */
public final class Digits {
  /** Width and height in pixels. */
  public static final int SIDE = 28;

  private static final int CURVE_POINTS = 9;

  /**
   * Each digit's strokes in a unit square, y down. A stroke is a chain of quadratic Bezier curves: a start, then for each
   * curve a control point and an end; a straight line has its control point in the middle.
   */
  private static final double[][][] STROKES = {
      {{.5, .08, .82, .08, .82, .5, .82, .92, .5, .92, .18, .92, .18, .5, .18, .08, .5, .08}},
      {{.34, .26, .46, .2, .54, .08, .54, .5, .54, .92}},
      {{.22, .3, .24, .08, .5, .08, .78, .08, .76, .32, .74, .52, .46, .7, .3, .8, .2, .92, .5, .92, .8, .9}},
      {{.24, .16, .5, .02, .68, .14, .86, .34, .62, .44, .54, .48, .46, .47},
          {.46, .47, .8, .48, .78, .7, .74, .94, .46, .93, .3, .92, .2, .8}},
      {{.62, .08, .4, .36, .18, .62, .5, .63, .84, .62}, {.64, .36, .63, .64, .62, .93}},
      {{.76, .1, .54, .09, .32, .1, .29, .28, .27, .46, .5, .36, .7, .42, .84, .52, .8, .7, .7, .96, .4, .92, .28, .9,
          .2, .8}},
      {{.68, .1, .4, .22, .3, .5, .2, .88, .48, .92, .76, .92, .76, .7, .74, .5, .5, .5, .32, .52, .27, .7}},
      {{.2, .12, .5, .11, .8, .1, .62, .42, .52, .6, .46, .74, .42, .93}},
      {{.52, .48, .24, .4, .28, .24, .34, .06, .52, .07, .72, .08, .72, .26, .7, .4, .52, .48},
          {.52, .48, .2, .58, .24, .76, .3, .94, .52, .93, .76, .92, .77, .74, .76, .58, .52, .48}},
      {{.74, .3, .72, .1, .5, .09, .26, .1, .26, .3, .28, .5, .5, .5, .7, .48, .74, .3}, {.74, .3, .74, .6, .62, .92}},
  };

  private Digits() {}

  /** The first {@code count} digits of the sequence that {@code seed} names. */
  public static Dataset generate(int count, long seed) {
    float[] pixels = new float[count * SIDE * SIDE];
    int[] labels = new int[count];
    IntStream.range(0, count)
        .parallel()
        .forEach(
            i -> {
              RandomGenerator random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + i);
              labels[i] = random.nextInt(10);
              draw(labels[i], random, pixels, i * SIDE * SIDE);
            });
    return new Dataset(
        "digits (seed " + seed + ")",
        List.of(new Column.Floats("image", Dims.of(1, SIDE, SIDE), pixels),
            new Column.Ints("label", Dims.of(), labels)));
  }

  private static void draw(int digit, RandomGenerator random, float[] pixels, int at) {
    Warp warp = new Warp(random);
    double pen = uniform(random, 0.85, 1.75);
    for (double[] stroke : STROKES[digit]) {
      double[] points = stroke.clone();
      for (int i = 0; i < points.length; i++) {
        points[i] += 0.022 * random.nextGaussian();
      }
      double fromX = warp.x(points[0], points[1]);
      double fromY = warp.y(points[0], points[1]);
      for (int c = 2; c + 3 < points.length; c += 4) {
        for (int s = 1; s <= CURVE_POINTS; s++) {
          double t = (double) s / CURVE_POINTS;
          double u = 1 - t;
          double px = u * u * points[c - 2] + 2 * u * t * points[c] + t * t * points[c + 2];
          double py = u * u * points[c - 1] + 2 * u * t * points[c + 1] + t * t * points[c + 3];
          double toX = warp.x(px, py);
          double toY = warp.y(px, py);
          line(fromX, fromY, toX, toY, pen, pixels, at);
          fromX = toX;
          fromY = toY;
        }
      }
    }
    double ink = uniform(random, 0.8, 1.0);
    double noise = uniform(random, 0, 0.06);
    for (int p = at; p < at + SIDE * SIDE; p++) {
      pixels[p] = (float) Math.clamp(ink * pixels[p] + noise * random.nextGaussian(), 0.0, 1.0);
    }
  }

  /** Darkens the pixels within {@code pen} of the line; its edge fades over one pixel. */
  private static void line(double x0, double y0, double x1, double y1, double pen, float[] pixels, int at) {
    double dx = x1 - x0;
    double dy = y1 - y0;
    double squared = dx * dx + dy * dy;
    int left = (int) Math.max(0, Math.floor(Math.min(x0, x1) - pen - 1));
    int right = (int) Math.min(SIDE - 1, Math.ceil(Math.max(x0, x1) + pen + 1));
    int top = (int) Math.max(0, Math.floor(Math.min(y0, y1) - pen - 1));
    int bottom = (int) Math.min(SIDE - 1, Math.ceil(Math.max(y0, y1) + pen + 1));
    for (int y = top; y <= bottom; y++) {
      for (int x = left; x <= right; x++) {
        double t = squared == 0 ? 0 : Math.clamp(((x - x0) * dx + (y - y0) * dy) / squared, 0.0, 1.0);
        double distance = Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
        float darkness = (float) Math.clamp(pen + 0.5 - distance, 0.0, 1.0);
        int p = at + y * SIDE + x;
        pixels[p] = Math.max(pixels[p], darkness);
      }
    }
  }

  private static double uniform(RandomGenerator random, double low, double high) {
    return low + (high - low) * random.nextDouble();
  }

  /** From the unit square to pixels: affine, then a smooth displacement made of two low waves in each direction. */
  private static final class Warp {
    private final double xx;
    private final double xy;
    private final double yx;
    private final double yy;
    private final double shiftX;
    private final double shiftY;
    private final double[] wave = new double[12];

    Warp(RandomGenerator random) {
      double angle = 0.18 * random.nextGaussian();
      double shear = 0.22 * random.nextGaussian();
      double width = uniform(random, 14, 20.5);
      double height = uniform(random, 17.5, 22);
      double cos = Math.cos(angle);
      double sin = Math.sin(angle);
      xx = cos * width;
      xy = (-sin - shear * cos) * height;
      yx = sin * width;
      yy = (cos - shear * sin) * height;
      shiftX = (SIDE - 1) / 2.0 + 1.1 * random.nextGaussian();
      shiftY = (SIDE - 1) / 2.0 + 1.1 * random.nextGaussian();
      for (int k = 0; k < wave.length; k += 3) {
        wave[k] = 0.7 * random.nextGaussian();
        wave[k + 1] = uniform(random, 2, 6);
        wave[k + 2] = uniform(random, 0, 2 * Math.PI);
      }
    }

    double x(double u, double v) {
      return shiftX + xx * (u - .5) + xy * (v - .5) + displacement(0, v) + displacement(3, u);
    }

    double y(double u, double v) {
      return shiftY + yx * (u - .5) + yy * (v - .5) + displacement(6, u) + displacement(9, v);
    }

    private double displacement(int k, double along) {
      return wave[k] * Math.sin(wave[k + 1] * along + wave[k + 2]);
    }
  }
}
