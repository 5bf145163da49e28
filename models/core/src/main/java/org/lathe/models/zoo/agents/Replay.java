package org.lathe.models.zoo.agents;

import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;

/**
 * The last transitions, from which minibatches are drawn (Lin 1992), as a state on the device: it is in every checkpoint.
 *
 * <p>State: {@code rows} [slots, batch, width]; each step writes one slot, round and round.
 */
final class Replay extends Module {
  private final long slots;
  private final long batch;
  private final long width;
  private final Parameter rows;

  /**
   * @param slots how many steps are kept
   * @param batch transitions of one step
   * @param width numbers of one transition
   */
  Replay(long slots, long batch, long width) {
    this.slots = slots;
    this.batch = batch;
    this.width = width;
    rows = state("rows", Initializer.ZEROS, slots, batch, width);
  }

  /**
   * Keeps {@code transitions} in place of the oldest, and draws some of all that are kept, each with the same chance, with
   * replacement.
   *
   * @param transitions [batch, width]
   * @param step f32 scalar: how many steps were kept before
   * @return [count, width]
   */
  Tensor keepAndDraw(Tensor transitions, Tensor step, long count) {
    Tensor old = rows.tensor();
    Tensor slot = Tensor.iota(old.builder(), DType.F32, Dims.of(slots, 1, 1), 0);
    Tensor kept = slot.equalTo(step.rem(slots)).where(transitions.expandDims(0), old);
    rows.update(kept);
    Tensor filled = step.add(1).minimum(slots).mul(batch);
    Tensor index = Forward.current().uniform(Dims.of(count)).mul(filled).floor().minimum(filled.sub(1));
    return kept.reshape(slots * batch, width).gather(index.cast(DType.I32));
  }
}
