package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/** Sums of products in registers: {@code rows} by {@code columns} vectors, all of them updated by each outer product. */
final class ProductTile {
  private final KernelBuilder k;
  private final int rows;
  private final int columns;
  private final int lanes;
  private final List<Variable> sums = new ArrayList<>();

  /** A tile of zeros. */
  ProductTile(KernelBuilder k, DType dtype, int rows, int columns, int lanes) {
    this.k = k;
    this.rows = rows;
    this.columns = columns;
    this.lanes = lanes;
    for (int i = 0; i < rows * columns; i++) {
      sums.add(k.variable("s", Values.splat(Values.constant(dtype, 0), lanes)));
    }
  }

  /** Adds {@code left[r] * right[c]} to each sum. */
  void add(List<Value> left, List<Value> right) {
    for (int r = 0; r < rows; r++) {
      Value x = k.let("x", left.get(r));
      for (int c = 0; c < columns; c++) {
        Variable sum = sums.get(r * columns + c);
        k.assign(sum, multiplyAdd(x, right.get(c), Values.read(sum)));
      }
    }
  }

  Value sum(int row, int column) {
    return Values.read(sums.get(row * columns + column));
  }

  /** Stores the rows one after the other, {@code pitch} elements apart. */
  void store(Memory memory, Value base, long pitch) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        k.store(memory, Values.add(base, r * pitch + (long) c * lanes), sum(r, c), true);
      }
    }
  }

  /** What {@link #store} stored. */
  void load(Memory memory, Value base, long pitch) {
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        Value at = Values.add(base, r * pitch + (long) c * lanes);
        k.assign(sums.get(r * columns + c), Values.load(memory, at, lanes, true));
      }
    }
  }

  /** {@code a * b + c}. */
  static Value multiplyAdd(Value a, Value b, Value c) {
    return c.type().dtype().isFloating()
        ? Values.mad(a, b, c)
        : Values.binary(BinaryOp.ADD, Values.binary(BinaryOp.MUL, a, b), c);
  }

  /** The lanes of a device's vectors of this type. */
  static int lanes(Traits traits, DType compute) {
    int lanes = Math.max(1, traits.floatLanes() * 4 / Math.max(4, compute.bytes()));
    return Math.min(16, Integer.highestOneBit(lanes));
  }

}
