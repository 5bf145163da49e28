package org.lathe.compiler.ir;

/** One output of a node. */
public record Value(Node node, int index) {
  public TensorType type() {
    return node.types().get(index);
  }

  @Override
  public String toString() {
    return "%" + node.id() + (node.types().size() == 1 ? "" : "." + index);
  }
}
