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
 * A Hopfield network of units in {-1, 1}. Parameter: {@code weight} [units, units], symmetric, 0 on its diagonal. It is
 * not divided by the number of units, so that weights and fields are whole numbers and exact in f32; only the energy is.
 */
final class Hopfield extends Module {
  private final long units;
  final Parameter weight;

  Hopfield(long units) {
    this.units = units;
    weight = parameter("weight", Initializer.ZEROS, units, units);
  }

  /**
   * What became of some states.
   *
   * @param states the last ones, [batch, units]
   * @param energies of each after each update, [updates, batch]
   */
  record Relaxed(Tensor states, Tensor energies) {}

  /** Hebbian storage: adds each pattern's outer product with itself, without the diagonal. Patterns [count, units]. */
  void store(StepContext c, Tensor patterns) {
    Tensor products = patterns.transpose().matmul(patterns);
    Tensor rows = Tensor.iota(patterns.builder(), DType.I32, Dims.of(units, units), 0);
    Tensor columns = Tensor.iota(patterns.builder(), DType.I32, Dims.of(units, units), 1);
    c.assign(weight, weight.tensor().add(rows.equalTo(columns).where(products.zerosLike(), products)));
  }

  /** {@code -1/2 sum s w s / units} of states [batch, units], [batch]. */
  Tensor energy(Tensor states) {
    return energy(states, states.matmul(weight.tensor()));
  }

  private Tensor energy(Tensor states, Tensor fields) {
    return states.mul(fields).sum(1).mul(-0.5 / units);
  }

  /**
   * Asynchronous updates: one unit after the other takes the sign of its field, and stays as it is where that is 0.
   *
   * @param states [batch, units]
   * @param order which unit at each update, i32 [updates]
   */
  Relaxed relax(Tensor states, Tensor order) {
    Tensor w = weight.tensor();
    ControlFlow.Scanned updates = ControlFlow.scan(
        List.of(states, states.matmul(w)),
        List.of(order),
        (carries, elements) -> {
          Tensor s = carries.get(0);
          Tensor fields = carries.get(1);
          Tensor chosen = elements.getFirst().oneHot(units, DType.F32);
          Tensor field = fields.mul(chosen).sum(1);
          Tensor old = s.mul(chosen).sum(1);
          Tensor change = field.equalTo(0).where(old, field.sign()).sub(old).expandDims(1);
          Tensor next = s.add(change.mul(chosen));
          Tensor nextFields = fields.add(change.mul(w.gather(elements.getFirst())));
          return new ControlFlow.Step(List.of(next, nextFields), List.of(energy(next, nextFields)));
        });
    return new Relaxed(updates.carries().getFirst(), updates.output());
  }
}
