package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/** The kernel of a row program: its operands, and the code of its stages at the columns of one row, or of a vector of rows. */
final class RowKernel {
  final RowProgram spec;
  final Site site;
  /** The rows' dimensions, then the columns' if there are several. */
  final Nest nest;
  final List<View> inputs;
  final List<View> outputs;
  final RowGraph graph;
  final List<Fold.Kind> kinds = new ArrayList<>();
  final LaunchBuilder k;
  private final List<Memory> in = new ArrayList<>();
  private final List<Memory> out = new ArrayList<>();
  private List<Set<Integer>> keeps = List.of();
  private final Map<Integer, Memory> keptIn = new HashMap<>();

  RowKernel(RowProgram spec, Site site) {
    this(spec, site, nest(spec));
  }

  private RowKernel(RowProgram spec, Site site, Nest nest) {
    this.spec = spec;
    this.site = site;
    this.nest = nest;
    inputs = nest.views.subList(0, spec.inputViews().size());
    outputs = nest.views.subList(inputs.size(), nest.views.size());
    graph = new RowGraph(spec);
    for (RowProgram.Stage s : spec.stages()) {
      kinds.add(new Fold.Kind(s.combiner(), s.expr().resultType(0).compute()));
    }
    k = new LaunchBuilder("rows", spec, site);
    for (int i = 0; i < inputs.size(); i++) {
      in.add(k.input(i, "in" + i));
    }
    for (int j = 0; j < outputs.size(); j++) {
      out.add(k.output(j, "out" + j));
    }
  }

  private static Nest nest(RowProgram spec) {
    List<View> views = new ArrayList<>(spec.inputViews());
    views.addAll(spec.outputViews());
    Set<Integer> counted = new HashSet<>(Nest.counted(spec.result()));
    spec.stages().forEach(s -> counted.addAll(Nest.counted(s.expr())));
    return Nest.of(spec.space(), spec.rows().rank(), views, counted, null);
  }

  /** The same with the rows' dimension {@code d} as their last. */
  RowKernel withLast(int d) {
    return new RowKernel(spec, site, nest.withLast(d));
  }

  /** The dimension of the columns, -1 if they are no dimension. */
  int columnDim() {
    return nest.rank() > nest.firstPart ? nest.firstPart : -1;
  }

  /** How many views are contiguous along a dimension, less those that leap. */
  private int contiguous(int d) {
    int n = 0;
    for (View v : nest.views) {
      long stride = v.strides().get(d);
      n += stride == 1 ? 1 : stride == 0 ? 0 : -1;
    }
    return n;
  }

  /** The rows' dimension to go across rather than along the columns, -1 if there is none. */
  int rowLine() {
    int along = columnDim() < 0 ? 0 : Math.max(0, contiguous(columnDim()));
    int best = -1;
    for (int d = 0; d < nest.firstPart; d++) {
      if (contiguous(d) > along && (best < 0 || contiguous(d) >= contiguous(best))) {
        best = d;
      }
    }
    return best;
  }

  /**
   * From now on, stages keep in arrays of the work item what later ones need again.
   *
   * @param lanes the most points at each column at once
   */
  void keep(int lanes) {
    keeps = graph.kept();
    for (Set<Integer> nodes : keeps) {
      for (int node : nodes) {
        keptIn.put(node, k.array("kept", graph.node(node).type().compute(), spec.columns() * lanes));
      }
    }
  }

  /** The bytes of what stages would keep at each column. */
  long keptBytes() {
    return graph.kept().stream().flatMap(Set::stream)
        .mapToLong(node -> graph.node(node).type().compute().bytes()).sum();
  }

  /** The values of a row, or of a vector of rows, as its stages find them. */
  final class Row {
    private final Cursor rows;
    private final @Nullable Value[] values;

    /** At the first column of these rows. */
    Row(Cursor rows) {
      this.rows = rows;
      values = new Value[graph.graph.nodes().size()];
    }

