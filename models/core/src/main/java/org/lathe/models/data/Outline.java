package org.lathe.models.data;

import java.util.Arrays;

/**
 * A plane figure as closed polygons; what an odd number of them enclose is inside. Immutable.
 *
 * @param loops each is x, y, x, y, ...
 */
record Outline(double[][] loops) {
  private static final int ARC = 40;
  private static final int SCANS = 4;

  static Outline of(double... points) {
    return new Outline(new double[][]{points});
  }

  /** Part of a circle, from one angle to another. */
  static double[] arc(double centre, double radius, double from, double to) {
    double[] points = new double[2 * ARC];
    for (int i = 0; i < ARC; i++) {
      double angle = from + (to - from) * i / (ARC - 1);
      points[2 * i] = centre + radius * Math.cos(angle);
      points[2 * i + 1] = radius * Math.sin(angle);
    }
    return points;
  }

  static Outline disc() {
    return new Outline(new double[][]{arc(0, 1, 0, 2 * Math.PI)});
  }

  static Outline ring() {
    return new Outline(new double[][]{arc(0, 1, 0, 2 * Math.PI), arc(0, 0.55, 0, 2 * Math.PI)});
  }

  /** A disc without the part that another disc of radius 0.8 covers, whose centre lies 0.45 to the right. */
  static Outline crescent() {
    double x = (0.45 * 0.45 + 1 - 0.8 * 0.8) / 0.9;
    double outer = Math.acos(x);
    double inner = Math.PI - Math.acos((0.45 - x) / 0.8);
    double[] back = arc(0.45, 0.8, 2 * Math.PI - inner, inner);
    double[] points = Arrays.copyOf(arc(0, 1, outer, 2 * Math.PI - outer), 4 * ARC);
    System.arraycopy(back, 0, points, 2 * ARC, back.length);
    return of(points);
  }

  static Outline star() {
    double[] points = new double[20];
    for (int i = 0; i < 10; i++) {
      double radius = i % 2 == 0 ? 1 : 0.42;
      points[2 * i] = radius * Math.sin(Math.PI * i / 5);
      points[2 * i + 1] = -radius * Math.cos(Math.PI * i / 5);
    }
    return of(points);
  }

  static Outline heart() {
    double[] points = new double[2 * ARC];
    for (int i = 0; i < ARC; i++) {
      double t = 2 * Math.PI * i / ARC;
      points[2 * i] = Math.pow(Math.sin(t), 3);
      points[2 * i + 1] = -(13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t)) / 16;
    }
    return of(points);
  }

  static Outline frame() {
    return new Outline(new double[][]{square(0.85), square(0.48)});
  }

  static double[] square(double half) {
    return new double[]{-half, -half, half, -half, half, half, -half, half};
  }

  /** Stretched by {@code width} and {@code height}, then turned by {@code angle}, then moved. */
  Outline placed(double width, double height, double angle, double x, double y) {
    double cos = Math.cos(angle);
    double sin = Math.sin(angle);
    double[][] placed = new double[loops.length][];
    for (int l = 0; l < loops.length; l++) {
      placed[l] = new double[loops[l].length];
      for (int i = 0; i < loops[l].length; i += 2) {
        double u = width * loops[l][i];
        double v = height * loops[l][i + 1];
        placed[l][i] = x + cos * u - sin * v;
        placed[l][i + 1] = y + sin * u + cos * v;
      }
    }
    return new Outline(placed);
  }

  /** The least rectangle around it: left, top, right, bottom. */
  double[] bounds() {
    double[] box = {Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY,
        Double.NEGATIVE_INFINITY};
    for (double[] loop : loops) {
      for (int i = 0; i < loop.length; i++) {
        box[i % 2] = Math.min(box[i % 2], loop[i]);
        box[2 + i % 2] = Math.max(box[2 + i % 2], loop[i]);
      }
    }
    return box;
  }

  /**
   * The share of each pixel that is inside, [side, side] row by row: exact along a row, and the mean of {@value #SCANS}
   * lines through it. Coordinates are in pixels.
   */
  float[] coverage(int side) {
    float[] covered = new float[side * side];
    double[] box = bounds();
    double[] crossings = new double[Arrays.stream(loops).mapToInt(l -> l.length / 2).sum()];
    int first = (int) Math.max(0, Math.floor(box[1]));
    int last = (int) Math.min(side - 1, Math.floor(box[3]));
    for (int row = first; row <= last; row++) {
      for (int s = 0; s < SCANS; s++) {
        int found = crossings(row + (s + 0.5) / SCANS, crossings);
        for (int c = 0; c + 1 < found; c += 2) {
          fill(covered, row * side, side, crossings[c], crossings[c + 1]);
        }
      }
    }
    return covered;
  }

  /** Where the horizontal line at {@code y} crosses the loops, in order; gives how many. */
  private int crossings(double y, double[] out) {
    int found = 0;
    for (double[] loop : loops) {
      int from = loop.length - 2;
      for (int to = 0; to < loop.length; to += 2) {
        double a = loop[from + 1];
        double b = loop[to + 1];
        if (a <= y != b <= y) {
          out[found++] = loop[from] + (y - a) / (b - a) * (loop[to] - loop[from]);
        }
        from = to;
      }
    }
    Arrays.sort(out, 0, found);
    return found;
  }

  private static void fill(float[] covered, int row, int side, double from, double to) {
    int first = (int) Math.max(0, Math.floor(from));
    int last = (int) Math.min(side - 1, Math.floor(to));
    for (int x = first; x <= last; x++) {
      double inside = Math.min(to, x + 1) - Math.max(from, x);
      covered[row + x] += (float) (Math.max(0, inside) / SCANS);
    }
  }
}
