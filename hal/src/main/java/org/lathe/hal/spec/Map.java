package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;

/**
 * A fused elementwise nest: at every point of {@code space}, inputs are read through their views, {@code expr} is
 * evaluated, and result {@code j} is stored through {@code outputViews[j]}.
 *
 * <p>Padding, slicing, transposition, reversal and broadcasting are all affine accesses with guards; concatenation is
 * one Map for each part.
 */
public record Map(Dims space, List<View> inputViews, Expr expr, List<View> outputViews) implements KernelSpec {
  public Map {
    inputViews = List.copyOf(inputViews);
    outputViews = List.copyOf(outputViews);
    Check.views("a Map's input", inputViews, space);
    Check.outputs("a Map's output", outputViews, space);
    Check.expr("a Map", expr, Check.types(inputViews), space.rank());
    Check.stores("a Map", expr, outputViews);
  }

  @Override
  public List<Operand> inputs() {
    return Check.operands(inputViews, space);
  }

  @Override
  public List<Operand> outputs() {
    return Check.operands(outputViews, space);
  }

  @Override
  public long operations() {
    return space.product() * expr.operations();
  }

  /** Every point reads an element before it writes it: equal views may share memory. */
  @Override
  public boolean allowsInPlace(int input, int output) {
    return inputViews.get(input).equals(outputViews.get(output));
  }
}
