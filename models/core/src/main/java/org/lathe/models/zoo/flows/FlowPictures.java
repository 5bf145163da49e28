package org.lathe.models.zoo.flows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.lathe.models.data.Points;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.Plot;

/** Two moons and a flow of them, as PNG. Points are [count, 2]. */
final class FlowPictures {
  /** The pictures of densities have a side of so many pixels, one for each point of {@link #plane}. */
  static final int SIDE = 128;

  /** What they show of the plane: x and y from these, so far. */
  private static final double LEFT = -1.75;
  private static final double BOTTOM = -2;
  private static final double EXTENT = 4.5;
  /** So many nats below the moons' largest density is black. */
  private static final double DEPTH = 12;
  /** More points of the data would hide others. */
  private static final int SHOWN = 1000;

  private FlowPictures() {}

  /** Drawn points over those of the data. */
  static void samples(Path file, String name, float[] data, float[] drawn) throws IOException {
    new Plot("points drawn from " + name, "x", "y")
        .points("data", first(data, 0), first(data, 1))
        .points("drawn", along(drawn, 0), along(drawn, 1))
        .write(file);
  }

  /** A way between two points, over the data. */
  static void way(Path file, String name, float[] data, float[] way) throws IOException {
    new Plot("a line in the prior of " + name, "x", "y")
        .points("data", first(data, 0), first(data, 1))
        .line("way", along(way, 0), along(way, 1))
        .write(file);
  }

  private static double[] first(float[] points, int axis) {
    return along(Arrays.copyOf(points, Math.min(points.length, 2 * SHOWN)), axis);
  }

  private static double[] along(float[] points, int axis) {
    return IntStream.range(0, points.length / 2).mapToDouble(i -> points[2 * i + axis]).toArray();
  }

  /** The middle of each pixel of a density's picture, from its upper left. */
  static float[] plane() {
    float[] at = new float[2 * SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
      at[2 * i] = (float) (LEFT + EXTENT * (i % SIDE + 0.5) / SIDE);
      at[2 * i + 1] = (float) (BOTTOM + EXTENT * (SIDE - 0.5 - i / SIDE) / SIDE);
    }
    return at;
  }

  /**
   * The flow's log-density, and right of it that which the data is drawn from, on the same scale: white is the largest of
   * the latter, black {@value #DEPTH} nats below.
   *
   * @param found the flow's at each point of {@link #plane}
   * @param noise of the moons
   */
  static void density(Path file, float[] found, double noise) throws IOException {
    float[] at = plane();
    double[] own = new double[found.length];
    Arrays.setAll(own, i -> Points.twoMoonsLogDensity(at[2 * i], at[2 * i + 1], noise));
    double most = Arrays.stream(own).max().orElseThrow();
    float[] both = new float[2 * found.length];
    for (int i = 0; i < found.length; i++) {
      both[i] = (float) (1 + (found[i] - most) / DEPTH);
      both[found.length + i] = (float) (1 + (own[i] - most) / DEPTH);
    }
    PictureGrid.write(file, both, SIDE, 2);
  }

  /** The share of points that lie where the data does: where its density is above that of a hundredth of its own points. */
  static double near(float[] data, float[] drawn, double noise) {
    double[] own = logDensities(data, noise);
    Arrays.sort(own);
    double least = own[own.length / 100];
    return Arrays.stream(logDensities(drawn, noise)).filter(d -> d >= least).count() / (drawn.length / 2.0);
  }

  private static double[] logDensities(float[] points, double noise) {
    return IntStream.range(0, points.length / 2)
        .mapToDouble(i -> Points.twoMoonsLogDensity(points[2 * i], points[2 * i + 1], noise))
        .toArray();
  }
}
