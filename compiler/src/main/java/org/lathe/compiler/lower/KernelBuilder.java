package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/**
 * Makes a kernel of a group, or finds that it cannot: fusion tries a merged group by building it.
 *
 * <p>Stages of a row program are numbered from {@link #STAGES} on while their inputs are still being counted.
 */
final class KernelBuilder {
  private static final int STAGES = 1 << 20;

  /**
   * Where a value is stored that does not get dense memory of its own: within {@code target}, element (0, 0, ...) at
   * {@code offset}.
   */
  record Placement(Value target, long offset, Dims strides) {}

  private final ExpressionBuilder.Memory memory;
  private final Function<Value, @Nullable Placement> placements;
  private final boolean polished;

  /**
   * @param polished whether kernels are made in their final form, which costs more: trials are not
   */
  KernelBuilder(ExpressionBuilder.Memory memory, Function<Value, @Nullable Placement> placements, boolean polished) {
    this.memory = memory;
    this.placements = placements;
    this.polished = polished;
  }

  /** The kernel of a group that is one kernel, storing {@code stored}; null if it is not expressible. */
  @Nullable
  Kernel build(Group g, Predicate<Value> stored) {
    return switch (g.kind()) {
      case MAP -> map(g, stored);
      case REDUCE -> reduce(g, stored);
      case ROW -> row(g, stored);
      case FUSABLE -> fusable(g, stored);
      case WHOLE -> whole(g.anchor());
      case CONCATENATION, LOOP, BRANCH -> throw new IllegalArgumentException(g + " is not one kernel");
    };
  }

  private ExpressionBuilder expressions(Group g, Dims space, Operands operands, int firstOperand) {
    return new ExpressionBuilder(space, memory, g::computes, operands, firstOperand);
  }

  /** What the stored values of a group add up to: results, and where they go. */
  private final class Stores {
    final List<Integer> results = new ArrayList<>();
    final List<View> views = new ArrayList<>();
    final List<Value> values = new ArrayList<>();

    boolean add(Group g, ExpressionBuilder e, Predicate<Value> stored) {
      for (var entry : g.values().entrySet()) {
        Value v = entry.getKey();
        if (stored.test(v)) {
          int at = e.emit(v, entry.getValue());
          Placement p = placements.apply(v);
          DType type = v.type().dtype();
          View view = p == null ? entry.getValue().view(type) : entry.getValue().view(type, p.offset(), p.strides());
          if (at == ExpressionBuilder.FAILED || view == null) {
            return false;
          }
          results.add(at);
          views.add(view);
          values.add(p == null ? v : p.target());
        }
      }
      return true;
    }
  }

  private @Nullable Kernel map(Group g, Predicate<Value> stored) {
    Operands operands = new Operands();
    ExpressionBuilder e = expressions(g, g.space(), operands, 0);
    Stores stores = new Stores();
    if (!stores.add(g, e, stored)) {
      return null;
    }
    Expr expr = e.build(stores.results);
    Map spec = new Map(g.space(), operands.views(), expr, stores.views);
    return new Kernel(polished ? Coalescing.of(spec) : spec, operands.reads(), stores.values, Expressions.cost(expr));
  }

  /** The part of a concatenation that lies at {@code placement}, computed where it goes. */
  @Nullable
  Kernel part(Value part, Placement placement) {
    Dims space = part.type().shape();
    Operands operands = new Operands();
    ExpressionBuilder e = new ExpressionBuilder(space, memory, v -> false, operands, 0);
    int at = e.emit(part, Access.identity(space));
    View view = Access.identity(space).view(part.type().dtype(), placement.offset(), placement.strides());
    if (at == ExpressionBuilder.FAILED || view == null) {
      return null;
    }
    Expr expr = e.build(List.of(at));
    Map spec = new Map(space, operands.views(), expr, List.of(view));
    return new Kernel(polished ? Coalescing.of(spec) : spec, operands.reads(), List.of(placement.target()),
        Expressions.cost(expr));
  }

  /** Over the space of all that is kept, then all that is reduced: where the elements of a reduction's input lie. */
  private static Access reductionInput(Dims shape, Dims axes) {
    int kept = shape.rank() - axes.rank();
    List<@Nullable Affine> coordinates = new ArrayList<>();
    Dims space = kept(shape, axes).append(reduced(shape, axes));
    int k = 0;
    int r = 0;
    for (int d = 0; d < shape.rank(); d++) {
      coordinates.add(Affine.along(shape.rank(), axes.contains(d) ? kept + r++ : k++));
    }
    return Access.of(space, shape, coordinates, null);
  }

