package org.lathe.models.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;

/**
 * A simple recurrent network (Elman 1990): context units hold a copy of the hidden units at the step before and are input
 * as any other, so that no gradient flows through the copy. {@code h(t) = sigmoid(x(t) W + (h(t - 1) - 1/2) U + b)}, the
 * first context one half throughout, as in the paper; a bias makes up for the 1/2. [steps, batch, in] to [steps, batch,
 * hidden].
 *
 * <p>A {@link Recurrent} of plain cells is the same network with tanh units, trained through all steps.
 *
 * <p>Parameters: {@code input} [in, hidden], {@code context} [hidden, hidden], {@code bias} [hidden].
 */
public final class Elman extends Module implements SequenceLayer {
  private static final double RESTING = 0.5;

  private final Parameter input;
  private final Parameter context;
  private final Parameter bias;

  public Elman(long in, long hidden) {
    input = parameter("input", Initializer.xavier(), in, hidden);
    // A sigmoid's slope is at most a quarter: with this gain a context is not forgotten at once.
    context = parameter("context", Initializer.orthogonal(4), hidden, hidden);
    bias = parameter("bias", Initializer.ZEROS, hidden);
  }

  @Override
  public Tensor apply(Tensor x, @Nullable Tensor mask) {
    Tensor projected = x.matmul(input.tensor()).add(bias.tensor());
    Tensor weights = context.tensor();
    Tensor resting = projected.at(0, 0).like(RESTING);
    return ControlFlow.scan(
        List.of(resting),
        List.of(projected),
        (carries, now) -> {
          Tensor h = now.getFirst().add(carries.getFirst().stopGradient().sub(RESTING).matmul(weights)).sigmoid();
          return new ControlFlow.Step(h, h);
        }).output();
  }
}
