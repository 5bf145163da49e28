package org.lathe.compiler.ir;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An op applied to values. Immutable; identity matters: two equal-looking nodes are two. */
public final class Node {
  private final int id;
  private final Op op;
  private final List<Value> inputs;
  private final Attributes attributes;
  private final List<TensorType> types;
  private final @Nullable SourceLine source;

  Node(
      int id,
      Op op,
      List<Value> inputs,
      Attributes attributes,
      List<TensorType> types,
      @Nullable SourceLine source) {
    this.id = id;
    this.op = op;
    this.inputs = List.copyOf(inputs);
    this.attributes = attributes;
    this.types = List.copyOf(types);
    this.source = source;
  }

  /** Unique within its graph, rising in topological order. */
  public int id() {
    return id;
  }

  public Op op() {
    return op;
  }

  public boolean is(Op other) {
    return op == other;
  }

  public List<Value> inputs() {
    return inputs;
  }

  public Value input(int i) {
    return inputs.get(i);
  }

  public Attributes attributes() {
    return attributes;
  }

  /** The types of the outputs. */
  public List<TensorType> types() {
    return types;
  }

  public Value output(int i) {
    return new Value(this, i);
  }

  /** The only output. */
  public Value output() {
    if (types.size() != 1) {
      throw new IllegalStateException(this + " has " + types.size() + " outputs");
    }
    return output(0);
  }

  /** The user's line that made it, if known. */
  public @Nullable SourceLine source() {
    return source;
  }

  @Override
  public String toString() {
    return "%" + id + " " + op.name() + (source == null ? "" : " (" + source + ")");
  }
}
