package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lathe.compiler.ir.Attributes;
import org.lathe.hal.Dims;

/** How a {@link Tensor} is taken apart, moved and put together. */
public sealed interface TensorShapes permits Tensor {
  private Tensor self() {
    return (Tensor) this;
  }

  default Tensor reshape(Dims shape) {
    Tensor x = self();
    return shape.equals(x.shape()) ? x : Tensor.apply(Movement.RESHAPE, List.of(x), Attributes.of("shape", shape));
  }

  /** One dimension may be -1: what is left. */
  default Tensor reshape(long... shape) {
    long known = 1;
    int open = -1;
    for (int d = 0; d < shape.length; d++) {
      if (shape[d] == -1 && open < 0) {
        open = d;
      } else {
        known *= shape[d];
      }
    }
    Dims to = Dims.of(shape);
    if (open < 0) {
      return reshape(to);
    }
    Tensor x = self();
    long size = x.type().size();
    x.check(
        known > 0 && size % known == 0,
        "reshape",
        x.shape() + " to " + to + ": " + size + " elements do not say what -1 is");
    return reshape(to.with(open, size / known));
  }

  /** One dimension. */
  default Tensor flatten() {
    return reshape(Dims.of(self().type().size()));
  }

  /** Joins all dimensions from {@code axis} on: {@code x.flatten(1)} keeps the batch. */
  default Tensor flatten(int axis) {
    int a = self().axis("flatten", axis);
    Dims shape = self().shape();
    return reshape(shape.slice(0, a).append(Dims.of(shape.slice(a, shape.rank()).product())));
  }

  /** A new dimension of 1 at {@code axis} of the result. */
  default Tensor expandDims(int axis) {
    Tensor x = self();
    int at = axis < 0 ? axis + x.rank() + 1 : axis;
    x.check(at >= 0 && at <= x.rank(), "expandDims", "axis " + axis + " of " + x.type() + " is not within its rank");
    return reshape(x.shape().insert(at, 1));
  }

  /** Drops a dimension of 1. */
  default Tensor squeeze(int axis) {
    Tensor x = self();
    int at = x.axis("squeeze", axis);
    x.check(x.dim(at) == 1, "squeeze", x.shape() + " along axis " + axis + ": the dimension is not 1");
    return reshape(x.shape().remove(at));
  }

  /** Swaps the last two dimensions. */
  default Tensor transpose() {
    int rank = self().rank();
    self().check(rank >= 2, "transpose", self().type() + " must have a rank of at least 2");
    int[] order = IntStream.range(0, rank).toArray();
    order[rank - 1] = rank - 2;
    order[rank - 2] = rank - 1;
    return permute(order);
  }

  /** Dimension d of the result is dimension {@code order[d]}. */
  default Tensor permute(int... order) {
    Tensor x = self();
    long[] from = Arrays.stream(order).map(d -> d < 0 ? d + x.rank() : d).asLongStream().toArray();
    boolean same = Arrays.equals(from, IntStream.range(0, x.rank()).asLongStream().toArray());
    return same ? x : Tensor.apply(Movement.TRANSPOSE, List.of(x), Attributes.of("permutation", Dims.of(from)));
  }

  /** Moves one dimension, keeping the order of the others. */
  default Tensor moveAxis(int from, int to) {
    Tensor x = self();
    List<Integer> order = new ArrayList<>(IntStream.range(0, x.rank()).boxed().toList());
    order.add(x.axis("moveAxis", to), order.remove(x.axis("moveAxis", from)));
    return permute(order.stream().mapToInt(Integer::intValue).toArray());
  }

  default Tensor broadcastTo(long... shape) {
    return broadcastTo(Dims.of(shape));
  }

  /** As NumPy: dimensions of 1 are stretched, new ones come first. */
  default Tensor broadcastTo(Dims to) {
    Tensor x = self();
    if (to.equals(x.shape())) {
      return x;
    }
    long[] dims = IntStream.range(to.rank() - x.rank(), to.rank()).asLongStream().toArray();
    return Tensor.apply(Movement.BROADCAST, List.of(x), Movement.shapeDims(to, Dims.of(dims)));
  }

  /** Elements {@code low} to {@code high} (exclusive) along {@code axis}. */
  default Tensor slice(int axis, long low, long high) {
    Tensor x = self();
    int a = x.axis("slice", axis);
    return slice(Dims.filled(x.rank(), 0).with(a, low), x.shape().with(a, high), Dims.filled(x.rank(), 1));
  }

  /** Elements {@code low + i * step} below {@code high} along each dimension. */
  default Tensor slice(Dims low, Dims high, Dims step) {
    Tensor x = self();
    Dims zeros = Dims.filled(x.rank(), 0);
    boolean whole = low.equals(zeros) && high.equals(x.shape()) && step.equals(Dims.filled(x.rank(), 1));
    return whole ? x : Tensor.apply(Movement.SLICE, List.of(x), Movement.box(low, high, step));
  }

  /** Element {@code i} along {@code axis}, which goes away; -1 is the last. */
  default Tensor at(int axis, long i) {
    long from = i < 0 ? i + self().dim(axis) : i;
    return slice(axis, from, from + 1).squeeze(axis);
  }

  /** {@code low} and {@code high} elements of {@code value} before and after, along each dimension. */
  default Tensor pad(Dims low, Dims high, double value) {
    Dims none = Dims.filled(self().rank(), 0);
    return low.equals(none) && high.equals(none)
        ? self()
        : Tensor.apply(Movement.PAD, List.of(self()), Movement.padding(low, high, value));
  }

  /** Back to front along the axes, or along all where none is named. */
  default Tensor reverse(int... axes) {
    return Tensor.apply(Movement.REVERSE, List.of(self()), Attributes.of("axes", self().axes("reverse", axes)));
  }

  /** Equal parts along {@code axis}. */
  default List<Tensor> split(int axis, int parts) {
    Tensor x = self();
    int a = x.axis("split", axis);
    x.check(
        parts > 0 && x.dim(a) % parts == 0,
        "split",
        x.shape() + " along axis " + axis + " into " + parts + ": " + x.dim(a) + " is no multiple of it");
    long each = x.dim(a) / parts;
    return IntStream.range(0, parts).mapToObj(i -> slice(a, i * each, (i + 1) * each)).toList();
  }
}
