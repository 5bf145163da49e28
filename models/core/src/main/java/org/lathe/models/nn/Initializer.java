package org.lathe.models.nn;

import java.util.random.RandomGenerator;
import org.lathe.hal.Dims;

/** How a parameter begins. Stateless; any thread. */
@FunctionalInterface
public interface Initializer {
  Initializer ZEROS = constant(0);
  Initializer ONES = constant(1);

  /** Values for an array of this shape, in row-major order. The same random source gives the same values. */
  float[] values(Dims shape, RandomGenerator random);

  static Initializer constant(double value) {
    return (shape, random) -> {
      float[] v = new float[Math.toIntExact(shape.product())];
      java.util.Arrays.fill(v, (float) value);
      return v;
    };
  }

  static Initializer normal(double deviation) {
    return (shape, random) -> {
      float[] v = new float[Math.toIntExact(shape.product())];
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) (deviation * random.nextGaussian());
      }
      return v;
    };
  }

  /** Uniform in [-bound, bound). */
  static Initializer uniform(double bound) {
    return (shape, random) -> {
      float[] v = new float[Math.toIntExact(shape.product())];
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) (bound * (2 * random.nextDouble() - 1));
      }
      return v;
    };
  }

  /**
   * Uniform with variance 2 / (fan in + fan out) (Glorot and Bengio 2010). A matrix is [in, out]; convolution filters are
   * [out, in, height, width].
   */
  static Initializer xavier() {
    return (shape, random) -> uniform(Math.sqrt(6.0 / (fanIn(shape) + fanOut(shape)))).values(shape, random);
  }

  /** Normal with variance 2 / fan in, for ReLU (He et al. 2015). Shapes as in {@link #xavier}. */
  static Initializer he() {
    return (shape, random) -> normal(Math.sqrt(2.0 / fanIn(shape))).values(shape, random);
  }

  /**
   * Convolution filters [out, in, size, size] of odd size that carry each map on as it is (Zagoruyko and Komodakis 2017), and
   * He's values, {@code scale} times, beside that. Maps past the first {@code in} begin as He's.
   */
  static Initializer nearIdentity(double scale) {
    return (shape, random) -> {
      float[] v = he().values(shape, random);
      int filter = Math.toIntExact(shape.product() / Math.max(1, shape.get(0)));
      int area = Math.toIntExact(shape.get(2) * shape.get(3));
      for (int o = 0; o < Math.min(shape.get(0), shape.get(1)); o++) {
        for (int i = o * filter; i < (o + 1) * filter; i++) {
          v[i] *= (float) scale;
        }
        v[o * filter + o * area + area / 2] += 1;
      }
      return v;
    };
  }

  /** A matrix [rows, count * columns] of matrices side by side, each begun by {@code each}. */
  static Initializer blocks(int count, Initializer each) {
    return (shape, random) -> {
      int rows = Math.toIntExact(shape.get(0));
      int columns = Math.toIntExact(shape.get(1) / count);
      float[] all = new float[rows * columns * count];
      for (int b = 0; b < count; b++) {
        float[] block = each.values(Dims.of(rows, columns), random);
        for (int r = 0; r < rows; r++) {
          System.arraycopy(block, r * columns, all, (r * count + b) * columns, columns);
        }
      }
      return all;
    };
  }

  /** A random matrix [rows, columns] with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014). */
  static Initializer orthogonal(double gain) {
    return new OrthogonalInitializer(gain);
  }

  private static double fanIn(Dims shape) {
    return shape.rank() == 4 ? shape.product() / (double) shape.get(0) : shape.rank() == 0 ? 1 : shape.get(0);
  }

  private static double fanOut(Dims shape) {
    return switch (shape.rank()) {
      case 4 -> shape.get(0) * shape.get(2) * shape.get(3);
      case 0, 1 -> 1;
      default -> shape.last(0);
    };
  }
}
