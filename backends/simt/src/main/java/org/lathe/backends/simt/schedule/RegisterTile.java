package org.lathe.backends.simt.schedule;

import java.util.function.BiFunction;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;

/**
 * A few rows of vectors in registers, to which products of scalars and vectors are added: the innermost part of every
 * matrix product.
 */
final class RegisterTile {
  private final KernelBuilder k;
  private final Variable[][] sums;

  /** What stands at row {@code row}, vector {@code vector}. */
  @FunctionalInterface
  interface Cell {
    Value at(int row, int vector);
  }

  /** What is done with each sum. */
  @FunctionalInterface
  interface Sink {
    void take(int row, int vector, Value sum);
  }

  RegisterTile(KernelBuilder k, int rows, int vectors, Cell first) {
    this.k = k;
    this.sums = new Variable[rows][vectors];
    for (int r = 0; r < rows; r++) {
      for (int v = 0; v < vectors; v++) {
        sums[r][v] = k.variable("s", first.at(r, v));
      }
    }
  }

  static RegisterTile zeros(KernelBuilder k, int rows, int vectors, Type type) {
    Value zero = Values.splat(Values.constant(type.dtype(), 0), type.lanes());
    return new RegisterTile(k, rows, vectors, (r, v) -> zero);
  }

  /**
   * Adds {@code left(row, i) * right(vector, i)} for each i of a range.
   *
   * @param left scalars or vectors, each used for a whole row
   */
  void multiply(
      Value from, Value to, BiFunction<Integer, Value, Value> left, BiFunction<Integer, Value, Value> right) {
    k.loop("i", from, to, 1, i -> step(i, left, right));
  }

  /** As {@link #multiply}, but only to the lanes of a vector where the condition holds at this i. */
  void multiplyWhere(
      Value from, Value to, BiFunction<Integer, Value, Value> left, BiFunction<Integer, Value, Value> right,
      BiFunction<Integer, Value, Value> condition) {
    k.loop("i", from, to, 1, i -> {
      Value[] w = new Value[sums[0].length];
      Value[] where = new Value[w.length];
      for (int v = 0; v < w.length; v++) {
        w[v] = k.let("w", right.apply(v, i));
        where[v] = k.let("where", condition.apply(v, i));
      }
      for (int r = 0; r < sums.length; r++) {
        Value x = k.let("x", left.apply(r, i));
        for (int v = 0; v < w.length; v++) {
          Value before = Values.read(sums[r][v]);
          k.assign(sums[r][v], Values.select(where[v], Values.mad(x, w[v], before), before));
        }
      }
    });
  }

  /** Adds the products at one i. */
  void step(Value i, BiFunction<Integer, Value, Value> left, BiFunction<Integer, Value, Value> right) {
    Value[] w = new Value[sums[0].length];
    for (int v = 0; v < w.length; v++) {
      w[v] = k.let("w", right.apply(v, i));
    }
    for (int r = 0; r < sums.length; r++) {
      Value x = k.let("x", left.apply(r, i));
      for (int v = 0; v < w.length; v++) {
        k.assign(sums[r][v], Values.mad(x, w[v], Values.read(sums[r][v])));
      }
    }
  }

  void each(Sink sink) {
    for (int r = 0; r < sums.length; r++) {
      for (int v = 0; v < sums[r].length; v++) {
        sink.take(r, v, Values.read(sums[r][v]));
      }
    }
  }
}
