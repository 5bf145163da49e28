package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;

/**
 * What is done to each result element of a heavy kernel before it is stored, over that kernel's output space.
 *
 * <p>Input 0 of {@code expr} is the element, input {@code 1 + i} is read through {@code inputs[i]}; result {@code j} is
 * stored through {@code outputs[j]}. {@code Expr.Index} nodes count over the output space. Results have the types of the
 * outputs' views; the element has the type of the kernel's accumulator.
 */
public record Epilogue(Expr expr, List<View> inputs, List<View> outputs) {
  public Epilogue {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    Check.stores("an epilogue", expr, outputs);
  }

  /** Checks what depends on the kernel that ends with this epilogue. */
  void check(DType accumulator, Dims space) {
    Check.views("an epilogue's input", inputs, space);
    Check.outputs("an epilogue's output", outputs, space);
    Check.expr("an epilogue", expr, Check.concat(List.of(accumulator), Check.types(inputs)), space.rank());
  }

  /** Stores the element as it is. */
  public static Epilogue store(DType accumulator, View output) {
    Expr.Builder b = Expr.builder();
    int value = b.cast(b.input(0, accumulator), output.dtype());
    return new Epilogue(b.build(List.of(value)), List.of(), List.of(output));
  }

  /** Whether the element is stored unchanged through one output. */
  public boolean isStore() {
    return outputs.size() == 1 && inputs.isEmpty() && expr.nodes().size() == 1;
  }

  List<Operand> inputOperands(Dims space) {
    return inputs.stream().map(v -> new Operand(v.dtype(), v.span(space))).toList();
  }

  List<Operand> outputOperands(Dims space) {
    return outputs.stream().map(v -> new Operand(v.dtype(), v.span(space))).toList();
  }
}
