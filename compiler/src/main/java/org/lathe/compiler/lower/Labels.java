package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.SourceLine;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;

/** What kernels are called, for people: the ops fused into them, and a line of the user's code. */
final class Labels {
  private static final int MOST_NAMES = 6;

  private Labels() {}

  /** Such as {@code conv2d+add+tanh LeNet5.java:31}. */
  static String of(Group g, ExpressionBuilder.Memory memory) {
    Set<Node> nodes = new HashSet<>();
    for (Value v : g.values().keySet()) {
      nodes.add(v.node());
    }
    for (Node start : List.copyOf(nodes)) {
      for (Value operand : start.inputs()) {
        collect(operand, g, memory, nodes);
      }
    }
    return text(nodes, mainNode(g));
  }

  private static void collect(Value v, Group g, ExpressionBuilder.Memory memory, Set<Node> nodes) {
    boolean own = g.computes(v);
    if ((memory.contains(v) && !own) || !nodes.add(v.node())) {
      return;
    }
    for (Value operand : v.node().inputs()) {
      collect(operand, g, memory, nodes);
    }
  }

  private static @Nullable Node mainNode(Group g) {
    return switch (g.kind()) {
      case MAP, REDUCE, ROW -> null;
      default -> g.anchor();
    };
  }

  private static String text(Set<Node> nodes, @Nullable Node main) {
    List<Node> sorted = new ArrayList<>(nodes);
    sorted.sort(Comparator.comparingInt(Node::id));
    List<String> names = new ArrayList<>();
    SourceLine source = main == null ? null : main.source();
    boolean onlyMoves = sorted.stream().allMatch(GraphFacts::moves);
    if (main != null && GraphFacts.isAnchor(main) && sorted.remove(main)) {
      sorted.addFirst(main);
    }
    for (Node n : sorted) {
      boolean says = onlyMoves || !(GraphFacts.moves(n) || GraphFacts.lowering(n) instanceof Lowering.Constant);
      if (says) {
        names.add(n.op().name());
      }
      if (source == null && n.source() != null && says) {
        source = n.source();
      }
    }
    if (names.size() > MOST_NAMES) {
      int more = names.size() - MOST_NAMES;
      names = new ArrayList<>(names.subList(0, MOST_NAMES));
      names.add("..." + more);
    }
    String joined = String.join("+", names);
    return source == null ? joined : joined + " " + source;
  }
}
