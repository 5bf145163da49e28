package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** What a {@link Tensor} does across elements: reductions, products, windows and indices. */
public sealed interface TensorProducts permits Tensor {
  private Tensor self() {
    return (Tensor) this;
  }

  private Tensor alongAxis(OpDef op, int axis) {
    return Tensor.apply(op, List.of(self()), Attributes.of("axis", self().axis(op.name(), axis)));
  }

  default Tensor softmax(int axis) {
    return alongAxis(Softmaxes.SOFTMAX, axis);
  }

  default Tensor logSoftmax(int axis) {
    return alongAxis(Softmaxes.LOG_SOFTMAX, axis);
  }

  /** The axis goes away. */
  default Tensor logSumExp(int axis) {
    return alongAxis(Softmaxes.LOG_SUM_EXP, axis);
  }

  private Tensor reduce(OpDef op, int... axes) {
    return Tensor.apply(op, List.of(self()), Attributes.of("axes", self().axes(op.name(), axes)));
  }

  default Tensor sum(int... axes) {
    return reduce(Reductions.SUM, axes);
  }

  default Tensor product(int... axes) {
    return reduce(Reductions.PRODUCT, axes);
  }

  default Tensor max(int... axes) {
    return reduce(Reductions.MAX, axes);
  }

  default Tensor min(int... axes) {
    return reduce(Reductions.MIN, axes);
  }

  default Tensor mean(int... axes) {
    Tensor sum = sum(axes);
    return sum.mul((double) sum.type().size() / self().type().size());
  }

  /** The mean squared distance from the mean. */
  default Tensor variance(int... axes) {
    return self().sub(keepAxes(mean(axes), axes)).square().mean(axes);
  }

  /** Gives a reduction of this tensor its axes back, as dimensions of 1: {@code x.keepAxes(x.max(1), 1)}. */
  default Tensor keepAxes(Tensor reduced, int... axes) {
    Dims dims = self().axes("keepAxes", axes);
    long[] kept = self().shape().toArray();
    for (long d : dims.toArray()) {
      kept[(int) d] = 1;
    }
    return reduced.reshape(kept);
  }

  /** The i32 index of the first maximum along {@code axis}. */
  default Tensor argMax(int axis) {
    return reduce(Reductions.ARG_MAX, axis);
  }

  /** The i32 index of the first minimum along {@code axis}. */
  default Tensor argMin(int axis) {
    return reduce(Reductions.ARG_MIN, axis);
  }

  /** The running sum along {@code axis}. */
  default Tensor cumulativeSum(int axis) {
    return Cumulative.apply(Cumulative.SUM, self(), self().axis("cumulativeSum", axis), false, false);
  }

  /** As NumPy: the last two dimensions multiply, those before broadcast; a vector is a row or a column. */
  default Tensor matmul(Tensor other) {
    return self().located(() -> Linear.matmul(self(), other));
  }

  /** Of a table [rows, width..]: the rows at i32 or i64 {@code indices}, [indices.., width..]; clamped. */
  default Tensor gather(Tensor indices) {
    return Tensor.apply(Indexing.GATHER, List.of(self(), indices), Attributes.NONE);
  }

  /** Adds updates [indices.., width..] to their rows of this table. */
  default Tensor scatterAdd(Tensor indices, Tensor updates) {
    return Tensor.apply(Indexing.SCATTER_ADD, List.of(self(), indices, updates), Attributes.NONE);
  }

  /** The elements at {@code indices} [.., m] of each row of this [.., n]. */
  default Tensor takeAlongLast(Tensor indices) {
    return self().located(() -> Indexing.takeAlongLast(self(), indices));
  }

  /** Of indices [..]: [.., classes], 1 at the index; a row of zeros for an index outside. */
  default Tensor oneHot(long classes, DType dtype) {
    Tensor x = self();
    Tensor positions = Tensor.iota(x.builder(), x.dtype(), x.shape().insert(x.rank(), classes), x.rank());
    return x.expandDims(-1).equalTo(positions).cast(dtype);
  }

  /** Along the last axis, stably. The values, and their i32 positions before. */
  default List<Tensor> sort(boolean descending) {
    return Tensor.applyAll(Indexing.SORT, List.of(self()), Attributes.of("descending", descending));
  }

  /** The k largest along the last axis, largest first. The values, and their i32 positions. */
  default List<Tensor> topK(long k) {
    return Tensor.applyAll(Indexing.TOP_K, List.of(self()), Attributes.of("k", k));
  }

  /** This [batch, channels, height, width] with filters [filters, channels / groups, kernelHeight, kernelWidth]. */
  default Tensor conv2d(Tensor filters, Convolutions.Options options) {
    return Tensor.apply(Convolutions.CONV2D, List.of(self(), filters), options.attributes());
  }

  /** The transposed convolution: of a result [batch, filters, h, w] to data of {@code shape}. */
  default Tensor conv2dTransposed(Tensor filters, Convolutions.Options options, Dims shape) {
    return Convolutions.transposed(self(), filters, options, shape);
  }

  default Tensor maxPool(PoolingOps.Options options) {
    return Tensor.apply(PoolingOps.MAX_POOL, List.of(self()), options.attributes(false));
  }

  default Tensor meanPool(PoolingOps.Options options) {
    return Tensor.apply(PoolingOps.MEAN_POOL, List.of(self()), options.attributes(true));
  }
}
