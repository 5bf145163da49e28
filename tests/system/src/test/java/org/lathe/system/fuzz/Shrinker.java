package org.lathe.system.fuzz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.LiteralBytes;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.system.fuzz.RandomGraphs.Case;

/**
 * Makes a failing graph smaller while it still fails: keeps one output, makes a value in the middle the output, or an
 * input with the value that the oracle gives it.
 */
final class Shrinker {
  private static final int TRIES = 3000;

  private final Predicate<Case> fails;
  private int tries;

  private Shrinker(Predicate<Case> fails) {
    this.fails = fails;
  }

  /** The smallest case found that {@code fails}; {@code start} does. */
  static Case shrink(Case start, Predicate<Case> fails) {
    Shrinker s = new Shrinker(fails);
    Case best = start;
    while (true) {
      Case smaller = s.step(best);
      if (smaller == best) {
        return best;
      }
      best = smaller;
    }
  }

  /** The first smaller case that still fails, or {@code c} itself. */
  private Case step(Case c) {
    Graph g = c.graph();
    Map<Value, Literal> values = Oracle.runAll(g, c.inputs());
    if (g.outputs().size() > 1) {
      for (Value output : g.outputs()) {
        Case one = cut(c, values, List.of(output), Set.of());
        if (failing(one, c)) {
          return one;
        }
      }
    }
    // Cuts in the middle first: each that fails halves what is left.
    List<Node> inner = g.nodes().stream().filter(n -> !n.is(InputOp.INSTANCE)).toList();
    for (int width = inner.size() / 2; width >= 1; width /= 2) {
      for (int at = width - 1; at < inner.size(); at += width) {
        Node node = inner.get(at);
        for (int i = 0; i < node.types().size(); i++) {
          Case up = cut(c, values, List.of(node.output(i)), Set.of());
          if (failing(up, c)) {
            return up;
          }
        }
        Case down = cut(c, values, g.outputs(), Set.of(node));
        if (failing(down, c)) {
          return down;
        }
      }
    }
    return c;
  }

  private boolean failing(Case smaller, Case than) {
    return size(smaller) < size(than) && tries++ < TRIES && fails.test(smaller);
  }

  private static int size(Case c) {
    return (int) c.graph().nodes().stream().filter(n -> !n.is(InputOp.INSTANCE)).count() * 8 + c.graph().nodes().size()
        + c.graph().outputs().size();
  }

  /** The nodes that {@code outputs} need, with the outputs of {@code replaced} turned into inputs. */
  private static Case cut(Case c, Map<Value, Literal> values, List<Value> outputs, Set<Node> replaced) {
    Set<Node> needed = new HashSet<>();
    List<Node> open = new ArrayList<>();
    outputs.forEach(v -> open.add(v.node()));
    while (!open.isEmpty()) {
      Node node = open.removeLast();
      if (needed.add(node) && !replaced.contains(node)) {
        node.inputs().forEach(v -> open.add(v.node()));
      }
    }
    GraphBuilder b = new GraphBuilder(c.graph().name());
    Map<Value, Value> copies = new HashMap<>();
    List<Literal> inputs = new ArrayList<>();
    for (Node node : c.graph().nodes()) {
      if (!needed.contains(node)) {
        continue;
      }
      if (node.is(InputOp.INSTANCE) || replaced.contains(node)) {
        for (int i = 0; i < node.types().size(); i++) {
          copies.put(node.output(i), b.input("x" + inputs.size(), node.types().get(i)));
          inputs.add(rounded(values.get(node.output(i))));
        }
      } else {
        Node copy = b.append(node.op(), node.inputs().stream().map(copies::get).toList(), node.attributes());
        for (int i = 0; i < node.types().size(); i++) {
          copies.put(node.output(i), copy.output(i));
        }
      }
    }
    return new Case(b.build(outputs.stream().map(copies::get).toList()), inputs);
  }

  /** The oracle's values are not rounded; an array's are. */
  private static Literal rounded(Literal x) {
    return Literal.adopt(
        x.type(), Arrays.stream(x.toArray()).map(v -> LiteralBytes.round(x.type().dtype(), v)).toArray());
  }
}
