package org.lathe.models.nn;

import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** Adds to each step of [batch, steps, width] what tells its position. */
public interface PositionalEncoding extends Layer {

  /**
   * The positions from {@code first} on; {@link #apply} begins at 0.
   *
   * @param first i32 scalar
   */
  Tensor applyFrom(Tensor x, Tensor first);

  /** Sines and cosines of wavelengths from 2 pi to 10000 * 2 pi (Vaswani et al. 2017), for an even width. */
  static PositionalEncoding sinusoidal(long steps, long width) {
    return new Fixed(table(steps, width));
  }

  /** A trained vector for each of {@code steps} positions. Parameter: {@code weight} [steps, width]. */
  static Learned learned(long steps, long width) {
    return new Learned(steps, width);
  }

  private static Literal table(long steps, long width) {
    double[] values = new double[Math.toIntExact(steps * width)];
    for (int t = 0; t < steps; t++) {
      for (int i = 0; i < width; i++) {
        double angle = t / Math.pow(10000, (double) (i / 2 * 2) / width);
        values[(int) (t * width + i)] = (float) (i % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
      }
    }
    return Literal.adopt(TensorType.of(DType.F32, steps, width), values);
  }

  /** See {@link #sinusoidal}. */
  record Fixed(Literal table) implements PositionalEncoding {
    @Override
    public Tensor apply(Tensor x) {
      return x.add(Tensor.constant(x.builder(), table).slice(0, 0, x.dim(1)));
    }

    @Override
    public Tensor applyFrom(Tensor x, Tensor first) {
      return x.add(Tensor.constant(x.builder(), table).gather(positions(x, first)));
    }
  }

  /** See {@link #learned}. */
  final class Learned extends Module implements PositionalEncoding {
    private final Parameter weight;

    private Learned(long steps, long width) {
      weight = parameter("weight", Initializer.normal(0.02), steps, width);
    }

    @Override
    public Tensor apply(Tensor x) {
      return x.add(weight.tensor().slice(0, 0, x.dim(1)));
    }

    @Override
    public Tensor applyFrom(Tensor x, Tensor first) {
      return x.add(weight.tensor().gather(positions(x, first)));
    }
  }

  private static Tensor positions(Tensor x, Tensor first) {
    return Tensor.iota(x.builder(), DType.I32, Dims.of(x.dim(1)), 0).add(first);
  }
}
