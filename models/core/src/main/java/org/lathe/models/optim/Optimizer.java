package org.lathe.models.optim;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/**
 * A rule by which gradients change parameters. It is traced into the training step, so its numbers live on the device
 * with the parameters. Immutable.
 */
public interface Optimizer {
  /**
   * A running quantity that the rule keeps for each parameter, of the parameter's shape.
   *
   * @param initial what every element begins with
   */
  record Slot(String name, double initial) {}

  /** The new parameter, and its slots' new values in the order of {@link #slots}. */
  record Update(Tensor parameter, List<Tensor> slots) {
    public Update {
      slots = List.copyOf(slots);
    }
  }

  /** The rule of one step. */
  @FunctionalInterface
  interface Rule {
    Update update(Tensor parameter, Tensor gradient, List<Tensor> slots);
  }

  List<Slot> slots();

  /**
   * Traces what all parameters share in this step, such as the learning rate.
   *
   * @param step f32 scalar: how many steps were made before
   */
  Rule at(Tensor step);
}
