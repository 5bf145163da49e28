package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.AccessMap.Axis;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/** Ops that move elements and compute nothing. All element types. */
public final class Movement {
  private Movement() {}

  /**
   * To attribute {@code shape}: input dimension j becomes dimension {@code dims[j]}, stretched if it is 1; the others are
   * new. {@code dims} rises.
   */
  public static final OpDef BROADCAST = moving("broadcast", Movement::broadcastType)
      .reference(
          (in, a, out) -> {
            Literal x = in.getFirst();
            Dims dims = a.dims("dims");
            long[] from = new long[dims.rank()];
            return Loops.fill(
                out,
                (i, at) -> {
                  for (int j = 0; j < from.length; j++) {
                    from[j] = x.type().dim(j) == 1 ? 0 : i[(int) dims.get(j)];
                  }
                  return x.get(Loops.flat(x.type().shape(), from));
                });
          })
      .vjp((c, g) -> one(broadcastGradient(c, g)))
      .lowering(
          movement(
              (in, a, out) -> axes(
                  in.rank(),
                  j -> {
                    int d = (int) a.dims("dims").get(j);
                    return in.dim(j) == 1 && out.dim(d) != 1 ? Axis.fixed(0) : Axis.of(d);
                  })))
      .sample("f32[]", shapeDims(Dims.of(3, 13), Dims.of()))
      .sample("f32[13]", shapeDims(Dims.of(3, 13), Dims.of(1)))
      .sample("f32[3]", shapeDims(Dims.of(3, 13), Dims.of(0)))
      .sample("f32[3,1]", shapeDims(Dims.of(3, 17), Dims.of(0, 1)))
      .sample("f64[1,5]", shapeDims(Dims.of(2, 3, 5), Dims.of(0, 2)))
      .sample("f16[7]", shapeDims(Dims.of(0, 7), Dims.of(1)))
      .sample("i32[2]", shapeDims(Dims.of(2, 1, 3), Dims.of(0)))
      .sample("bool[1]", shapeDims(Dims.of(7), Dims.of(0)))
      .build();

  /** Output dimension d is input dimension {@code permutation[d]}. */
  public static final OpDef TRANSPOSE = moving("transpose", Movement::transposeType)
      .reference(
          (in, a, out) -> {
            Literal x = in.getFirst();
            Dims p = a.dims("permutation");
            long[] from = new long[p.rank()];
            return Loops.fill(
                out,
                (i, at) -> {
                  for (int d = 0; d < from.length; d++) {
                    from[(int) p.get(d)] = i[d];
                  }
                  return x.get(Loops.flat(x.type().shape(), from));
                });
          })
      .vjp((c, g) -> one(g.permute(inverse(c.attributes().dims("permutation")))))
      .lowering(movement((in, a, out) -> axes(in.rank(), j -> Axis.of(inverse(a.dims("permutation"))[j]))))
      .sample("f32[3,13]", Attributes.of("permutation", Dims.of(1, 0)))
      .sample("f32[2,3,5]", Attributes.of("permutation", Dims.of(2, 0, 1)))
      .sample("f64[2,1,3,7]", Attributes.of("permutation", Dims.of(0, 2, 1, 3)))
      .sample("f32[0,3]", Attributes.of("permutation", Dims.of(1, 0)))
      .sample("bf16[17,5]", Attributes.of("permutation", Dims.of(1, 0)))
      .sample("u8[3,3]", Attributes.of("permutation", Dims.of(1, 0)))
      .sample("f32[]", Attributes.of("permutation", Dims.of()))
      .build();

  /** Keeps the row-major order; attribute {@code shape}. */
  public static final OpDef RESHAPE = moving(
      "reshape",
      (in, a) -> {
        Dims shape = a.dims("shape");
        TensorType out = in.withShape(shape);
        Types.that(
            in.size() == out.size(),
            "reshape",
            in.shape() + " to " + shape + ": " + in.size() + " elements do not make " + out.size());
        return out;
      })
      .reference((in, a, out) -> Loops.fill(out, (i, at) -> in.getFirst().get(at)))
      .vjp((c, g) -> one(g.reshape(c.input(0).shape())))
      .lowering(new Lowering.Reshape())
      .sample("f32[3,13]", Attributes.of("shape", Dims.of(13, 3)))
      .sample("f32[2,3,5]", Attributes.of("shape", Dims.of(6, 5)))
      .sample("f64[1]", Attributes.of("shape", Dims.of()))
      .sample("i64[0,3]", Attributes.of("shape", Dims.of(7, 0)))
      .sample("bool[4]", Attributes.of("shape", Dims.of(2, 1, 2)))
      .build();

