package org.lathe.backends.simt.plan;

import java.util.List;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.hal.Dims;

/**
 * One kernel over a range of work items.
 *
 * @param global work items along each of three axes: multiples of the kernel's group, none of them 0
 * @param arguments one for each of the kernel's parameters
 */
public record Launch(Kernel kernel, Dims global, List<Argument> arguments) {
  public Launch {
    arguments = List.copyOf(arguments);
    if (global.rank() != 3 || arguments.size() != kernel.parameters().size()) {
      throw new IllegalArgumentException(
          "a launch of " + kernel.name() + " over " + global + " with " + arguments.size() + " arguments for "
              + kernel.parameters().size() + " parameters");
    }
    for (int axis = 0; axis < 3; axis++) {
      if (global.get(axis) <= 0 || global.get(axis) % kernel.local().get(axis) != 0) {
        throw new IllegalArgumentException(
            "a launch of " + kernel.name() + " over " + global + " in groups of " + kernel.local());
      }
    }
    for (int i = 0; i < arguments.size(); i++) {
      if (arguments.get(i) instanceof Argument.Number != kernel.parameters().get(i) instanceof Parameter.Scalar) {
        throw new IllegalArgumentException(
            "a launch of " + kernel.name() + " binds " + arguments.get(i) + " to " + kernel.parameters().get(i));
      }
    }
  }
}
