package org.lathe.models.nn;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/** Predicts a token from the one before and from what it keeps of all earlier ones. */
@FunctionalInterface
public interface StepDecoder {
  /**
   * What one step gives.
   *
   * @param logits of the next token [rows, vocabulary]
   * @param state as it was given, one step later
   */
  record Next(Tensor logits, List<Tensor> state) {
    public Next {
      state = List.copyOf(state);
    }
  }

  /**
   * @param state each [rows, ..]: recurrent states, or cached keys and values
   * @param token i32 [rows]: the last one
   * @param position i32 scalar: the token's number, from 0
   */
  Next next(List<Tensor> state, Tensor token, Tensor position);
}