  /** Elements {@code low + i*step} below {@code high} along each dimension; attributes low, high, step. */
  public static final OpDef SLICE = moving("slice", Movement::sliceType)
      .reference(
          (in, a, out) -> {
            Literal x = in.getFirst();
            Dims low = a.dims("low");
            Dims step = a.dims("step");
            long[] from = new long[low.rank()];
            return Loops.fill(
                out,
                (i, at) -> {
                  for (int d = 0; d < from.length; d++) {
                    from[d] = low.get(d) + i[d] * step.get(d);
                  }
                  return x.get(Loops.flat(x.type().shape(), from));
                });
          })
      .vjp((c, g) -> one(sliceGradient(c, g)))
      .lowering(
          movement(
              (in, a, out) -> axes(in.rank(), j -> new Axis(j, a.dims("low").get(j), a.dims("step").get(j)))))
      .sample("f32[13]", box(Dims.of(2), Dims.of(11), Dims.of(1)))
      .sample("f32[13]", box(Dims.of(1), Dims.of(13), Dims.of(5)))
      .sample("f32[13]", box(Dims.of(5), Dims.of(5), Dims.of(1)))
      .sample("f64[5,7]", box(Dims.of(1, 0), Dims.of(4, 7), Dims.of(2, 3)))
      .sample("i32[3,17]", box(Dims.of(2, 3), Dims.of(3, 16), Dims.of(1, 1)))
      .sample("f16[2,3,5]", box(Dims.of(0, 1, 0), Dims.of(2, 3, 5), Dims.of(1, 1, 2)))
      .build();

  /** Attribute {@code value} around the input: {@code low} elements before, {@code high} after, along each dimension. */
  public static final OpDef PAD = moving("pad", Movement::padType)
      .reference(
          (in, a, out) -> {
            Literal x = in.getFirst();
            Dims low = a.dims("low");
            long[] from = new long[low.rank()];
            return Loops.fill(
                out,
                (i, at) -> {
                  for (int d = 0; d < from.length; d++) {
                    from[d] = i[d] - low.get(d);
                    if (from[d] < 0 || from[d] >= x.type().dim(d)) {
                      return a.real("value");
                    }
                  }
                  return x.get(Loops.flat(x.type().shape(), from));
                });
          })
      .vjp(
          (c, g) -> {
            Dims low = c.attributes().dims("low");
            Dims shape = c.input(0).shape();
            return one(g.slice(low, plus(low, shape), Dims.filled(low.rank(), 1)));
          })
      .lowering(movement(Movement::padMap))
      .sample("f32[13]", padding(Dims.of(2), Dims.of(3), 0))
      .sample("f32[3,5]", padding(Dims.of(1, 0), Dims.of(0, 2), -1.5))
      .sample("f32[0]", padding(Dims.of(2), Dims.of(1), 7))
      .sample("f64[2,3,5]", padding(Dims.of(0, 1, 2), Dims.of(0, 1, 0), Double.NEGATIVE_INFINITY))
      .sample("bf16[7]", padding(Dims.of(0), Dims.of(0), 0))
      .sample("i32[3]", padding(Dims.of(4), Dims.of(1), -9))
      .sample("bool[3]", padding(Dims.of(1), Dims.of(1), 1))
      .build();

  /** Back to front along attribute {@code axes}. */
  public static final OpDef REVERSE = moving(
      "reverse",
      (in, a) -> {
        Types.axes("reverse", in, a.dims("axes"));
        return in;
      })
      .reference(
          (in, a, out) -> {
            Literal x = in.getFirst();
            long[] from = new long[out.rank()];
            return Loops.fill(
                out,
                (i, at) -> {
                  for (int d = 0; d < from.length; d++) {
                    from[d] = a.dims("axes").contains(d) ? out.dim(d) - 1 - i[d] : i[d];
                  }
                  return x.get(Loops.flat(out.shape(), from));
                });
          })
      .vjp((c, g) -> one(Tensor.apply(c.node().op(), List.of(g), c.attributes())))
      .lowering(
          movement(
              (in, a, out) -> axes(
                  in.rank(),
                  j -> a.dims("axes").contains(j) ? new Axis(j, in.dim(j) - 1, -1) : Axis.of(j))))
      .sample("f32[13]", Attributes.of("axes", Dims.of(0)))
      .sample("f32[3,17]", Attributes.of("axes", Dims.of(1)))
      .sample("f64[2,3,5]", Attributes.of("axes", Dims.of(0, 2)))
      .sample("i32[0,3]", Attributes.of("axes", Dims.of(0)))
      .sample("f16[1,7]", Attributes.of("axes", Dims.of()))
      .build();

