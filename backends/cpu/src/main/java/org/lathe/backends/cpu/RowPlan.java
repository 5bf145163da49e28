package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/**
 * The stages of a row program with what they share: a value that a stage computes and a later one needs again, such as
 * the exponentials of a softmax, is kept in a row of scratch memory if computing it twice costs more.
 *
 * <p>A division of f32 by one value of the row becomes a multiplication by its reciprocal, which may change the last bit,
 * and overflows where the divisor is subnormal.
 *
 * <p>The expressions' inputs are the element inputs, then the values of the stages as {@link Fold} hands them on, then
 * the kept rows.
 */
final class RowPlan {
  /** Operations that cost more than a store and a load. */
  private static final int WORTH_KEEPING = 8;

  /** The combiners of the stages. */
  final List<Fold> folds = new ArrayList<>();
  /** The stages that each pass over the row computes. */
  final List<List<Integer>> passes = new ArrayList<>();
  /** For each pass the values of its stages, then what it keeps. */
  final List<Expr> expressions = new ArrayList<>();
  /** For each pass the numbers of the rows that it keeps. */
  final List<List<Integer>> keeps = new ArrayList<>();
  final List<DType> keptTypes = new ArrayList<>();
  /** The results stored at every column, and the outputs they go to. */
  final Expr elementResult;
  final List<Integer> elementOutputs = new ArrayList<>();
  /** The results stored once a row, and the outputs they go to. */
  final Expr rowResult;
  final List<Integer> rowOutputs = new ArrayList<>();

  private final RowProgram spec;
  private final int elements;
  private final int stageCount;
  private final Expr.Builder joint = Expr.builder();
  private final boolean[] varying;
  /** The node that a stage's sum is to be multiplied by, or -1. */
  private final int[] factor;
  private Expr nodes = joint.build(List.of());

  /**
   * @param joined whether stages that do not need each other's values share a pass; if not, each has its own. Then what a
   *     sum of f32 multiplies every element by, such as a softmax's reciprocal, multiplies the sum instead, so that the
   *     stage need not wait for it.
   */
  RowPlan(RowProgram spec, boolean joined) {
    this.spec = spec;
    elements = spec.inputViews().size();
    stageCount = spec.stages().size();
    factor = new int[stageCount];
    for (RowProgram.Stage s : spec.stages()) {
      folds.add(Fold.of(s.combiner(), s.expr().resultType(0)));
    }
    // One builder for all expressions gives equal values equal positions.
    List<Integer> values = new ArrayList<>();
    for (int s = 0; s < stageCount; s++) {
      Expr e = spec.stages().get(s).expr();
      factor[s] = -1;
      int root = Exprs.append(joint, e, this::input)[e.results().get(0)];
      boolean factored = joined && folds.get(s).combiner() == Combiner.SUM && joint.type(root) == DType.F32;
      values.add(factored ? withoutFactor(s, root) : root);
    }
    List<List<Integer>> roots = pass(values, joined);
    int[] at = Exprs.append(joint, spec.result(), this::input);
    List<Integer> elementRoots = new ArrayList<>();
    List<Integer> rowRoots = new ArrayList<>();
    for (int j = 0; j < spec.outputViews().size(); j++) {
      boolean once = spec.outputViews().get(j).strides().last(0) == 0 && spec.columns() > 1;
      (once ? rowRoots : elementRoots).add(at[spec.result().results().get(j)]);
      (once ? rowOutputs : elementOutputs).add(j);
    }
    nodes = joint.build(List.of());
    varying = varies();
    Map<Integer, Integer> kept = keep(roots, elementRoots);
    for (int s = 0; s < passes.size(); s++) {
      List<Integer> results = new ArrayList<>(roots.get(s));
      for (int row : keeps.get(s)) {
        kept.forEach((node, r) -> {
          if (r == row) {
            results.add(node);
          }
        });
      }
      expressions.add(extract(results, s, kept));
    }
    elementResult = extract(elementRoots, passes.size(), kept);
    rowResult = extract(rowRoots, -1, Map.of());
  }

