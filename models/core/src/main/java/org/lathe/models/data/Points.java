package org.lathe.models.data;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.hal.Dims;

/** Small sets of points in the plane or on a line, made from a seed. */
public final class Points {
  private Points() {}

  /** The four cases of exclusive or. Columns: {@code x} f32 [2] in {0, 1}, {@code y} f32 [1]. */
  public static Dataset xor() {
    return new Dataset(
        "xor",
        List.of(
            new Column.Floats("x", Dims.of(2), new float[]{0, 0, 0, 1, 1, 0, 1, 1}),
            new Column.Floats("y", Dims.of(1), new float[]{0, 1, 1, 0})));
  }

  /** Two interleaved half circles of radius 1. Columns: {@code x} f32 [2], {@code label} i32. */
  public static Dataset twoMoons(int count, double noise, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[2 * count];
    int[] label = new int[count];
    for (int i = 0; i < count; i++) {
      label[i] = random.nextInt(2);
      double angle = Math.PI * random.nextDouble();
      double u = label[i] == 0 ? Math.cos(angle) : 1 - Math.cos(angle);
      double v = label[i] == 0 ? Math.sin(angle) : 0.5 - Math.sin(angle);
      x[2 * i] = (float) (u + noise * random.nextGaussian());
      x[2 * i + 1] = (float) (v + noise * random.nextGaussian());
    }
    return labelled("two moons", x, label);
  }

  /**
   * The logarithm of the density that {@link #twoMoons} draws from, by the midpoint rule along both half circles.
   *
   * @param noise as there; above 0.02, or the rule's {@value #ARC_POINTS} points lie too far apart
   */
  public static double twoMoonsLogDensity(double x, double y, double noise) {
    double sum = 0;
    double twice = 2 * noise * noise;
    for (int i = 0; i < ARC_POINTS; i++) {
      double toUpperX = x - ARC_X[i];
      double toUpperY = y - ARC_Y[i];
      double toLowerX = x - 1 + ARC_X[i];
      double toLowerY = y - 0.5 + ARC_Y[i];
      sum += Math.exp(-(toUpperX * toUpperX + toUpperY * toUpperY) / twice)
          + Math.exp(-(toLowerX * toLowerX + toLowerY * toLowerY) / twice);
    }
    return Math.log(sum / (2 * ARC_POINTS) / (2 * Math.PI * noise * noise));
  }

  private static final int ARC_POINTS = 400;
  private static final double[] ARC_X = new double[ARC_POINTS];
  private static final double[] ARC_Y = new double[ARC_POINTS];

  static {
    for (int i = 0; i < ARC_POINTS; i++) {
      double angle = Math.PI * (i + 0.5) / ARC_POINTS;
      ARC_X[i] = Math.cos(angle);
      ARC_Y[i] = Math.sin(angle);
    }
  }

  /** Arms of a spiral, one class each. Columns: {@code x} f32 [2], {@code label} i32. */
  public static Dataset spirals(int count, int arms, double noise, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[2 * count];
    int[] label = new int[count];
    for (int i = 0; i < count; i++) {
      label[i] = random.nextInt(arms);
      double radius = random.nextDouble();
      double angle = 4 * radius + 2 * Math.PI * label[i] / arms + noise * random.nextGaussian();
      x[2 * i] = (float) (radius * Math.cos(angle));
      x[2 * i + 1] = (float) (radius * Math.sin(angle));
    }
    return labelled("spirals", x, label);
  }

  /**
   * A mixture of eight Gaussians whose means lie on a circle of radius 2, each of standard deviation 0.05. Columns:
   * {@code x} f32 [2], {@code label} i32, the mode.
   */
  public static Dataset ring(int count, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[2 * count];
    int[] label = new int[count];
    for (int i = 0; i < count; i++) {
      label[i] = random.nextInt(RING_MODES);
      double[] mean = ringMean(label[i]);
      x[2 * i] = (float) (mean[0] + RING_DEVIATION * random.nextGaussian());
      x[2 * i + 1] = (float) (mean[1] + RING_DEVIATION * random.nextGaussian());
    }
    return labelled("ring of eight Gaussians", x, label);
  }

  /** The number of modes of {@link #ring}. */
  public static final int RING_MODES = 8;

  /** The standard deviation of each mode of {@link #ring}. */
  public static final double RING_DEVIATION = 0.05;

  /** The mean of a mode of {@link #ring}. */
  public static double[] ringMean(int mode) {
    double angle = 2 * Math.PI * mode / RING_MODES;
    return new double[]{2 * Math.cos(angle), 2 * Math.sin(angle)};
  }

  /**
   * A polynomial over [-1, 1] with Gaussian noise. Columns: {@code x} f32 [1], {@code y} f32 [1].
   *
   * @param coefficients the constant first
   */
  public static Dataset polynomial(int count, double[] coefficients, double noise, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[count];
    float[] y = new float[count];
    for (int i = 0; i < count; i++) {
      double at = 2 * random.nextDouble() - 1;
      double value = 0;
      for (int k = coefficients.length - 1; k >= 0; k--) {
        value = value * at + coefficients[k];
      }
      x[i] = (float) at;
      y[i] = (float) (value + noise * random.nextGaussian());
    }
    return new Dataset(
        "polynomial", List.of(new Column.Floats("x", Dims.of(1), x), new Column.Floats("y", Dims.of(1), y)));
  }

  private static Dataset labelled(String name, float[] x, int[] label) {
    return new Dataset(
        name, List.of(new Column.Floats("x", Dims.of(2), x), new Column.Ints("label", Dims.of(), label)));
  }
}
