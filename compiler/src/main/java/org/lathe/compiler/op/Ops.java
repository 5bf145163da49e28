package org.lathe.compiler.op;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Every op, by name: what the graph parser and the tests go through. A new family is one line here. */
public final class Ops {
  private static final List<OpDef> ALL = Stream.of(
      Sources.ALL,
      Elementwise.ALL,
      Movement.ALL,
      Reductions.ALL,
      Linear.ALL,
      Convolutions.ALL,
      PoolingOps.ALL,
      Indexing.ALL,
      Cumulative.ALL,
      RandomOps.ALL,
      Activations.ALL,
      Softmaxes.ALL,
      Normalisations.ALL,
      LossOps.ALL,
      Recurrences.ALL,
      Attentions.ALL,
      ControlFlow.ALL)
      .flatMap(List::stream)
      .toList();
  private static final Map<String, OpDef> BY_NAME = byName();

  private Ops() {}

  /** In the order of their families. */
  public static List<OpDef> all() {
    return ALL;
  }

  /**
   * The op of this name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static OpDef named(String name) {
    OpDef op = BY_NAME.get(name);
    if (op == null) {
      throw new IllegalArgumentException("no op is named '" + name + "'; known are " + BY_NAME.keySet());
    }
    return op;
  }

  private static Map<String, OpDef> byName() {
    Map<String, OpDef> ops = new TreeMap<>();
    for (OpDef op : ALL) {
      if (ops.put(op.name(), op) != null) {
        throw new IllegalStateException("two ops are named '" + op.name() + "'");
      }
    }
    return ops;
  }
}
