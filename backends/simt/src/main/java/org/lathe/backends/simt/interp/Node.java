package org.lathe.backends.simt.interp;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Type;

/**
 * A value of a kernel ready to run. The results of lane {@code l} of work item {@code i} lie at {@code i * lanes + l}: in
 * {@code real} for floating types, in {@code whole} for all others.
 */
final class Node {
  /** Computes results from {@code from} to before {@code to}. */
  interface Body {
    void run(int from, int to);
  }

  private static final Node[] NONE = {};

  final Type type;
  final double[] real;
  final long[] whole;
  private final Node[] inputs;
  private final int stride;
  private final @Nullable Body body;

  private Node(Type type, double[] real, long[] whole, Node[] inputs, int stride, @Nullable Body body) {
    this.type = type;
    this.real = real;
    this.whole = whole;
    this.inputs = inputs;
    this.stride = stride;
    this.body = body;
  }

  /** Results of so many work items that are set from elsewhere. */
  static Node leaf(Type type, int items) {
    int n = items * type.lanes();
    boolean floating = type.dtype().isFloating();
    return new Node(type, new double[floating ? n : 0], new long[floating ? 0 : n], NONE, 1, null);
  }

  /** An operation, lane by lane, with its results in the arrays of {@code to}. */
  static Node lanewise(Node to, Body body, Node... inputs) {
    return new Node(to.type, to.real, to.whole, running(inputs), to.lanes(), body);
  }

  /** An operation whose body runs over work items. */
  static Node itemwise(Node to, Body body, Node... inputs) {
    return new Node(to.type, to.real, to.whole, running(inputs), 1, body);
  }

  /** Those that have something to compute. */
  private static Node[] running(Node[] inputs) {
    int n = 0;
    Node[] kept = new Node[inputs.length];
    for (Node i : inputs) {
      if (i.body != null) {
        kept[n++] = i;
      }
    }
    return n == inputs.length ? inputs : Arrays.copyOf(kept, n);
  }

  int lanes() {
    return type.lanes();
  }

  boolean floating() {
    return type.dtype().isFloating();
  }

  /** Computes the value for the active work items: one range for those that follow each other. */
  void eval(Machine m) {
    for (Node input : inputs) {
      input.eval(m);
    }
    if (body == null) {
      return;
    }
    if (m.count == m.size) {
      body.run(0, m.size * stride);
      return;
    }
    int[] active = m.active;
    int n = 0;
    while (n < m.count) {
      int first = active[n];
      int end = first + 1;
      for (n++; n < m.count && active[n] == end; n++) {
        end++;
      }
      body.run(first * stride, end * stride);
    }
  }
}
