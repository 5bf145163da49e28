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
    return shape.equals(self().shape()) ? self() : Tensor.apply(Movement.RESHAPE, List.of(self()), Attributes.of("shape", shape));
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
    return reshape(open < 0 || known <= 0 || self().type().size() % known != 0 ? to : to.with(open, self().type().size() / known));
  }

  /** One dimension. */
  default Tensor flatten() {
    return reshape(Dims.of(self().type().size()));
  }

  /** Joins all dimensions from {@code axis} on: {@code x.flatten(1)} keeps the batch. */
  default Tensor flatten(int axis) {
    int a = self().axis("flatten", axis);
    return reshape(self().shape().slice(0, a).append(Dims.of(self().shape().slice(a, self().rank()).product())));
  }

  default Tensor expandDims(int axis) {
    return reshape(self().shape().insert(axis < 0 ? axis + self().rank() + 1 : axis, 1));
  }

  /** Drops a dimension of 1. */
  default Tensor squeeze(int axis) {
    return reshape(self().shape().remove(self().axis("squeeze", axis)));
  }

  /** Swaps the last two dimensions. */
  default Tensor transpose() {
    int[] order = IntStream.range(0, self().rank()).toArray();
    self().axis("transpose", -2);
    order[self().rank() - 1] = self().rank() - 2;
    order[self().rank() - 2] = self().rank() - 1;
    return permute(order);
  }

  /** Dimension d of the result is dimension {@code order[d]}. */
  default Tensor permute(int... order) {
    Dims p = Dims.of(Arrays.stream(order).map(d -> d < 0 ? d + self().rank() : d).asLongStream().toArray());
    boolean same = IntStream.range(0, self().rank()).allMatch(d -> p.rank() == self().rank() && p.get(d) == d);
    return same && p.rank() == self().rank() ? self() : Tensor.apply(Movement.TRANSPOSE, List.of(self()), Attributes.of("permutation", p));
  }

  /** Moves one dimension, keeping the order of the others. */
  default Tensor moveAxis(int from, int to) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, self().rank()).boxed().toList());
    order.add(self().axis("moveAxis", to), order.remove(self().axis("moveAxis", from)));
    return permute(order.stream().mapToInt(Integer::intValue).toArray());
  }

  default Tensor broadcastTo(long... shape) {
    return broadcastTo(Dims.of(shape));
  }

  default Tensor broadcastTo(Dims to) {
    if (to.equals(self().shape())) {
      return self();
    }
    long[] dims = IntStream.range(to.rank() - self().rank(), to.rank()).asLongStream().toArray();
    return Tensor.apply(Movement.BROADCAST, List.of(self()), Movement.shapeDims(to, Dims.of(dims)));
  }

  /** Elements {@code low} to {@code high} (exclusive) along {@code axis}. */
  default Tensor slice(int axis, long low, long high) {
    int a = self().axis("slice", axis);
    return slice(Dims.filled(self().rank(), 0).with(a, low), self().shape().with(a, high), Dims.filled(self().rank(), 1));
  }

  default Tensor slice(Dims low, Dims high, Dims step) {
    boolean whole =
        high.equals(self().shape()) && low.equals(Dims.filled(self().rank(), 0)) && step.equals(Dims.filled(self().rank(), 1));
    return whole ? self() : Tensor.apply(Movement.SLICE, List.of(self()), Movement.box(low, high, step));
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

  default Tensor reverse(int... axes) {
    return Tensor.apply(Movement.REVERSE, List.of(self()), Attributes.of("axes", self().axes("reverse", axes)));
  }

  /** Equal parts along {@code axis}. */
  default List<Tensor> split(int axis, int parts) {
    int a = self().axis("split", axis);
    long each = self().dim(a) / parts;
    self().located(
        () -> {
          Types.that(each * parts == self().dim(a), "split", self().shape() + " along axis " + a + " into " + parts + " equal parts");
          return each;
        });
    return IntStream.range(0, parts).mapToObj(i -> slice(a, i * each, (i + 1) * each)).toList();
  }
}