  private int input(Expr.Builder b, Expr.Input in) {
    if (in.index() < elements) {
      return b.add(in);
    }
    int stage = in.index() - elements;
    int value = b.input(in.index(), folds.get(stage).resultType());
    return b.cast(factor[stage] < 0 ? value : b.binary(BinaryOp.MUL, value, factor[stage]), in.type());
  }

  /** Groups the stages by how many others, one after the other, they have to wait for; the roots of each pass. */
  private List<List<Integer>> pass(List<Integer> values, boolean joined) {
    List<List<Integer>> roots = new ArrayList<>();
    int[] level = new int[stageCount];
    for (int s = 0; s < stageCount; s++) {
      level[s] = joined ? level(values.get(s), level) : s;
      if (level[s] == passes.size()) {
        passes.add(new ArrayList<>());
        keeps.add(new ArrayList<>());
        roots.add(new ArrayList<>());
      }
      passes.get(level[s]).add(s);
      roots.get(level[s]).add(values.get(s));
    }
    return roots;
  }

  /** One more than the highest level of the stages whose values a node needs. */
  private int level(int node, int[] level) {
    int[] of = new int[node + 1];
    for (int i = 0; i <= node; i++) {
      Expr.Node n = joint.node(i);
      of[i] = n instanceof Expr.Input in && in.index() >= elements ? level[in.index() - elements] + 1 : 0;
      for (int o : n.operands()) {
        of[i] = Math.max(of[i], of[o]);
      }
    }
    return of[node];
  }

  /** Takes from the product at {@code node} the factors that other stages' values make; their product becomes the stage's. */
  private int withoutFactor(int stage, int node) {
    nodes = joint.build(List.of());
    boolean[] varies = varies();
    return varies[node] ? withoutFactor(stage, node, varies) : node;
  }

  private int withoutFactor(int stage, int node, boolean[] varies) {
    if (!(joint.node(node) instanceof Expr.Binary x) || x.type() != DType.F32
        || x.op() != BinaryOp.MUL && x.op() != BinaryOp.DIV) {
      return node;
    }
    if (!varies[x.b()]) {
      int rest = withoutFactor(stage, x.a(), varies);
      multiply(stage, x.op() == BinaryOp.MUL ? x.b() : joint.unary(UnaryOp.RECIPROCAL, x.b()));
      return rest;
    }
    if (x.op() == BinaryOp.DIV) {
      return node;
    }
    if (!varies[x.a()]) {
      int rest = withoutFactor(stage, x.b(), varies);
      multiply(stage, x.a());
      return rest;
    }
    int a = withoutFactor(stage, x.a(), varies);
    int b = withoutFactor(stage, x.b(), varies);
    return joint.binary(BinaryOp.MUL, a, b);
  }

  private void multiply(int stage, int by) {
    factor[stage] = factor[stage] < 0 ? by : joint.binary(BinaryOp.MUL, factor[stage], by);
  }

  /** Chooses what to keep: from node to row. */
  private Map<Integer, Integer> keep(List<List<Integer>> roots, List<Integer> elementRoots) {
    Map<Integer, Integer> kept = new HashMap<>();
    Map<Integer, Integer> computedBy = new HashMap<>();
    List<List<Integer>> all = new ArrayList<>(roots);
    all.add(elementRoots);
    for (int s = 0; s < all.size(); s++) {
      Set<Integer> seen = new HashSet<>();
      for (int root : all.get(s)) {
        visit(root, s, seen, computedBy, kept);
      }
      int stage = s;
      seen.forEach(n -> computedBy.putIfAbsent(n, stage));
    }
    return kept;
  }

  /** Goes down from a root; stops at the largest values that an earlier stage has computed. */
  private void visit(int node, int stage, Set<Integer> seen, Map<Integer, Integer> computedBy,
      Map<Integer, Integer> kept) {
    Integer earlier = computedBy.get(node);
    DType type = nodes.nodes().get(node).type();
    boolean storable = type == type.compute() && type != DType.BOOL && type != DType.U8;
    if (kept.containsKey(node)) {
      return;
    }
    if (earlier != null && storable && varying[node] && cost(node, kept) >= WORTH_KEEPING) {
      kept.put(node, keptTypes.size());
      keeps.get(earlier).add(keptTypes.size());
      keptTypes.add(type);
      return;
    }
    if (seen.add(node)) {
      for (int operand : nodes.nodes().get(node).operands()) {
        visit(operand, stage, seen, computedBy, kept);
      }
    }
  }

