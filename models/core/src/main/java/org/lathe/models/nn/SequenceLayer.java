package org.lathe.models.nn;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;

/** A function of sequences, step by step: [steps, batch, in] to [steps, batch, out]. */
@FunctionalInterface
public interface SequenceLayer {
  /**
   * @param mask bool [steps, batch], true at the steps that are of a sequence, which come first; null if none is padded.
   *     What stands in the padding has no influence on the outputs of other steps
   */
  Tensor apply(Tensor x, @Nullable Tensor mask);

  /**
   * The mask of sequences of different lengths, bool [steps, batch].
   *
   * @param lengths i32 [batch]
   */
  static Tensor mask(Tensor lengths, long steps) {
    Tensor time = Tensor.iota(lengths.builder(), lengths.dtype(), lengths.shape().insert(0, steps), 0);
    return time.less(lengths.expandDims(0));
  }
}