  static Dims kept(Dims shape, Dims axes) {
    Dims kept = Dims.of();
    for (int d = 0; d < shape.rank(); d++) {
      if (!axes.contains(d)) {
        kept = kept.insert(kept.rank(), shape.get(d));
      }
    }
    return kept;
  }

  static Dims reduced(Dims shape, Dims axes) {
    Dims reduced = Dims.of();
    for (int d = 0; d < shape.rank(); d++) {
      if (axes.contains(d)) {
        reduced = reduced.insert(reduced.rank(), shape.get(d));
      }
    }
    return reduced;
  }

  private static Combiner combiner(Node reduction) {
    if (GraphFacts.lowering(reduction) instanceof Lowering.Reduction(Combiner combiner)) {
      return combiner;
    }
    throw new IllegalArgumentException(reduction + " is not a reduction");
  }

  private @Nullable Kernel reduce(Group g, Predicate<Value> stored) {
    Access input = reductionInput(g.reducedShape(), g.axes());
    Dims kept = kept(g.reducedShape(), g.axes());
    Operands operands = new Operands();
    ExpressionBuilder produce = expressions(g, input.space(), operands, 0);
    List<Integer> produced = new ArrayList<>();
    List<Combiner> combiners = new ArrayList<>();
    for (Node r : g.reductions()) {
      int at = produce.emit(r.input(0), input);
      if (at == ExpressionBuilder.FAILED) {
        return null;
      }
      produced.add(at);
      combiners.add(combiner(r));
    }
    Expr producer = produce.build(produced);
    int k = combiners.size();
    Operands after = new Operands();
    ExpressionBuilder finish = expressions(g, kept, after, k);
    for (int j = 0; j < k; j++) {
      DType combined = combiners.get(j).resultType(producer.resultType(j).compute());
      finish.bind(g.reductions().get(j).output(), Access.identity(kept), j, combined);
    }
    Stores stores = new Stores();
    if (!stores.add(g, finish, stored)) {
      return null;
    }
    Expr epilogue = finish.build(stores.results);
    List<Operands.Read> reads = new ArrayList<>(operands.reads());
    reads.addAll(after.reads());
    Reduce spec = new Reduce(
        kept,
        reduced(g.reducedShape(), g.axes()),
        operands.views(),
        producer,
        combiners,
        after.views(),
        epilogue,
        stores.views);
    return new Kernel(polished ? Coalescing.of(spec) : spec, reads, stores.values,
        Expressions.cost(producer) + Expressions.cost(epilogue));
  }

  private @Nullable Kernel row(Group g, Predicate<Value> stored) {
    Operands operands = new Operands();
    List<Expr> exprs = new ArrayList<>();
    List<Combiner> combiners = new ArrayList<>();
    List<DType> types = new ArrayList<>();
    int cost = 0;
    for (Node r : g.reductions()) {
      ExpressionBuilder e = expressions(g, g.space(), operands, 0);
      bindStages(g, e, types);
      int at = e.emit(r.input(0), Access.identity(g.space()).reshaped(r.input(0).type().shape()));
      if (at == ExpressionBuilder.FAILED) {
        return null;
      }
      Expr expr = e.build(List.of(at));
      exprs.add(expr);
      combiners.add(combiner(r));
      types.add(combiners.getLast().resultType(expr.resultType(0).compute()));
      cost += Expressions.cost(expr);
    }
    ExpressionBuilder e = expressions(g, g.space(), operands, 0);
    bindStages(g, e, types);
    Stores stores = new Stores();
    if (!stores.add(g, e, stored)) {
      return null;
    }
    int inputs = operands.reads().size();
    Expr result = numbered(e.build(stores.results), inputs);
    List<RowProgram.Stage> stages = new ArrayList<>();
    for (int i = 0; i < exprs.size(); i++) {
      stages.add(new RowProgram.Stage(combiners.get(i), numbered(exprs.get(i), inputs)));
    }
    RowProgram spec = new RowProgram(g.rows(), g.columns(), operands.views(), stages, result, stores.views);
    return new Kernel(polished ? Coalescing.of(spec) : spec, operands.reads(), stores.values,
        cost + Expressions.cost(result));
  }

  private static void bindStages(Group g, ExpressionBuilder e, List<DType> types) {
    for (int i = 0; i < types.size(); i++) {
      Value v = g.reductions().get(i).output();
      Access access = g.values().get(v);
      if (access != null) {
        e.bind(v, access, STAGES + i, types.get(i));
      }
    }
  }

  private static Expr numbered(Expr e, int inputs) {
    return Expressions.rewritten(e, i -> i >= STAGES ? inputs + i - STAGES : i, d -> d);
  }