  /** Joins its inputs along attribute {@code axis}. */
  public static final OpDef CONCAT = OpDef.named("concat")
      .type(Movement::concatType)
      .reference(
          (in, a, out) -> {
            int axis = (int) a.integer("axis");
            double[] data = new double[Math.toIntExact(out.size())];
            long begin = 0;
            for (Literal x : in) {
              long first = begin;
              Loops.each(
                  x.type().shape(),
                  (i, at) -> {
                    long[] to = i.clone();
                    to[axis] += first;
                    data[Loops.flat(out.shape(), to)] = x.get(at);
                  });
              begin += x.type().dim(axis);
            }
            return Literal.adopt(out, data);
          })
      .vjp(
          (c, g) -> {
            int axis = (int) c.attributes().integer("axis");
            List<@Nullable Tensor> parts = new ArrayList<>();
            long begin = 0;
            for (int i = 0; i < c.inputs().size(); i++) {
              long end = begin + c.input(i).dim(axis);
              parts.add(c.wants(i) ? g.slice(axis, begin, end) : null);
              begin = end;
            }
            return parts;
          })
      .lowering(new Lowering.Concatenation())
      .tolerance(Tolerance.EXACT)
      .sample("f32[13] f32[4]", Attributes.of("axis", 0))
      .sample("f32[3,5] f32[3,1] f32[3,7]", Attributes.of("axis", 1))
      .sample("f64[2,3,5] f64[1,3,5]", Attributes.of("axis", 0))
      .sample("f32[0,3] f32[2,3]", Attributes.of("axis", 0))
      .sample("i64[3]", Attributes.of("axis", 0))
      .sample("bf16[2,3] bf16[2,3]", Attributes.of("axis", 1))
      .sample("bool[3] bool[4]", Attributes.of("axis", 0))
      .build();

  static final List<OpDef> ALL = List.of(BROADCAST, TRANSPOSE, RESHAPE, SLICE, PAD, REVERSE, CONCAT);

  static Attributes shapeDims(Dims shape, Dims dims) {
    return Attributes.of("shape", shape, "dims", dims);
  }

  static Attributes box(Dims low, Dims high, Dims step) {
    return Attributes.of("low", low, "high", high).with("step", step);
  }

  static Attributes padding(Dims low, Dims high, double value) {
    return Attributes.of("low", low, "high", high).with("value", value);
  }

  /** The permutation that undoes {@code p}. */
  static int[] inverse(Dims p) {
    int[] inverse = new int[p.rank()];
    for (int d = 0; d < inverse.length; d++) {
      inverse[(int) p.get(d)] = d;
    }
    return inverse;
  }

  static Dims plus(Dims a, Dims b) {
    long[] sum = a.toArray();
    for (int d = 0; d < sum.length; d++) {
      sum[d] += b.get(d);
    }
    return Dims.of(sum);
  }

  private interface Typing {
    TensorType infer(TensorType in, Attributes a);
  }

