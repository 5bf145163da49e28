package org.lathe.models.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;

/**
 * A network fed by its own outputs (Jordan 1986): state units hold a trace of what it has said so far. [steps, batch, in]
 * to logits [steps, batch, out], with y(0) and s(0) zero:
 *
 * <pre>s(t) = decay s(t - 1) + y(t - 1);  h(t) = sigmoid(x(t) W + s(t) U + b);  y(t) = softmax(h(t) V + d)</pre>
 *
 * It differs from the paper in the softmax, and in that the gradient flows through all steps.
 *
 * <p>Parameters: {@code input} [in, hidden], {@code state} [out, hidden], {@code bias} [hidden], {@code out} a {@link
 * Linear}.
 */
public final class Jordan extends Module implements SequenceLayer {
  private final Parameter input;
  private final Parameter state;
  private final Parameter bias;
  private final Linear out;
  private final double decay;

  /**
   * @param decay of the trace in each step, in [0, 1)
   */
  public Jordan(long in, long hidden, long out, double decay) {
    if (!(decay >= 0 && decay < 1)) {
      throw new IllegalArgumentException("the decay of a Jordan network's state is in [0, 1), not " + decay);
    }
    this.decay = decay;
    input = parameter("input", Initializer.xavier(), in, hidden);
    state = parameter("state", Initializer.xavier(), out, hidden);
    bias = parameter("bias", Initializer.ZEROS, hidden);
    this.out = child("out", new Linear(hidden, out));
  }

  @Override
  public Tensor apply(Tensor x, @Nullable Tensor mask) {
    Tensor projected = x.matmul(input.tensor()).add(bias.tensor());
    Tensor weights = state.tensor();
    Tensor readOut = out.weight().tensor();
    Tensor readOutBias = out.bias().tensor();
    Tensor silent = Tensor.fill(
        x.builder(), x.type().withShape(x.shape().slice(1, 2).append(readOut.shape().slice(1, 2))), 0);
    return ControlFlow.scan(
        List.of(silent),
        List.of(projected),
        (carries, now) -> {
          Tensor s = carries.getFirst();
          Tensor logits = now.getFirst().add(s.matmul(weights)).sigmoid().matmul(readOut).add(readOutBias);
          return new ControlFlow.Step(s.mul(decay).add(logits.softmax(1)), logits);
        }).output();
  }
}