  private @Nullable Kernel fusable(Group g, Predicate<Value> stored) {
    Node node = g.anchor();
    if (!(GraphFacts.lowering(node) instanceof Lowering.Fusable(Lowering.FusableRule rule, boolean strided))) {
      throw new IllegalArgumentException(node + " takes no epilogue");
    }
    Operands operands = new Operands();
    List<Operands.Read> reads = new ArrayList<>();
    List<View> views = new ArrayList<>();
    for (Value v : node.inputs()) {
      if (!strided) {
        dense(v, reads, views);
      } else if (!operand(v, reads, views)) {
        return null;
      }
    }
    List<TensorType> types = node.inputs().stream().map(Value::type).toList();
    ExpressionBuilder e = expressions(g, g.space(), operands, 1);
    e.bind(node.output(), Access.identity(g.space()), 0, types.getFirst().dtype().compute());
    Stores stores = new Stores();
    if (!stores.add(g, e, stored)) {
      return null;
    }
    Expr expr = e.build(stores.results);
    if (Expressions.counts(expr)) {
      return null;
    }
    Epilogue epilogue = new Epilogue(expr, operands.views(), stores.views);
    KernelSpec spec = rule.build(types, views, node.attributes(), node.output().type(), epilogue);
    if (polished && spec instanceof Contraction c) {
      spec = Coalescing.of(c);
    }
    reads.addAll(operands.reads());
    return new Kernel(spec, reads, stores.values, Expressions.cost(expr));
  }

  private static void dense(Value v, List<Operands.Read> reads, List<View> views) {
    reads.add(new Operands.Read(v, false));
    views.add(View.dense(v.type().dtype(), v.type().shape()));
  }

  /** Reads an operand through movements alone, over its own shape; false if it is not in memory or needs a guard. */
  boolean operand(Value v, List<Operands.Read> reads, List<View> views) {
    Dims shape = v.type().shape();
    Operands one = new Operands();
    ExpressionBuilder e = new ExpressionBuilder(shape, memory, x -> false, one, 0);
    if (GraphFacts.isSplat(base(v))) {
      reads.add(new Operands.Read(base(v), true));
      views.add(new View(v.type().dtype(), 0, Dims.filled(shape.rank(), 0), null));
      return true;
    }
    int at = e.emit(v, Access.identity(shape));
    if (at == ExpressionBuilder.FAILED || one.reads().size() != 1 || one.views().getFirst().guard() != null) {
      return false;
    }
    Expr expr = e.build(List.of(at));
    if (expr.nodes().size() != 1 || !(expr.nodes().getFirst() instanceof Expr.Input)) {
      return false;
    }
    reads.add(one.reads().getFirst());
    views.add(one.views().getFirst());
    return true;
  }

  /** The value behind all movements without guards. */
  private Value base(Value v) {
    Value at = v;
    while (!memory.contains(at) && GraphFacts.moves(at.node())) {
      Node node = at.node();
      if (GraphFacts.lowering(node) instanceof Lowering.Movement(Lowering.MovementRule rule)
          && rule.map(node.input(0).type(), node.attributes(), at.type()).guard() != null) {
        return at;
      }
      at = node.input(0);
    }
    return at;
  }

  private @Nullable Kernel whole(Node node) {
    if (!(GraphFacts.lowering(node) instanceof Lowering.Whole(Lowering.WholeRule rule, List<Integer> strided))) {
      throw new IllegalArgumentException(node + " is not a kernel of its own");
    }
    List<Operands.Read> reads = new ArrayList<>();
    List<View> views = new ArrayList<>();
    for (int i = 0; i < node.inputs().size(); i++) {
      Value v = node.input(i);
      if (!strided.contains(i)) {
        dense(v, reads, views);
      } else if (!operand(v, reads, views)) {
        return null;
      }
    }
    List<TensorType> types = node.inputs().stream().map(Value::type).toList();
    KernelSpec spec = rule.build(types, views, node.attributes(), node.types());
    List<Value> stored = new ArrayList<>();
    for (int i = 0; i < node.types().size(); i++) {
      stored.add(node.output(i));
    }
    return new Kernel(spec, reads, stored, 0);
  }

  /** The slices of a joined value that its parts take. */
  static List<Placement> parts(Node concatenation) {
    Value joined = concatenation.output();
    Dims strides = joined.type().shape().rowMajorStrides();
    int axis = Math.toIntExact(concatenation.attributes().integer("axis"));
    List<Placement> parts = new ArrayList<>();
    long at = 0;
    for (Value part : concatenation.inputs()) {
      parts.add(new Placement(joined, at * strides.get(axis), strides));
      at += part.type().dim(axis);
    }
    return Collections.unmodifiableList(parts);
  }
}
