package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;

/** Rewritten expressions. */
final class Exprs {
  private Exprs() {}

  /** Adds an expression's nodes to a builder, its inputs as {@code input} gives them; returns the position of each node. */
  static int[] append(Expr.Builder b, Expr e, BiFunction<Expr.Builder, Expr.Input, Integer> input) {
    int[] at = new int[e.nodes().size()];
    for (int i = 0; i < at.length; i++) {
      Expr.Node node = e.nodes().get(i);
      at[i] = node instanceof Expr.Input in ? input.apply(b, in) : b.add(moved(node, at));
    }
    return at;
  }

  /** The expression with equal nodes at one position, as all rewriting makes it. */
  static Expr distinct(Expr e) {
    Expr.Builder b = Expr.builder();
    int[] at = append(b, e, Expr.Builder::add);
    return b.build(e.results().stream().map(r -> at[r]).toList());
  }

  /** A node with its operands at new positions. */
  static Expr.Node moved(Expr.Node node, int[] at) {
    return switch (node) {
      case Expr.Unary u -> new Expr.Unary(u.op(), at[u.a()], u.type());
      case Expr.Binary n -> new Expr.Binary(n.op(), at[n.a()], at[n.b()], n.type());
      case Expr.Select s -> new Expr.Select(at[s.condition()], at[s.a()], at[s.b()], s.type());
      case Expr.Cast c -> new Expr.Cast(at[c.a()], c.type());
      case Expr.Input in -> in;
      case Expr.Constant c -> c;
      case Expr.Index x -> x;
    };
  }

  /** The expression with its half nodes as f32, rounded only where a cast says so: what reductions combine. */
  static Expr widened(Expr e) {
    Expr.Builder b = Expr.builder();
    int[] at = new int[e.nodes().size()];
    for (int i = 0; i < at.length; i++) {
      DType type = e.nodes().get(i).type();
      DType wide = type.compute();
      at[i] = switch (e.nodes().get(i)) {
        case Expr.Input in -> b.cast(b.add(in), wide);
        case Expr.Unary u -> b.add(new Expr.Unary(u.op(), at[u.a()], wide));
        case Expr.Binary n -> b.add(new Expr.Binary(n.op(), at[n.a()], at[n.b()], wide));
        case Expr.Select s -> b.add(new Expr.Select(at[s.condition()], at[s.a()], at[s.b()], wide));
        case Expr.Cast c -> b.cast(b.cast(b.cast(at[c.a()], e.nodes().get(c.a()).type()), type), wide);
        case Expr.Constant c -> b.cast(b.add(c), wide);
        case Expr.Index x -> b.add(x);
      };
    }
    return b.build(e.results().stream().map(r -> at[r]).toList());
  }

  /**
   * An epilogue that takes its first inputs as partial results: 8-bit values are handed on as i32, and wrap here.
   */
  static Expr finishing(Expr epilogue, List<Fold> folds) {
    Expr.Builder b = Expr.builder();
    int[] at = append(b, epilogue, (x, in) -> in.index() < folds.size()
        ? x.cast(x.input(in.index(), folds.get(in.index()).resultType()), in.type())
        : x.add(in));
    return b.build(epilogue.results().stream().map(r -> at[r]).toList());
  }

  /**
   * The step of a reduction whose results lie along the line: inputs after the producer's are the values so far, and the
   * positions of index combiners; the results replace them in the same order.
   *
   * <p>Results of the producer that no fold takes come last, as they are.
   *
   * @param producer {@linkplain #widened widened}
   * @param position the dimension whose Index node is the position
   */
  static Expr accumulating(Expr producer, int inputs, List<Fold> folds, int position) {
    Expr.Builder b = Expr.builder();
    int[] at = append(b, producer, Expr.Builder::add);
    List<Integer> results = new ArrayList<>();
    int input = inputs;
    for (int j = 0; j < folds.size(); j++) {
      Fold fold = folds.get(j);
      int value = b.cast(at[producer.results().get(j)], fold.type());
      int old = b.input(input++, fold.type());
      if (!fold.isArg()) {
        results.add(b.binary(operation(fold.combiner()), old, value));
        continue;
      }
      int oldPosition = b.input(input++, DType.I32);
      BinaryOp better = fold.combiner() == Combiner.ARGMAX ? BinaryOp.GT : BinaryOp.LT;
      int replaces = b.binary(better, value, old);
      if (fold.type().isFloating()) {
        int first = b.binary(BinaryOp.AND, b.unary(UnaryOp.IS_NAN, value),
            b.unary(UnaryOp.NOT, b.unary(UnaryOp.IS_NAN, old)));
        replaces = b.binary(BinaryOp.OR, replaces, first);
      }
      results.add(b.select(replaces, value, old));
      results.add(b.select(replaces, b.add(new Expr.Index(position)), oldPosition));
    }
    for (int j = folds.size(); j < producer.results().size(); j++) {
      results.add(at[producer.results().get(j)]);
    }
    return b.build(results);
  }

  /** The expression that combines two rows of partial results, laid out as {@link #accumulating} does. */
  static Expr merging(List<Fold> folds) {
    Expr.Builder b = Expr.builder();
    List<Integer> results = new ArrayList<>();
    int rows = rows(folds);
    int row = 0;
    for (Fold fold : folds) {
      int old = b.input(row, fold.type());
      int value = b.input(rows + row++, fold.type());
      if (!fold.isArg()) {
        results.add(b.binary(operation(fold.combiner()), old, value));
        continue;
      }
      int oldPosition = b.input(row, DType.I32);
      int position = b.input(rows + row++, DType.I32);
      BinaryOp better = fold.combiner() == Combiner.ARGMAX ? BinaryOp.GT : BinaryOp.LT;
      int replaces = b.binary(better, value, old);
      if (fold.type().isFloating()) {
        int first = b.binary(BinaryOp.AND, b.unary(UnaryOp.IS_NAN, value),
            b.unary(UnaryOp.NOT, b.unary(UnaryOp.IS_NAN, old)));
        replaces = b.binary(BinaryOp.OR, replaces, first);
      }
      results.add(b.select(replaces, value, old));
      results.add(b.select(replaces, position, oldPosition));
    }
    return b.build(results);
  }

  /** Rows of partial results: one for each fold, and one more for positions. */
  static int rows(List<Fold> folds) {
    return folds.size() + (int) folds.stream().filter(Fold::isArg).count();
  }

  static BinaryOp operation(Combiner combiner) {
    return switch (combiner) {
      case SUM -> BinaryOp.ADD;
      case PRODUCT -> BinaryOp.MUL;
      case MAX -> BinaryOp.MAX;
      case MIN -> BinaryOp.MIN;
      case ARGMAX, ARGMIN -> throw new IllegalArgumentException(combiner + " is not one operation");
    };
  }
}
