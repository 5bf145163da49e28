package org.lathe.models.zoo.adversarial;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.nn.Module;

/** A generator and a critic of digits, as one model. */
abstract class DigitNetworks extends Module {
  /**
   * Pictures [batch, 1, 28, 28] in -1..1.
   *
   * @param noise [batch, noise]
   * @param condition [batch, width]; null for networks that are not told anything
   */
  abstract Tensor make(Tensor noise, @Nullable Tensor condition);

  /** The networks against each other, on batches of this size. */
  abstract Contest contest(long batch);
}