  private static OpDefBuilder moving(String name, Typing typing) {
    return OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 1);
              return typing.infer(in.getFirst(), a);
            })
        .tolerance(Tolerance.EXACT);
  }

  private static Lowering movement(Lowering.MovementRule rule) {
    return new Lowering.Movement(rule);
  }

  private static AccessMap axes(int rank, Function<Integer, Axis> axis) {
    List<Axis> axes = new ArrayList<>();
    for (int j = 0; j < rank; j++) {
      axes.add(axis.apply(j));
    }
    return new AccessMap(axes, null);
  }

  private static TensorType broadcastType(TensorType in, Attributes a) {
    Dims shape = a.dims("shape");
    Dims dims = a.dims("dims");
    boolean fits = dims.rank() == in.rank();
    for (int j = 0; fits && j < dims.rank(); j++) {
      long d = dims.get(j);
      fits = d >= 0
          && d < shape.rank()
          && (j == 0 || d > dims.get(j - 1))
          && (in.dim(j) == 1 || in.dim(j) == shape.get((int) d));
    }
    Types.that(fits, "broadcast", in.shape() + " does not become " + shape + " by dimensions " + dims);
    return in.withShape(shape);
  }

  private static Tensor broadcastGradient(OpDef.Call c, Tensor g) {
    Dims dims = c.attributes().dims("dims");
    Dims from = c.input(0).shape();
    Dims to = c.attributes().dims("shape");
    List<Integer> summed = new ArrayList<>();
    for (int d = 0; d < to.rank(); d++) {
      int j = indexOf(dims, d);
      if (j < 0 || (from.get(j) == 1 && to.get(d) != 1)) {
        summed.add(d);
      }
    }
    Tensor sum = summed.isEmpty() ? g : g.sum(summed.stream().mapToInt(Integer::intValue).toArray());
    return sum.reshape(from);
  }

  private static int indexOf(Dims dims, long value) {
    for (int j = 0; j < dims.rank(); j++) {
      if (dims.get(j) == value) {
        return j;
      }
    }
    return -1;
  }

  private static TensorType transposeType(TensorType in, Attributes a) {
    Dims p = a.dims("permutation");
    long[] sorted = p.toArray();
    Arrays.sort(sorted);
    boolean fits = p.rank() == in.rank();
    for (int d = 0; fits && d < sorted.length; d++) {
      fits = sorted[d] == d;
    }
    Types.that(fits, "transpose", p + " is no permutation of the dimensions of " + in.shape());
    return in.withShape(p.map(d -> in.dim((int) d)));
  }

  private static TensorType sliceType(TensorType in, Attributes a) {
    Dims low = a.dims("low");
    Dims high = a.dims("high");
    Dims step = a.dims("step");
    Types.that(
        low.rank() == in.rank() && high.rank() == in.rank() && step.rank() == in.rank(),
        "slice",
        low + " to " + high + " by " + step + " of " + in.shape() + ": ranks differ");
    long[] shape = new long[in.rank()];
    for (int d = 0; d < shape.length; d++) {
      Types.that(
          low.get(d) >= 0 && low.get(d) <= high.get(d) && high.get(d) <= in.dim(d) && step.get(d) > 0,
          "slice",
          low + " to " + high + " by " + step + " is not within " + in.shape());
      shape[d] = Math.ceilDiv(high.get(d) - low.get(d), step.get(d));
    }
    return in.withShape(Dims.of(shape));
  }

  /** Spreads a stepped dimension by padding each element to a run of {@code step}, then pads to the input's box. */
  private static Tensor sliceGradient(OpDef.Call c, Tensor g) {
    Dims low = c.attributes().dims("low");
    Dims step = c.attributes().dims("step");
    Dims shape = c.input(0).shape();
    Tensor spread = g;
    for (int d = 0; d < shape.rank(); d++) {
      long s = step.get(d);
      long n = spread.dim(d);
      if (s > 1 && n > 0) {
        Tensor apart = spread.reshape(spread.shape().insert(d + 1, 1));
        Dims none = Dims.filled(apart.rank(), 0);
        Tensor runs = apart.pad(none, none.with(d + 1, s - 1), 0);
        spread = runs.reshape(spread.shape().with(d, n * s)).slice(d, 0, Math.min(n * s, shape.get(d) - low.get(d)));
      }
    }
    long[] high = new long[shape.rank()];
    for (int d = 0; d < high.length; d++) {
      high[d] = shape.get(d) - low.get(d) - spread.dim(d);
    }
    return spread.pad(low, Dims.of(high), 0);
  }

  private static TensorType padType(TensorType in, Attributes a) {
    Dims low = a.dims("low");
    Dims high = a.dims("high");
    Types.that(
        low.rank() == in.rank() && high.rank() == in.rank(),
        "pad",
        in.shape() + " by " + low + " and " + high + ": ranks differ");
    for (int d = 0; d < in.rank(); d++) {
      Types.that(
          low.get(d) >= 0 && high.get(d) >= 0,
          "pad",
          in.shape() + " by " + low + " and " + high + ": padding cannot be negative; use slice");
    }
    return in.withShape(plus(plus(low, in.shape()), high));
  }

  private static AccessMap padMap(TensorType in, Attributes a, TensorType out) {
    Dims low = a.dims("low");
    List<Axis> axes = new ArrayList<>();
    for (int j = 0; j < in.rank(); j++) {
      axes.add(new Axis(j, -low.get(j), 1));
    }
    boolean none = in.shape().equals(out.shape());
    return new AccessMap(axes, none ? null : new View.Guard(low, plus(low, in.shape()), a.real("value")));
  }

  private static TensorType concatType(List<TensorType> in, Attributes a) {
    Types.that(!in.isEmpty(), "concat", "needs at least one operand");
    TensorType first = in.getFirst();
    int axis = Types.axis("concat", first, a.integer("axis"));
    long length = 0;
    for (TensorType t : in) {
      Types.sameDtype("concat", first, t);
      Types.that(
          t.rank() == first.rank() && t.shape().with(axis, 0).equals(first.shape().with(axis, 0)),
          "concat",
          first.shape() + " and " + t.shape() + " along axis " + axis + ": the other dimensions differ");
      length += t.dim(axis);
    }
    return first.withShape(first.shape().with(axis, length));
  }

  private static List<@Nullable Tensor> one(@Nullable Tensor g) {
    return Arrays.asList(g);
  }
}