    /** Computes what of these nodes' operands is the same at all columns. */
    private void prepare(List<Integer> nodes) {
      nodes.forEach(this::hoist);
    }

    private void hoist(int node) {
      if (values[node] != null) {
        return;
      }
      if (graph.varies[node]) {
        graph.node(node).operands().forEach(this::hoist);
      } else {
        evaluate(node, rows, values);
      }
    }

    /** Before the columns of a stage; afterwards {@link #stage} may be called. */
    void prepareStage(int s) {
      prepare(List.of(graph.roots.get(s)));
    }

    void prepareResults() {
      prepare(graph.results);
    }

    /** What stage {@code s} takes in at these points, which are at {@code slot} of the kept arrays. */
    Value stage(int s, Cursor points, @Nullable Value slot) {
      @Nullable
      Value[] here = values.clone();
      if (slot != null) {
        for (int earlier = 0; earlier < s; earlier++) {
          load(earlier, points, slot, here);
        }
      }
      Value x = evaluate(graph.roots.get(s), points, here);
      if (slot != null) {
        for (int node : keeps.get(s)) {
          k.store(memory(node), slot, Values.splat(evaluate(node, points, here), points.lanes()));
        }
      }
      return Values.splat(x, points.lanes());
    }

    private Memory memory(int node) {
      return java.util.Objects.requireNonNull(keptIn.get(node));
    }

    private void load(int stage, Cursor points, Value slot, @Nullable Value[] here) {
      for (int node : keeps.get(stage)) {
        here[node] = k.let("kept", Values.load(memory(node), slot, points.lanes(), false));
      }
    }

    /** Stage {@code s} gave this value. */
    void stageIs(int s, Value value) {
      int n = graph.graph.nodes().size();
      for (int i = 0; i < n; i++) {
        if (graph.node(i) instanceof Expr.Input in && in.index() == inputs.size() + s) {
          values[i] = value;
        }
      }
    }

    /** Stores the results at these points. */
    void store(Cursor points, @Nullable Value slot) {
      @Nullable
      Value[] here = values.clone();
      if (slot != null) {
        for (int s = 0; s < kinds.size(); s++) {
          load(s, points, slot, here);
        }
      }
      List<Integer> stored = new ArrayList<>();
      List<Value> y = new ArrayList<>();
      for (int j = 0; j < outputs.size(); j++) {
        if (!isOnce(j)) {
          stored.add(j);
          y.add(evaluate(graph.results.get(j), points, here));
        }
      }
      for (int i = 0; i < stored.size(); i++) {
        points.write(k, out.get(stored.get(i)), outputs.get(stored.get(i)), y.get(i));
      }
    }

    boolean storesOnce() {
      for (int j = 0; j < outputs.size(); j++) {
        if (isOnce(j)) {
          return true;
        }
      }
      return false;
    }

    /** Stores the results that are the same at all columns. */
    void storeOnce() {
      for (int j = 0; j < outputs.size(); j++) {
        if (isOnce(j)) {
          rows.write(k, out.get(j), outputs.get(j), evaluate(graph.results.get(j), rows, values));
        }
      }
    }

    private boolean isOnce(int j) {
      return columnDim() >= 0 && outputs.get(j).strides().get(columnDim()) == 0;
    }

    private Value evaluate(int node, Cursor points, @Nullable Value[] here) {
      Value known = here[node];
      if (known != null) {
        return known;
      }
      Expr.Node n = graph.node(node);
      List<Value> operands = new ArrayList<>();
      n.operands().forEach(o -> operands.add(evaluate(o, points, here)));
      Value value = n instanceof Expr.Input input
          ? points.read(k, in.get(input.index()), inputs.get(input.index()))
          : Exprs.node(k, graph.graph, n, operands, nest.original(points.coordinates()));
      here[node] = value;
      return value;
    }
  }
}
