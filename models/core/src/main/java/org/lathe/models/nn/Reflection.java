package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * Continues pictures beyond their edges as in a mirror: [batch, channels, height, width] to [.., height + 2 margin, width + 2
 * margin]. The outermost pixels are not repeated.
 *
 * @param margin less than both sides
 */
public record Reflection(long margin) implements Layer {
  @Override
  public Tensor apply(Tensor x) {
    if (margin < 0 || margin >= Math.min(x.dim(2), x.dim(3))) {
      throw new IllegalArgumentException(
          "a margin of " + margin + " is asked for around " + x.shape() + ", expected less than its height and width");
    }
    return margin == 0 ? x : along(3, along(2, x));
  }

  private Tensor along(int axis, Tensor x) {
    long size = x.dim(axis);
    Tensor before = x.slice(axis, 1, margin + 1).reverse(axis);
    Tensor after = x.slice(axis, size - margin - 1, size - 1).reverse(axis);
    return Tensor.concat(axis, before, x, after);
  }
}
