package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/**
 * All expressions of a row program as one graph, in which equal values are one node, and which of them a stage should keep
 * for later stages, such as the exponentials of a softmax.
 *
 * <p>Inputs are the element inputs, then the values of the stages. A division of f32 by one value of the row is a
 * multiplication by its reciprocal, which may change the last bit, and overflows where the divisor is subnormal.
 */
final class RowGraph {
  /** Operations that cost more than a store and a load. */
  private static final int WORTH_KEEPING = 8;
  private static final int COSTLIEST = 1000;

  final Expr graph;
  /** The node that each stage combines. */
  final List<Integer> roots = new ArrayList<>();
  /** The node of each result. */
  final List<Integer> results = new ArrayList<>();
  /** Which nodes have another value at another column. */
  final boolean[] varies;
  private final RowProgram spec;

  RowGraph(RowProgram spec) {
    this.spec = spec;
    Expr.Builder b = Expr.builder();
    List<Boolean> varying = new ArrayList<>();
    for (RowProgram.Stage s : spec.stages()) {
      int[] at = append(b, s.expr(), varying);
      roots.add(at[s.expr().results().getFirst()]);
    }
    int[] at = append(b, spec.result(), varying);
    spec.result().results().forEach(r -> results.add(at[r]));
    graph = b.build(List.of());
    varies = new boolean[varying.size()];
    for (int i = 0; i < varies.length; i++) {
      varies[i] = varying.get(i);
    }
  }

  private int[] append(Expr.Builder b, Expr e, List<Boolean> varying) {
    int[] at = new int[e.nodes().size()];
    for (int i = 0; i < at.length; i++) {
      at[i] = switch (e.nodes().get(i)) {
        case Expr.Unary u -> add(b, new Expr.Unary(u.op(), at[u.a()], u.type()), varying);
        case Expr.Binary x when x.op() == BinaryOp.DIV && x.type() == DType.F32 && varying.get(at[x.a()])
            && !varying.get(at[x.b()]) -> {
          int inverse = add(b, new Expr.Unary(UnaryOp.RECIPROCAL, at[x.b()], x.type()), varying);
          yield add(b, new Expr.Binary(BinaryOp.MUL, at[x.a()], inverse, x.type()), varying);
        }
        case Expr.Binary x -> add(b, new Expr.Binary(x.op(), at[x.a()], at[x.b()], x.type()), varying);
        case Expr.Select s ->
          add(b, new Expr.Select(at[s.condition()], at[s.a()], at[s.b()], s.type()), varying);
        case Expr.Cast c -> add(b, new Expr.Cast(at[c.a()], c.type()), varying);
        case Expr.Node leaf -> add(b, leaf, varying);
      };
    }
    return at;
  }

  private int add(Expr.Builder b, Expr.Node node, List<Boolean> varying) {
    int i = b.add(node);
    if (i == varying.size()) {
      varying.add(switch (node) {
        case Expr.Input in -> in.index() < spec.inputViews().size() && variesAlongRow(in.index());
        case Expr.Index x -> x.dim() == spec.rows().rank();
        default -> node.operands().stream().anyMatch(varying::get);
      });
    }
    return i;
  }

  /** Whether element input {@code i} has another value at another column. */
  private boolean variesAlongRow(int i) {
    View v = spec.inputViews().get(i);
    return v.strides().last(0) != 0 || Nest.isGuarded(v, spec.rows().rank(), spec.columns());
  }

  Expr.Node node(int i) {
    return graph.nodes().get(i);
  }

  /** The nodes that each stage keeps; read by all later ones. The last list is of the results, which keep nothing. */
  List<Set<Integer>> kept() {
    List<Set<Integer>> kept = new ArrayList<>();
    Map<Integer, Integer> computedBy = new HashMap<>();
    int[] cost = costs();
    for (int s = 0; s <= roots.size(); s++) {
      kept.add(new HashSet<>());
      Set<Integer> seen = new HashSet<>();
      for (int root : s < roots.size() ? List.of(roots.get(s)) : results) {
        visit(root, seen, computedBy, kept, cost);
      }
      int stage = s;
      seen.forEach(n -> computedBy.putIfAbsent(n, stage));
    }
    return kept;
  }

  /** Goes down from a root; stops at the largest values that an earlier stage has computed. */
  private void visit(
      int node, Set<Integer> seen, Map<Integer, Integer> computedBy, List<Set<Integer>> kept, int[] cost) {
    Integer earlier = computedBy.get(node);
    if (earlier != null && varies[node] && cost[node] >= WORTH_KEEPING) {
      kept.get(earlier).add(node);
    } else if (seen.add(node)) {
      node(node).operands().forEach(o -> visit(o, seen, computedBy, kept, cost));
    }
  }

  private int[] costs() {
    int[] cost = new int[graph.nodes().size()];
    for (int i = 0; i < cost.length; i++) {
      int own = switch (node(i)) {
        case Expr.Unary u -> switch (u.op()) {
          case EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF -> 16;
          case SQRT, RSQRT, RECIPROCAL -> 5;
          default -> 1;
        };
        case Expr.Binary b -> switch (b.op()) {
          case DIV, REM -> 5;
          case POW -> 40;
          default -> 1;
        };
        case Expr.Select s -> 1;
        default -> 0;
      };
      for (int o : node(i).operands()) {
        own += cost[o];
      }
      cost[i] = Math.min(own, COSTLIEST);
    }
    return cost;
  }
}
