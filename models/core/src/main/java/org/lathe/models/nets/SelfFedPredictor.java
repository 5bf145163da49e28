package org.lathe.models.nets;

import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;

/**
 * Predicts the next value of a sequence, and goes on from its own predictions where it is not given the truth: a recurrent
 * layer in a loop whose input is one or the other, as a mask says. The gradient flows through fed-back predictions.
 *
 * <p>Parts: {@code body}, a GRU, and {@code out}.
 */
public final class SelfFedPredictor extends Module {
  private final Recurrent body;
  private final Linear out;
  private final long hidden;

  public SelfFedPredictor(long width, long hidden) {
    body = child("body", Recurrent.of(Cell.GRU, width, hidden, 1));
    out = child("out", new Linear(hidden, width));
    this.hidden = hidden;
  }

  /**
   * What follows each step, [steps, batch, width].
   *
   * @param observed [steps, batch, width]
   * @param given bool [steps, batch, 1]: whether a step's input is what was observed; else it is what was predicted for it,
   *     zeros at the first step
   */
  public Tensor apply(Tensor observed, Tensor given) {
    Tensor silent = observed.at(0, 0).zerosLike();
    Tensor rest = Tensor.fill(
        observed.builder(), silent.type().withShape(silent.shape().with(1, hidden)), 0);
    return ControlFlow.scan(
        List.of(rest, silent),
        List.of(observed, given),
        (carries, now) -> {
          Tensor x = now.get(1).where(now.getFirst(), carries.get(1));
          Recurrent.Output made = body.apply(x.expandDims(0), List.of(new Recurrent.State(carries.getFirst(), null)));
          Tensor h = made.states().at(0, 0);
          Tensor next = out.apply(h);
          return new ControlFlow.Step(List.of(h, next), List.of(next));
        }).output();
  }
}