  /** What it costs to compute a node at each column once more, from what is kept. */
  private int cost(int node, Map<Integer, Integer> kept) {
    int[] cost = new int[node + 1];
    for (int i = 0; i <= node; i++) {
      if (!varying[i] || kept.containsKey(i)) {
        continue;
      }
      Expr.Node n = nodes.nodes().get(i);
      int own = switch (n) {
        case Expr.Unary u -> switch (u.op()) {
          case EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF -> 16;
          case SQRT, RSQRT, RECIPROCAL -> 5;
          default -> 1;
        };
        case Expr.Binary b -> switch (b.op()) {
          case DIV -> divides(b) ? 1 : 5;
          case REM -> 5;
          case POW -> 40;
          default -> 1;
        };
        case Expr.Select s -> 1;
        default -> 0;
      };
      for (int o : n.operands()) {
        own += cost[o];
      }
      cost[i] = Math.min(own, 1000);
    }
    return cost[node];
  }

  /** Which nodes change along the row. */
  private boolean[] varies() {
    boolean[] v = new boolean[nodes.nodes().size()];
    int columnDim = spec.rows().rank();
    for (int i = 0; i < v.length; i++) {
      v[i] = switch (nodes.nodes().get(i)) {
        case Expr.Input in -> in.index() < elements && varies(spec.inputViews().get(in.index()));
        case Expr.Index x -> x.dim() == columnDim;
        case Expr.Node n -> n.operands().stream().anyMatch(o -> v[o]);
      };
    }
    return v;
  }

  private static boolean varies(View view) {
    return view.strides().last(0) != 0 || view.guard() != null;
  }

  /** The expression of some nodes, reading what earlier passes than {@code stage} keep. */
  private Expr extract(List<Integer> roots, int stage, Map<Integer, Integer> kept) {
    Expr.Builder b = Expr.builder();
    Map<Integer, Integer> done = new HashMap<>();
    List<Integer> results = new ArrayList<>();
    for (int r : roots) {
      results.add(extract(r, b, done, stage, kept));
    }
    return b.build(results);
  }

  private int extract(int node, Expr.Builder b, Map<Integer, Integer> done, int stage, Map<Integer, Integer> kept) {
    Integer known = done.get(node);
    if (known != null) {
      return known;
    }
    Integer row = kept.get(node);
    boolean read = row != null && (stage == passes.size() || !keeps.get(stage).contains(row));
    int position;
    if (read && row != null) {
      position = b.input(elements + stageCount + row, keptTypes.get(row));
    } else {
      Expr.Node n = nodes.nodes().get(node);
      for (int o : n.operands()) {
        extract(o, b, done, stage, kept);
      }
      position = b.add(switch (n) {
        case Expr.Unary u -> new Expr.Unary(u.op(), at(done, u.a()), u.type());
        case Expr.Binary x when divides(x) -> new Expr.Binary(BinaryOp.MUL, at(done, x.a()),
            b.unary(UnaryOp.RECIPROCAL, at(done, x.b())), x.type());
        case Expr.Binary x -> new Expr.Binary(x.op(), at(done, x.a()), at(done, x.b()), x.type());
        case Expr.Select s -> new Expr.Select(at(done, s.condition()), at(done, s.a()), at(done, s.b()), s.type());
        case Expr.Cast c -> new Expr.Cast(at(done, c.a()), c.type());
        default -> n;
      });
    }
    done.put(node, position);
    return position;
  }

  /** Whether a node divides what varies along the row by one value of the row. */
  private boolean divides(Expr.Binary x) {
    return x.op() == BinaryOp.DIV && x.type() == DType.F32 && varying[x.a()] && !varying[x.b()];
  }

  private static int at(Map<Integer, Integer> done, int node) {
    Integer position = done.get(node);
    if (position == null) {
      throw new IllegalStateException("node " + node + " was not extracted");
    }
    return position;
  }

  /** All inputs of the expressions: elements, values of stages, kept rows. */
  int inputs() {
    return elements + stageCount + keptTypes.size();
  }
}
