package org.lathe.models.nn;

import java.util.Arrays;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** How a network is told what is asked of it. */
public final class Conditioning {
  private Conditioning() {}

  /**
   * Joins a condition to each example (Mirza and Osindero 2014).
   *
   * @param x [batch, channels, ..]; the condition becomes further channels, constant over the positions
   * @param condition [batch, width]
   * @return [batch, channels + width, ..]
   */
  public static Tensor concat(Tensor x, Tensor condition) {
    long[] spread = x.shape().toArray();
    spread[1] = condition.dim(1);
    long[] one = new long[x.rank()];
    Arrays.fill(one, 1);
    one[0] = spread[0];
    one[1] = spread[1];
    return Tensor.concat(1, x, condition.reshape(one).broadcastTo(spread));
  }

  /** Classes that the device draws, uniformly: i32 [batch] of 0 to {@code classes} (exclusive). */
  public static Tensor randomClasses(long batch, long classes) {
    return Forward.current().uniform(Dims.of(batch)).mul(classes).floor().minimum(classes - 1).cast(DType.I32);
  }
}
