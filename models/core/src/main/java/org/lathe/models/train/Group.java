package org.lathe.models.train;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Optimizer;
import org.lathe.models.optim.Regularizer;

/**
 * Parameters that are trained together, and how: all trained parameters of one part of the model.
 *
 * @param name unique among the model's groups; part of its optimiser slots' names in checkpoints
 * @param part the model itself, or a module of it
 */
public record Group(
    String name, Module part, Optimizer optimizer, Clipping clipping, @Nullable Regularizer regularizer) {

  /** A whole model, as group {@code main}. */
  public static Group of(Module model, Optimizer optimizer) {
    return of("main", model, optimizer);
  }

  public static Group of(String name, Module part, Optimizer optimizer) {
    return new Group(name, part, optimizer, Clipping.NONE, null);
  }

  public Group clipped(Clipping newClipping) {
    return new Group(name, part, optimizer, newClipping, regularizer);
  }

  public Group regularized(Regularizer newRegularizer) {
    return new Group(name, part, optimizer, clipping, newRegularizer);
  }

  List<Parameter> trained() {
    return part.parameters().entrySet().stream().map(Map.Entry::getValue).filter(Parameter::isTrained).toList();
  }
}
