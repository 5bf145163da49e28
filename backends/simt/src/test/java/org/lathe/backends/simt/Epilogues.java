package org.lathe.backends.simt;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/** Epilogues to test heavy kernels with. */
final class Epilogues {
  private Epilogues() {}

  static Epilogue store(DType compute, DType output, Dims space) {
    return Epilogue.store(compute, View.dense(output, space));
  }

  /** A dense input is added: it may be the output's memory. */
  static Epilogue residual(DType compute, Dims space) {
    Expr.Builder b = Expr.builder();
    int sum = b.binary(BinaryOp.ADD, b.input(0, compute), b.input(1, compute));
    View dense = View.dense(compute, space);
    return new Epilogue(b.build(List.of(sum)), List.of(dense), List.of(dense));
  }

  /** A value for each column is added, and the result is at least 0. */
  static Epilogue biasRelu(DType compute, Dims space, int dim) {
    Expr.Builder b = Expr.builder();
    int sum = b.binary(BinaryOp.ADD, b.input(0, compute), b.input(1, compute));
    int result = b.binary(BinaryOp.MAX, sum, b.constant(compute, 0));
    View bias = new View(compute, 0, Dims.filled(space.rank(), 0).with(dim, 1), null);
    return new Epilogue(b.build(List.of(result)), List.of(bias), List.of(View.dense(compute, space)));
  }

  /**
   * A dense input, one for each index of the last dimension, one in a guard, and the last index itself go into a dense
   * output, a transposed one, and one of bf16.
   */
  static Epilogue rich(DType compute, Dims space) {
    int last = space.rank() - 1;
    Expr.Builder b = Expr.builder();
    int sum = b.binary(BinaryOp.ADD, b.input(0, compute), b.input(1, compute));
    int scaled = b.binary(BinaryOp.MUL, b.input(0, compute), b.input(2, compute));
    int index = b.binary(BinaryOp.MUL, b.cast(b.add(new Expr.Index(last)), compute), b.constant(compute, 0x1p-6));
    int guarded = b.binary(BinaryOp.ADD, b.input(0, compute), b.input(3, compute));
    View dense = View.dense(compute, space);
    View row = new View(compute, 0, Dims.filled(space.rank(), 0).with(last, 1), null);
    Dims low = Dims.filled(space.rank(), 0).with(last, Math.min(1, space.get(last)));
    View cut = new View(compute, 0, dense.strides(), new View.Guard(low, space, 2));
    Dims transposed = reversed(reversed(space).rowMajorStrides());
    return new Epilogue(
        b.build(List.of(sum, b.binary(BinaryOp.ADD, scaled, index), b.cast(guarded, DType.BF16))),
        List.of(dense, row, cut),
        List.of(dense, new View(compute, 1, transposed, null), View.dense(DType.BF16, space)));
  }

  private static Dims reversed(Dims dims) {
    long[] v = new long[dims.rank()];
    for (int i = 0; i < v.length; i++) {
      v[i] = dims.last(i);
    }
    return Dims.of(v);
  }
}
