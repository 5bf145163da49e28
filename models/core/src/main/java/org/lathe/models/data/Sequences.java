package org.lathe.models.data;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.hal.Dims;

/** Sequence tasks, made from a seed. */
public final class Sequences {
  private Sequences() {}

  /**
   * The adding problem (Hochreiter and Schmidhuber 1997): of two features per step the first is uniform in [0, 1), the
   * second marks two steps, one in each half; the target is the sum of the two marked values. Guessing 1 always has a
   * squared error of 1/6.
   *
   * <p>Columns: {@code x} f32 [steps, 2], {@code y} f32 [1].
   */
  public static Dataset adding(int count, int steps, long seed) {
    if (steps < 2) {
      throw new IllegalArgumentException("the adding problem needs at least 2 steps, not " + steps);
    }
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[count * steps * 2];
    float[] y = new float[count];
    for (int i = 0; i < count; i++) {
      int first = random.nextInt(steps / 2);
      int second = steps / 2 + random.nextInt(steps - steps / 2);
      for (int t = 0; t < steps; t++) {
        int at = (i * steps + t) * 2;
        x[at] = (float) random.nextDouble();
        if (t == first || t == second) {
          x[at + 1] = 1;
          y[i] += x[at];
        }
      }
    }
    return new Dataset(
        "adding problem of " + steps + " steps",
        List.of(new Column.Floats("x", Dims.of(steps, 2), x), new Column.Floats("y", Dims.of(1), y)));
  }

  /**
   * The copy task: {@code length} symbols from 1..symbols, then {@code delay} blanks (0), then {@code length} marks
   * (symbols + 1) at which the symbols are to be said again.
   *
   * <p>Columns: {@code x} and {@code y} i32 [2 * length + delay]; y is 0 before the marks.
   */
  public static Dataset copy(int count, int length, int delay, int symbols, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    int steps = 2 * length + delay;
    int[] x = new int[count * steps];
    int[] y = new int[count * steps];
    for (int i = 0; i < count; i++) {
      for (int t = 0; t < length; t++) {
        int symbol = 1 + random.nextInt(symbols);
        x[i * steps + t] = symbol;
        x[i * steps + length + delay + t] = symbols + 1;
        y[i * steps + length + delay + t] = symbol;
      }
    }
    return new Dataset(
        "copy task", List.of(new Column.Ints("x", Dims.of(steps), x), new Column.Ints("y", Dims.of(steps), y)));
  }

  private static final int[] PERIODIC = {0, 0, 0, 1, 1, 2};

  /** After so many steps {@link #periodic} repeats itself. */
  public static final int PERIOD = PERIODIC.length;

  /** The symbols of {@link #periodic}. */
  public static final int PERIODIC_SYMBOLS = 3;

  /**
   * The periodic sequence a a a b b c, from a random position on: three symbols tell the next one, while whoever sees one
   * symbol at a time is right two times of three at best.
   *
   * <p>Columns: {@code x} i32 [steps] the symbols, {@code y} i32 [steps] those that follow them, {@code mask} f32 [steps] 1
   * from where the symbols so far tell the next one for sure.
   */
  public static Dataset periodic(int count, int steps, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    int[] x = new int[count * steps];
    int[] y = new int[count * steps];
    float[] mask = new float[count * steps];
    for (int i = 0; i < count; i++) {
      int phase = random.nextInt(PERIOD);
      for (int t = 0; t < steps; t++) {
        x[i * steps + t] = PERIODIC[(phase + t) % PERIOD];
        y[i * steps + t] = PERIODIC[(phase + t + 1) % PERIOD];
        mask[i * steps + t] = t >= 2 ? 1 : 0;
      }
    }
    Dims shape = Dims.of(steps);
    return new Dataset(
        "periodic sequence",
        List.of(new Column.Ints("x", shape, x), new Column.Ints("y", shape, y),
            new Column.Floats("mask", shape, mask)));
  }

  /**
   * Sine waves of random frequency (6 to 16 steps a period) and phase, observed with normal noise.
   *
   * <p>Columns: {@code x} f32 [steps] what is observed, {@code clean} f32 [steps] without the noise.
   *
   * @param noise its standard deviation
   */
  public static Dataset waves(int count, int steps, double noise, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[count * steps];
    float[] clean = new float[count * steps];
    for (int i = 0; i < count; i++) {
      double period = 6 + 10 * random.nextDouble();
      double phase = 2 * Math.PI * random.nextDouble();
      for (int t = 0; t < steps; t++) {
        double value = Math.sin(2 * Math.PI * t / period + phase);
        clean[i * steps + t] = (float) value;
        x[i * steps + t] = (float) (value + noise * random.nextGaussian());
      }
    }
    return new Dataset(
        "noisy waves",
        List.of(new Column.Floats("x", Dims.of(steps), x), new Column.Floats("clean", Dims.of(steps), clean)));
  }

  /**
   * All bars-and-stripes pictures of {@code side} x {@code side} bits: every choice of full rows, and of full columns.
   * Column: {@code x} f32 [side * side].
   */
  public static Dataset barsAndStripes(int side) {
    int patterns = 1 << side;
    java.util.LinkedHashSet<Long> pictures = new java.util.LinkedHashSet<>();
    for (int p = 0; p < patterns; p++) {
      long rows = 0;
      long columns = 0;
      for (int r = 0; r < side; r++) {
        for (int c = 0; c < side; c++) {
          rows |= (long) (p >> r & 1) << (r * side + c);
          columns |= (long) (p >> c & 1) << (r * side + c);
        }
      }
      pictures.add(rows);
      pictures.add(columns);
    }
    float[] x = new float[pictures.size() * side * side];
    int at = 0;
    for (long picture : pictures) {
      for (int b = 0; b < side * side; b++) {
        x[at++] = picture >> b & 1;
      }
    }
    return new Dataset("bars and stripes", List.of(new Column.Floats("x", Dims.of((long) side * side), x)));
  }
}
