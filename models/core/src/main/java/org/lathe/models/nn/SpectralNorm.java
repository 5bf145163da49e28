package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * Divides a weight by its largest singular value, so that a layer's slope is at most 1 (Miyato et al. 2018). The weight is
 * taken as a matrix [first dimension, all others]; the singular value is estimated by power iteration from a vector that is
 * kept in the model's state and goes on with each training pass. Elsewhere the vector stays.
 *
 * <p>State: {@code left} [rows]. It differs from the paper in that the gradient also follows the iteration, which is 0 once
 * the vector has settled; so it is the gradient of what is computed at any time.
 */
public final class SpectralNorm extends Module {
  /** Keeps a vector of zeros from division by 0. */
  private static final double EPSILON = 1e-12;

  private final Parameter left;
  private final int iterations;

  /** One iteration with each pass. */
  public SpectralNorm(long rows) {
    this(rows, 1);
  }

  /**
   * @param rows the weight's first dimension
   * @param iterations with each pass, at least 1
   */
  public SpectralNorm(long rows, int iterations) {
    if (iterations < 1) {
      throw new IllegalArgumentException("power iteration takes at least one step, not " + iterations);
    }
    this.left = state("left", Initializer.normal(1), rows);
    this.iterations = iterations;
  }

  /** The weight [rows, ...] over its largest singular value. */
  public Tensor apply(Tensor weight) {
    Tensor matrix = weight.reshape(weight.dim(0), -1);
    Tensor transposed = matrix.transpose();
    Tensor u = left.tensor().reshape(1, -1);
    Tensor image = u;
    for (int i = 0; i < iterations; i++) {
      Tensor right = unit(u.matmul(matrix));
      image = right.matmul(transposed);
      u = unit(image);
    }
    if (Forward.current().isTraining()) {
      left.update(u.reshape(-1));
    }
    return weight.div(norm(image));
  }

  private static Tensor norm(Tensor vector) {
    return vector.square().sum().add(EPSILON).sqrt();
  }

  private static Tensor unit(Tensor vector) {
    return vector.div(norm(vector));
  }
}
