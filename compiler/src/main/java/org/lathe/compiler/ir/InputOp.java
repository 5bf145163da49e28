package org.lathe.compiler.ir;

import java.util.List;

/** The op of a graph's inputs. Attributes: {@code name}, {@code type}. */
public final class InputOp implements Op {
  public static final InputOp INSTANCE = new InputOp();

  private InputOp() {}

  @Override
  public String name() {
    return "input";
  }

  @Override
  public List<TensorType> infer(List<TensorType> inputs, Attributes attributes) {
    return List.of(TensorType.parse(attributes.text("type")));
  }
}
