package org.lathe.models.zoo.energy;

import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nets.Rbm;

/** Long chains of Gibbs sampling, and partition functions by them, as loops on the device. */
final class Sampling {
  private Sampling() {}

  /** Visible units [batch, visible] after {@code steps} of Gibbs sampling from {@code v}. */
  static Tensor chain(Rbm rbm, RandomKey random, Tensor v, long steps) {
    Tensor index = Tensor.iota(v.builder(), DType.I64, Dims.of(steps), 0);
    return ControlFlow.scan(
        List.of(v),
        List.of(index),
        (carries, i) -> {
          RandomKey key = random.at(i.getFirst());
          return new ControlFlow.Step(
              List.of(rbm.sampleVisible(key, rbm.sampleHidden(key, carries.getFirst()))), List.of());
        }).carry();
  }

  /**
   * The logarithm of a partition function by annealed importance sampling (Neal 2001; Salakhutdinov and Murray 2008): chains
   * go from a machine without weights, whose partition function is known, to the machine itself. Bits only.
   *
   * @param weight [visible, hidden]
   * @param visibleBias [visible]
   * @param hiddenBias [hidden]
   * @param base [visible], the visible biases of the machine that they start from
   * @param chains how many
   * @param temperatures how many steps each makes
   * @return of each chain, [chains]: the logarithm of the mean of their exponentials is the estimate
   */
  static Tensor annealed(
      RandomKey random, Tensor weight, Tensor visibleBias, Tensor hiddenBias, Tensor base, long chains,
      long temperatures) {
    long visible = weight.dim(0);
    long hidden = weight.dim(1);
    Tensor start = Rbm.bits(random, base.sigmoid().expandDims(0).broadcastTo(chains, visible));
    Tensor index = Tensor.iota(weight.builder(), DType.I64, Dims.of(temperatures), 0);
    Tensor first = start.like(0).sum(1);
    List<Tensor> last = ControlFlow.scan(
        List.of(start, first),
        List.of(index),
        (carries, elements) -> {
          Tensor v = carries.get(0);
          Tensor step = elements.getFirst().cast(DType.F32);
          Tensor before = step.div(temperatures);
          Tensor beta = step.add(1).div(temperatures);
          Tensor field = v.matmul(weight).add(hiddenBias);
          Tensor push = v.mul(visibleBias.sub(base)).sum(1).mul(1.0 / temperatures);
          Tensor gain = field.mul(beta).softplus().sub(field.mul(before).softplus()).sum(1).add(push);
          RandomKey key = random.at(elements.getFirst());
          Tensor h = Rbm.bits(key, field.mul(beta).sigmoid());
          Tensor toVisible = base.mul(beta.subtractedFrom(1))
              .add(h.matmul(weight.transpose()).add(visibleBias).mul(beta));
          return new ControlFlow.Step(
              List.of(Rbm.bits(key, toVisible.sigmoid()), carries.get(1).add(gain)), List.of());
        }).carries();
    return last.get(1).add(base.softplus().sum()).add(hidden * Math.log(2));
  }

  /** The logarithm of the mean of exponentials. */
  static double logMeanExp(float[] values) {
    double most = Double.NEGATIVE_INFINITY;
    for (float v : values) {
      most = Math.max(most, v);
    }
    double sum = 0;
    for (float v : values) {
      sum += Math.exp(v - most);
    }
    return most + Math.log(sum / values.length);
  }
}
