package org.lathe.models.zoo.neurons;

import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.StepContext;

/**
 * Rosenblatt's perceptrons beside each other: x [batch, in] to signs [batch, out] in {-1, 1}.
 *
 * <p>Parameter: {@code weight} [in + 1, out], the last row being the bias. It begins at 0.
 */
final class Perceptron extends Module {
  final Parameter weight;

  Perceptron(long in, long out) {
    weight = parameter("weight", Initializer.ZEROS, in + 1, out);
  }

  Tensor apply(Tensor x) {
    return sign(withBias(x).matmul(weight.tensor()));
  }

  /**
   * One pass over the examples, one by one: {@code w += (t - y) x / 2}, so that a weight moves only when its output is
   * wrong.
   *
   * @param x [examples, in]
   * @param targets [examples, out] in {-1, 1}
   * @return how many examples each output got wrong when it met them, [out]
   */
  Tensor learn(StepContext c, Tensor x, Tensor targets) {
    ControlFlow.Scanned pass = ControlFlow.scan(
        List.of(weight.tensor()),
        List.of(withBias(x), targets),
        (carries, elements) -> {
          Tensor w = carries.getFirst();
          Tensor example = elements.get(0);
          Tensor half = elements.get(1).sub(sign(example.expandDims(0).matmul(w)).squeeze(0)).mul(0.5);
          return new ControlFlow.Step(w.add(example.expandDims(1).mul(half.expandDims(0))), half.abs());
        });
    c.assign(weight, pass.carry());
    return pass.output().sum(0);
  }

  private static Tensor withBias(Tensor x) {
    return x.pad(Dims.of(0, 0), Dims.of(0, 1), 1);
  }

  /** 1 where x is at least 0, else -1. */
  private static Tensor sign(Tensor x) {
    return x.greaterEqual(0).cast(DType.F32).mul(2).sub(1);
  }
}
