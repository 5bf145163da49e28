package org.lathe.models.zoo.energy;

import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nets.Rbm;

/** Exact sums over all states of a few bits, traced into a step. */
final class Enumeration {
  private Enumeration() {}

  /** All states of {@code count} bits, [2^count, count]: bit i of state n is the i-th binary digit of n, lowest first. */
  static Tensor states(Tensor like, int count) {
    Dims shape = Dims.of(1L << count, count);
    Tensor number = Tensor.iota(like.builder(), DType.I32, shape, 0);
    Tensor place = Tensor.iota(like.builder(), DType.I32, shape, 1);
    return number.shiftRight(place).and(number.like(1)).cast(DType.F32);
  }

  /** The logarithm of the partition function, a scalar: by its visible states if they are bits, else by its hidden ones. */
  static Tensor logPartition(Rbm rbm) {
    Tensor w = rbm.weight().tensor();
    if (rbm.kind() == Rbm.Visible.BINARY) {
      return rbm.freeEnergy(states(w, (int) rbm.visibleUnits())).neg().logSumExp(0);
    }
    Tensor h = states(w, (int) rbm.hiddenUnits());
    Tensor push = h.matmul(w.transpose());
    Tensor exponent = h.mul(rbm.hiddenBias().tensor()).sum(1)
        .add(push.mul(rbm.visibleBias().tensor()).sum(1))
        .add(push.square().sum(1).mul(0.5));
    return exponent.logSumExp(0).add(0.5 * rbm.visibleUnits() * Math.log(2 * Math.PI));
  }

  /** The log-likelihood of each example, [batch], in nats. */
  static Tensor logLikelihood(Rbm rbm, Tensor v) {
    return rbm.freeEnergy(v).add(logPartition(rbm)).neg();
  }
}
