package org.lathe.models.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * Bidirectional recurrence (Schuster and Paliwal 1997) of any cell: in each layer one network runs from the first step to
 * the last and another from the last to the first; their states stand side by side. [steps, batch, in] to [steps, batch,
 * 2 hidden], the forward network's first.
 *
 * <p>Parameters: {@code forward.l} and {@code backward.l}, each a {@link Recurrent} of one layer.
 */
public final class Bidirectional extends Module implements SequenceLayer {
  private final List<Recurrent> forward;
  private final List<Recurrent> backward;

  public Bidirectional(Cell cell, long in, long hidden, int layers) {
    List<Recurrent> there = new ArrayList<>();
    List<Recurrent> back = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      there.add(Recurrent.of(cell, l == 0 ? in : 2 * hidden, hidden, 1));
      back.add(Recurrent.backward(cell, l == 0 ? in : 2 * hidden, hidden, 1));
    }
    forward = children("forward", there);
    backward = children("backward", back);
  }

  @Override
  public Tensor apply(Tensor x, @Nullable Tensor mask) {
    Tensor below = x;
    for (int l = 0; l < forward.size(); l++) {
      below = Tensor.concat(2, forward.get(l).apply(below, mask), backward.get(l).apply(below, mask));
    }
    return below;
  }
}
