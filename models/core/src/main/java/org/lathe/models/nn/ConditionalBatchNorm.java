package org.lathe.models.nn;

import java.util.Arrays;
import org.lathe.compiler.op.Tensor;

/**
 * Batch normalisation whose scale and shift are linear in a condition (de Vries et al. 2017; Miyato and Koyama 2018): of
 * [batch, channels, ..] and [batch, width] to [batch, channels, ..]. With a class as one-hot, each class has its own scale
 * and shift. All begin at 1 and 0.
 *
 * <p>Parameters: {@code scale.weight}, {@code shift.weight} [width, channels]; states: those of {@code norm}.
 */
public final class ConditionalBatchNorm extends Module {
  private final BatchNorm norm;
  private final Linear scale;
  private final Linear shift;

  /**
   * @param width of the condition
   */
  public ConditionalBatchNorm(long channels, long width) {
    norm = child("norm", BatchNorm.plain(channels));
    scale = child("scale", new Linear(width, channels, Initializer.ZEROS, null));
    shift = child("shift", new Linear(width, channels, Initializer.ZEROS, null));
  }

  /**
   * @param condition [batch, width]
   */
  public Tensor apply(Tensor x, Tensor condition) {
    long[] each = new long[x.rank()];
    Arrays.fill(each, 1);
    each[0] = x.dim(0);
    each[1] = x.dim(1);
    return norm.apply(x).mul(scale.apply(condition).add(1).reshape(each)).add(shift.apply(condition).reshape(each));
  }
}
