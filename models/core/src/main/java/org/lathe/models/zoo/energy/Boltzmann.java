package org.lathe.models.zoo.energy;

import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;

/**
 * A Boltzmann machine in which every unit is linked to every other: bits s, the visible ones first, with the energy
 * {@code -s W s / 2 - b s}.
 *
 * <p>Parameters: {@code weight} [units, units], of which only the part above the diagonal counts, for both directions;
 * {@code bias} [units].
 */
final class Boltzmann extends Module {
  private final int visible;
  private final int units;
  private final Parameter weight;
  private final Parameter bias;

  Boltzmann(int visible, int hidden) {
    this.visible = visible;
    this.units = visible + hidden;
    weight = parameter("weight", Initializer.normal(0.05), units, units);
    bias = parameter("bias", Initializer.ZEROS, units);
  }

  int units() {
    return units;
  }

  /** 1 above the diagonal, else 0. */
  private Tensor upper() {
    double[] mask = new double[units * units];
    for (int i = 0; i < units; i++) {
      for (int j = i + 1; j < units; j++) {
        mask[i * units + j] = 1;
      }
    }
    return Tensor.constant(
        weight.tensor().builder(), Literal.of(TensorType.of(DType.F32, units, units), mask));
  }

  /** Symmetric, 0 on its diagonal, [units, units]. */
  private Tensor links() {
    Tensor above = weight.tensor().mul(upper());
    return above.add(above.transpose());
  }

  /** {@code -energy} of states [batch, units], [batch]. */
  Tensor logWeight(Tensor states) {
    return states.matmul(links()).mul(0.5).add(bias.tensor()).mul(states).sum(1);
  }

  /**
   * Sweeps of Gibbs sampling: each of the units from {@code first} on in turn, given all others.
   *
   * @param states [batch, units]
   * @param first 0 to sample all units; the number of visible ones to hold these
   */
  Tensor gibbs(RandomKey random, Tensor states, int first, int sweeps) {
    Tensor links = links();
    long count = (long) (units - first) * sweeps;
    Tensor index = Tensor.iota(states.builder(), DType.I64, Dims.of(count), 0);
    return ControlFlow.scan(
        List.of(states),
        List.of(index),
        (carries, elements) -> {
          Tensor s = carries.getFirst();
          Tensor unit = elements.getFirst().rem(units - first).add(first);
          Tensor chosen = unit.oneHot(units, DType.F32);
          Tensor field = s.matmul(links.gather(unit)).add(bias.tensor().gather(unit));
          Tensor draw = random.at(elements.getFirst()).uniform(DType.F32, s.dim(0));
          Tensor bit = draw.less(field.sigmoid()).cast(DType.F32).expandDims(1);
          return new ControlFlow.Step(List.of(s.add(bit.sub(s).mul(chosen))), List.of());
        }).carry();
  }

  /** What the parameters descend: how far the statistics of free states are from those of clamped ones. */
  Map<Parameter, Tensor> gradients(Tensor clamped, Tensor free) {
    Tensor products = ContrastiveDivergence.products(free, free).sub(ContrastiveDivergence.products(clamped, clamped));
    return Map.of(weight, products.mul(upper()), bias, free.mean(0).sub(clamped.mean(0)));
  }

  /** The exact probability of every visible state, [2^visible], by enumeration. */
  Tensor probabilities() {
    Tensor states = Enumeration.states(weight.tensor(), units);
    Tensor logWeights = logWeight(states).reshape(1L << (units - visible), 1L << visible);
    return logWeights.logSumExp(0).softmax(0);
  }
}
