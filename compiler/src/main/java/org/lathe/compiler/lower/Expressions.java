package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.lathe.hal.expr.Expr;

/** Rewriting of expressions. */
final class Expressions {
  private Expressions() {}

  /** Without the nodes that no result needs. */
  static Expr pruned(Expr e) {
    return rewritten(e, i -> i, d -> d);
  }

  /** With every input and index dimension renumbered, without the nodes that no result needs. */
  static Expr rewritten(Expr e, IntUnaryOperator inputs, IntUnaryOperator dims) {
    List<Expr.Node> nodes = e.nodes();
    boolean[] needed = new boolean[nodes.size()];
    for (int r : e.results()) {
      needed[r] = true;
    }
    for (int i = nodes.size() - 1; i >= 0; i--) {
      if (needed[i]) {
        for (int operand : nodes.get(i).operands()) {
          needed[operand] = true;
        }
      }
    }
    Expr.Builder b = Expr.builder();
    int[] at = new int[nodes.size()];
    for (int i = 0; i < at.length; i++) {
      if (needed[i]) {
        at[i] = b.add(switch (nodes.get(i)) {
          case Expr.Input(int index, var type) -> new Expr.Input(inputs.applyAsInt(index), type);
          case Expr.Index(int dim) -> new Expr.Index(dims.applyAsInt(dim));
          case Expr.Constant c -> c;
          case Expr.Unary(var op, int a, var type) -> new Expr.Unary(op, at[a], type);
          case Expr.Binary(var op, int a, int c, var type) -> new Expr.Binary(op, at[a], at[c], type);
          case Expr.Select(int condition, int a, int c, var type) -> new Expr.Select(at[condition], at[a], at[c], type);
          case Expr.Cast(int a, var type) -> new Expr.Cast(at[a], type);
        });
      }
    }
    List<Integer> results = new ArrayList<>();
    for (int r : e.results()) {
      results.add(at[r]);
    }
    return b.build(results);
  }

  /** Which dimensions the expression counts along. */
  static boolean[] counted(int rank, Expr... expressions) {
    boolean[] counted = new boolean[rank];
    for (Expr e : expressions) {
      for (Expr.Node node : e.nodes()) {
        if (node instanceof Expr.Index(int dim)) {
          counted[dim] = true;
        }
      }
    }
    return counted;
  }

  static boolean counts(Expr e) {
    return e.nodes().stream().anyMatch(n -> n instanceof Expr.Index);
  }

  /** A rough price of one evaluation, in additions. */
  static int cost(Expr e) {
    int cost = 0;
    for (Expr.Node node : e.nodes()) {
      cost += switch (node) {
        case Expr.Input i -> 0;
        case Expr.Constant c -> 0;
        case Expr.Unary(var op, int a, var type) -> switch (op) {
          case NEG, ABS, SIGN, FLOOR, CEIL, ROUND, NOT, IS_NAN, IS_FINITE -> 1;
          case RECIPROCAL, SQRT, RSQRT -> 3;
          case EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID -> 8;
          case ERF -> 16;
        };
        case Expr.Binary(var op, int a, int c, var type) -> switch (op) {
          case DIV, REM -> 3;
          case POW -> 20;
          default -> 1;
        };
        default -> 1;
      };
    }
    return cost;
  }
}
