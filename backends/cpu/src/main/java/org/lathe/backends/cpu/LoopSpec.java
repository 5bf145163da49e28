package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;

/**
 * What a {@link Loop} evaluates along one line; equal specs are one class.
 *
 * <p>The array given to the loop holds the addresses of the inputs, then of the outputs, then one value for each
 * {@code Index} node in the order of the expression's nodes, then for each index combiner the position of the first
 * point.
 *
 * @param inputs one for each input of the expression
 * @param outputs one for each result
 * @param indexSteps by how much each index grows from point to point
 * @param positionStep by how much the position that index combiners give grows from point to point
 * @param places where in the array each slot is, if not in that order from 0
 * @param vector whether to use the Vector API where it is there and the expression allows it
 */
record LoopSpec(
    Expr expr,
    List<Input> inputs,
    List<Output> outputs,
    List<Long> indexSteps,
    long positionStep,
    List<Integer> places,
    boolean vector) {

  /** How many partial results a fold keeps: point i of a call is combined into number i mod 32. */
  static final int LANES = 32;

  /** An operand read along the line. The stride is in elements; 0 reads it once for the whole line. */
  record Input(DType dtype, long stride) {}

  /**
   * A result. Without a fold it is stored along the line, the stride being in elements. With one, the address is that
   * of {@link #LANES} partial results, which the loop continues; index combiners have the same number of i32 positions
   * behind them. A whole fold is one call: it starts from the identity, and in the end the combined value is at the
   * address. Index combiners have no whole folds.
   */
  record Output(DType dtype, long stride, @Nullable Combiner fold, boolean whole) {
    boolean isArg() {
      return fold == Combiner.ARGMAX || fold == Combiner.ARGMIN;
    }
  }

  LoopSpec {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    indexSteps = List.copyOf(indexSteps);
    places = List.copyOf(places);
  }

  static Output store(DType dtype, long stride) {
    return new Output(dtype, stride, null, false);
  }

  /** A fold of values of {@code dtype}; partial results are of its compute type. */
  static Output fold(DType dtype, Combiner combiner) {
    return new Output(dtype.compute(), 0, combiner, false);
  }

  /** A fold of all values of a call. */
  static Output whole(DType dtype, Combiner combiner) {
    return new Output(dtype.compute(), 0, combiner, true);
  }

  static LoopSpec of(Expr expr, List<Input> inputs, List<Output> outputs, List<Long> indexSteps, boolean vector) {
    return new LoopSpec(expr, inputs, outputs, indexSteps, 0, List.of(), vector);
  }

  /** The dimensions that an expression's Index nodes name, in the order of their slots. */
  static int[] indexDims(Expr expr) {
    return expr.nodes().stream()
        .filter(n -> n instanceof Expr.Index)
        .mapToInt(n -> ((Expr.Index) n).dim())
        .toArray();
  }

  /** Index steps for a line along {@code dim}; a negative dimension is none. */
  static List<Long> indexSteps(Expr expr, int dim) {
    List<Long> steps = new ArrayList<>();
    for (int d : indexDims(expr)) {
      steps.add(d == dim ? 1L : 0L);
    }
    return steps;
  }

  int outputSlot(int j) {
    return inputs.size() + j;
  }

  int indexSlot(int k) {
    return inputs.size() + outputs.size() + k;
  }

  int positionSlot(int j) {
    int before = (int) outputs.subList(0, j).stream().filter(Output::isArg).count();
    return inputs.size() + outputs.size() + indexSteps.size() + before;
  }

  int slots() {
    return positionSlot(outputs.size());
  }

  /** Where in the array a slot is. */
  int place(int slot) {
    return places.isEmpty() ? slot : places.get(slot);
  }

  /** Longs in the array given to the loop. */
  int arrayLength() {
    return places.isEmpty() ? slots() : 1 + places.stream().mapToInt(p -> p).max().orElse(-1);
  }
}
