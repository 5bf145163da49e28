package org.lathe.compiler.op;

import static org.lathe.compiler.ir.Attributes.NONE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Op;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.ir.Value;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * A symbolic array: what a model's code computes with while it is traced. Immutable; belongs to its trace's thread.
 *
 * <p>Binary ops broadcast as NumPy does, and take a number in place of a tensor. Negative axes count from the end;
 * reductions drop their axes, and reduce over all where none is named. A shape that does not fit raises a {@link
 * org.lathe.compiler.ir.TypeError} that names the op, the shapes and the line.
 */
public final class Tensor {
  private final GraphBuilder builder;
  private final Value value;

  public Tensor(GraphBuilder builder, Value value) {
    this.builder = builder;
    this.value = value;
  }

  /** The trace that this belongs to. */
  public GraphBuilder builder() {
    return builder;
  }

  public Value value() {
    return value;
  }

  public TensorType type() {
    return value.type();
  }

  public DType dtype() {
    return type().dtype();
  }

  public Dims shape() {
    return type().shape();
  }

  public int rank() {
    return type().rank();
  }

  public long dim(int d) {
    return shape().get(d < 0 ? d + rank() : d);
  }

  /** Applies an op with one output. */
  public static Tensor apply(Op op, List<Tensor> inputs, Attributes attributes) {
    return applyAll(op, inputs, attributes).getFirst();
  }

  /**
   * Applies an op; all of its outputs. At least one input. Where inputs belong to a loop's body and to the trace around it,
   * the op belongs to the body.
   */
  public static List<Tensor> applyAll(Op op, List<Tensor> inputs, Attributes attributes) {
    return applyAll(innermost(inputs), op, inputs, attributes);
  }

  /** The builder among the tensors' that the others are around. */
  static GraphBuilder innermost(List<Tensor> tensors) {
    return tensors.stream().map(Tensor::builder).max(Comparator.comparingInt(GraphBuilder::depth)).orElseThrow();
  }

  static List<Tensor> applyAll(GraphBuilder b, Op op, List<Tensor> inputs, Attributes attributes) {
    Node node = b.append(op, inputs.stream().map(Tensor::value).toList(), attributes);
    return IntStream.range(0, node.types().size()).mapToObj(i -> new Tensor(b, node.output(i))).toList();
  }

  /** Runs checks that come before a node is appended, so that their errors name the user's line too. */
  private <T> T located(Supplier<T> work) {
    try {
      return work.get();
    } catch (TypeError e) {
      throw e.at(builder.source());
    }
  }

  public static Tensor constant(GraphBuilder builder, Literal literal) {
    return applyAll(builder, Sources.CONSTANT, List.of(), Attributes.of("value", literal)).getFirst();
  }

  /** Every element is {@code value}. */
  public static Tensor fill(GraphBuilder builder, TensorType type, double value) {
    return constant(builder, Literal.splat(type, value));
  }

  public static Tensor scalar(GraphBuilder builder, DType dtype, double value) {
    return constant(builder, Literal.scalar(dtype, value));
  }

  /** Each element is its index along {@code axis}. */
  public static Tensor iota(GraphBuilder builder, DType dtype, Dims shape, int axis) {
    return applyAll(builder, Sources.IOTA, List.of(), Sources.iota(dtype, shape, axis)).getFirst();
  }

  /** A constant of this type, every element of it {@code value}. */
  public Tensor like(double value) {
    return fill(builder, type(), value);
  }

  public Tensor zerosLike() {
    return like(0);
  }

  private Tensor unary(OpDef op) {
    return apply(op, List.of(this), NONE);
  }

  private Tensor binary(OpDef op, Tensor other) {
    Dims to =
        located(
            () -> {
              Types.sameDtype(op.name(), type(), other.type());
              return broadcastShapes(op.name(), shape(), other.shape());
            });
    return apply(op, List.of(broadcastTo(to), other.broadcastTo(to)), NONE);
  }

  private Tensor binary(OpDef op, double other) {
    return apply(op, List.of(this, like(other)), NONE);
  }

  public Tensor add(Tensor other) {
    return binary(Elementwise.ADD, other);
  }

  public Tensor add(double other) {
    return binary(Elementwise.ADD, other);
  }

  public Tensor sub(Tensor other) {
    return binary(Elementwise.SUB, other);
  }

  public Tensor sub(double other) {
    return binary(Elementwise.SUB, other);
  }

  public Tensor mul(Tensor other) {
    return binary(Elementwise.MUL, other);
  }

  public Tensor mul(double other) {
    return binary(Elementwise.MUL, other);
  }

  public Tensor div(Tensor other) {
    return binary(Elementwise.DIV, other);
  }

  public Tensor div(double other) {
    return binary(Elementwise.DIV, other);
  }

  /** {@code number - this}. */
  public Tensor subtractedFrom(double number) {
    return like(number).sub(this);
  }

  /** The remainder, with this tensor's sign. */
  public Tensor rem(Tensor other) {
    return binary(Elementwise.REM, other);
  }

  public Tensor rem(double other) {
    return binary(Elementwise.REM, other);
  }

  public Tensor pow(Tensor exponent) {
    return binary(Elementwise.POW, exponent);
  }

  public Tensor pow(double exponent) {
    return exponent == 1 ? this : exponent == 2 ? square() : exponent == 0.5 ? sqrt() : binary(Elementwise.POW, exponent);
  }

  public Tensor maximum(Tensor other) {
    return binary(Elementwise.MAXIMUM, other);
  }

  public Tensor maximum(double other) {
    return binary(Elementwise.MAXIMUM, other);
  }

  public Tensor minimum(Tensor other) {
    return binary(Elementwise.MINIMUM, other);
  }

  public Tensor minimum(double other) {
    return binary(Elementwise.MINIMUM, other);
  }

  public Tensor clamp(double low, double high) {
    return maximum(low).minimum(high);
  }

  public Tensor square() {
    return mul(this);
  }

  public Tensor neg() {
    return unary(Elementwise.NEG);
  }

  public Tensor abs() {
    return unary(Elementwise.ABS);
  }

  public Tensor sign() {
    return unary(Elementwise.SIGN);
  }

  public Tensor reciprocal() {
    return unary(Elementwise.RECIPROCAL);
  }

  public Tensor sqrt() {
    return unary(Elementwise.SQRT);
  }

  public Tensor rsqrt() {
    return unary(Elementwise.RSQRT);
  }

  public Tensor exp() {
    return unary(Elementwise.EXP);
  }

  public Tensor expm1() {
    return unary(Elementwise.EXPM1);
  }

  public Tensor log() {
    return unary(Elementwise.LOG);
  }

  public Tensor log1p() {
    return unary(Elementwise.LOG1P);
  }

  public Tensor sin() {
    return unary(Elementwise.SIN);
  }

  public Tensor cos() {
    return unary(Elementwise.COS);
  }

  public Tensor tanh() {
    return unary(Elementwise.TANH);
  }

  public Tensor sigmoid() {
    return unary(Elementwise.SIGMOID);
  }

  public Tensor erf() {
    return unary(Elementwise.ERF);
  }

  public Tensor floor() {
    return unary(Elementwise.FLOOR);
  }

  public Tensor ceil() {
    return unary(Elementwise.CEIL);
  }

  /** To the nearest integer, ties to even. */
  public Tensor round() {
    return unary(Elementwise.ROUND);
  }

  public Tensor not() {
    return unary(Elementwise.NOT);
  }

  public Tensor isNan() {
    return unary(Elementwise.IS_NAN);
  }

  public Tensor isFinite() {
    return unary(Elementwise.IS_FINITE);
  }

  public Tensor and(Tensor other) {
    return binary(Elementwise.AND, other);
  }

  public Tensor or(Tensor other) {
    return binary(Elementwise.OR, other);
  }

  public Tensor xor(Tensor other) {
    return binary(Elementwise.XOR, other);
  }

  public Tensor shiftLeft(Tensor other) {
    return binary(Elementwise.SHIFT_LEFT, other);
  }

  public Tensor shiftRight(Tensor other) {
    return binary(Elementwise.SHIFT_RIGHT, other);
  }

  public Tensor less(Tensor other) {
    return binary(Elementwise.LESS, other);
  }

  public Tensor less(double other) {
    return binary(Elementwise.LESS, other);
  }

  public Tensor lessEqual(Tensor other) {
    return binary(Elementwise.LESS_EQUAL, other);
  }

  public Tensor lessEqual(double other) {
    return binary(Elementwise.LESS_EQUAL, other);
  }

  public Tensor greater(Tensor other) {
    return binary(Elementwise.GREATER, other);
  }

  public Tensor greater(double other) {
    return binary(Elementwise.GREATER, other);
  }

  public Tensor greaterEqual(Tensor other) {
    return binary(Elementwise.GREATER_EQUAL, other);
  }

  public Tensor greaterEqual(double other) {
    return binary(Elementwise.GREATER_EQUAL, other);
  }

  public Tensor equalTo(Tensor other) {
    return binary(Elementwise.EQUAL, other);
  }

  public Tensor equalTo(double other) {
    return binary(Elementwise.EQUAL, other);
  }

  public Tensor notEqualTo(Tensor other) {
    return binary(Elementwise.NOT_EQUAL, other);
  }

  public Tensor notEqualTo(double other) {
    return binary(Elementwise.NOT_EQUAL, other);
  }

  public Tensor shiftRight(int bits) {
    return binary(Elementwise.SHIFT_RIGHT, bits);
  }

  public Tensor shiftLeft(int bits) {
    return binary(Elementwise.SHIFT_LEFT, bits);
  }

  /** Of a bool: {@code yes} where true, else {@code no}; all three broadcast. */
  public Tensor where(Tensor yes, Tensor no) {
    Dims to =
        located(
            () -> {
              Types.sameDtype("select", yes.type(), no.type());
              return broadcastShapes("select", shape(), broadcastShapes("select", yes.shape(), no.shape()));
            });
    return apply(Elementwise.SELECT, List.of(broadcastTo(to), yes.broadcastTo(to), no.broadcastTo(to)), NONE);
  }

  public Tensor cast(DType dtype) {
    return dtype == dtype() ? this : apply(Elementwise.CAST, List.of(this), Attributes.of("dtype", dtype));
  }

  /** The same values, through which no gradient flows back. */
  public Tensor stopGradient() {
    return unary(Linear.STOP_GRADIENT);
  }

  public Tensor relu() {
    return unary(Activations.RELU);
  }

  /** x where positive, else {@code slope} times x. */
  public Tensor leakyRelu(double slope) {
    return apply(Activations.LEAKY_RELU, List.of(this), Attributes.of("slope", slope));
  }

  /** x where positive, else {@code alpha} times (exp(x) - 1). */
  public Tensor elu(double alpha) {
    return apply(Activations.ELU, List.of(this), Attributes.of("alpha", alpha));
  }

  /** By the error function. */
  public Tensor gelu() {
    return unary(Activations.GELU);
  }

  /** The approximation by tanh. */
  public Tensor geluTanh() {
    return unary(Activations.GELU_TANH);
  }

  /** x sigmoid(x). */
  public Tensor silu() {
    return unary(Activations.SILU);
  }

  /** log(1 + exp(x)). */
  public Tensor softplus() {
    return unary(Activations.SOFTPLUS);
  }

  /** x clamped to [-1, 1]. */
  public Tensor hardTanh() {
    return unary(Activations.HARD_TANH);
  }

  private Tensor alongAxis(OpDef op, int axis) {
    return apply(op, List.of(this), Attributes.of("axis", axis(op.name(), axis)));
  }

  public Tensor softmax(int axis) {
    return alongAxis(Normalisations.SOFTMAX, axis);
  }

  public Tensor logSoftmax(int axis) {
    return alongAxis(Normalisations.LOG_SOFTMAX, axis);
  }

  /** The axis goes away. */
  public Tensor logSumExp(int axis) {
    return alongAxis(Normalisations.LOG_SUM_EXP, axis);
  }

  private Tensor reduce(OpDef op, int... axes) {
    return apply(op, List.of(this), Attributes.of("axes", axes(op.name(), axes)));
  }

  /** The named axes, or all, rising and not negative. */
  private Dims axes(String op, int... axes) {
    IntStream named = axes.length == 0 ? IntStream.range(0, rank()) : Arrays.stream(axes);
    return Dims.of(named.map(a -> axis(op, a)).sorted().asLongStream().toArray());
  }

  /** {@code axis} counted from the start. */
  int axis(String op, int axis) {
    return located(() -> Types.axis(op, type(), axis < 0 ? axis + rank() : axis));
  }

  public Tensor sum(int... axes) {
    return reduce(Reductions.SUM, axes);
  }

  public Tensor product(int... axes) {
    return reduce(Reductions.PRODUCT, axes);
  }

  public Tensor max(int... axes) {
    return reduce(Reductions.MAX, axes);
  }

  public Tensor min(int... axes) {
    return reduce(Reductions.MIN, axes);
  }

  public Tensor mean(int... axes) {
    Tensor sum = sum(axes);
    return sum.mul((double) sum.type().size() / type().size());
  }

  /** The mean squared distance from the mean. */
  public Tensor variance(int... axes) {
    return sub(keepAxes(mean(axes), axes)).square().mean(axes);
  }

  /** Gives a reduction of this tensor its axes back, as dimensions of 1: {@code x.keepAxes(x.max(1), 1)}. */
  public Tensor keepAxes(Tensor reduced, int... axes) {
    Dims dims = axes("keepAxes", axes);
    long[] kept = shape().toArray();
    for (long d : dims.toArray()) {
      kept[(int) d] = 1;
    }
    return reduced.reshape(kept);
  }

  /** The i32 index of the first maximum along {@code axis}. */
  public Tensor argMax(int axis) {
    return reduce(Reductions.ARG_MAX, axis);
  }

  /** The i32 index of the first minimum along {@code axis}. */
  public Tensor argMin(int axis) {
    return reduce(Reductions.ARG_MIN, axis);
  }

  /** The running sum along {@code axis}. */
  public Tensor cumulativeSum(int axis) {
    return Indexing.cumulative(Indexing.CUMULATIVE_SUM, this, axis("cumulativeSum", axis), false, false);
  }

  /** As NumPy: the last two dimensions multiply, those before broadcast; a vector is a row or a column. */
  public Tensor matmul(Tensor other) {
    return located(() -> Linear.matmul(this, other));
  }

  public Tensor reshape(Dims shape) {
    return shape.equals(shape()) ? this : apply(Movement.RESHAPE, List.of(this), Attributes.of("shape", shape));
  }

  /** One dimension may be -1: what is left. */
  public Tensor reshape(long... shape) {
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
    return reshape(open < 0 || known <= 0 || type().size() % known != 0 ? to : to.with(open, type().size() / known));
  }

  /** One dimension. */
  public Tensor flatten() {
    return reshape(Dims.of(type().size()));
  }

  /** Joins all dimensions from {@code axis} on: {@code x.flatten(1)} keeps the batch. */
  public Tensor flatten(int axis) {
    int a = axis("flatten", axis);
    return reshape(shape().slice(0, a).append(Dims.of(shape().slice(a, rank()).product())));
  }

  public Tensor expandDims(int axis) {
    return reshape(shape().insert(axis < 0 ? axis + rank() + 1 : axis, 1));
  }

  /** Drops a dimension of 1. */
  public Tensor squeeze(int axis) {
    return reshape(shape().remove(axis("squeeze", axis)));
  }

  /** Swaps the last two dimensions. */
  public Tensor transpose() {
    int[] order = IntStream.range(0, rank()).toArray();
    axis("transpose", -2);
    order[rank() - 1] = rank() - 2;
    order[rank() - 2] = rank() - 1;
    return permute(order);
  }

  /** Dimension d of the result is dimension {@code order[d]}. */
  public Tensor permute(int... order) {
    Dims p = Dims.of(Arrays.stream(order).map(d -> d < 0 ? d + rank() : d).asLongStream().toArray());
    boolean same = IntStream.range(0, rank()).allMatch(d -> p.rank() == rank() && p.get(d) == d);
    return same && p.rank() == rank() ? this : apply(Movement.TRANSPOSE, List.of(this), Attributes.of("permutation", p));
  }

  /** Moves one dimension, keeping the order of the others. */
  public Tensor moveAxis(int from, int to) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, rank()).boxed().toList());
    order.add(axis("moveAxis", to), order.remove(axis("moveAxis", from)));
    return permute(order.stream().mapToInt(Integer::intValue).toArray());
  }

  public Tensor broadcastTo(long... shape) {
    return broadcastTo(Dims.of(shape));
  }

  public Tensor broadcastTo(Dims to) {
    if (to.equals(shape())) {
      return this;
    }
    long[] dims = IntStream.range(to.rank() - rank(), to.rank()).asLongStream().toArray();
    return apply(Movement.BROADCAST, List.of(this), Movement.shapeDims(to, Dims.of(dims)));
  }

  /** Elements {@code low} to {@code high} (exclusive) along {@code axis}. */
  public Tensor slice(int axis, long low, long high) {
    int a = axis("slice", axis);
    return slice(Dims.filled(rank(), 0).with(a, low), shape().with(a, high), Dims.filled(rank(), 1));
  }

  public Tensor slice(Dims low, Dims high, Dims step) {
    boolean whole =
        high.equals(shape()) && low.equals(Dims.filled(rank(), 0)) && step.equals(Dims.filled(rank(), 1));
    return whole ? this : apply(Movement.SLICE, List.of(this), Movement.box(low, high, step));
  }

  /** Element {@code i} along {@code axis}, which goes away; -1 is the last. */
  public Tensor at(int axis, long i) {
    long from = i < 0 ? i + dim(axis) : i;
    return slice(axis, from, from + 1).squeeze(axis);
  }

  /** {@code low} and {@code high} elements of {@code value} before and after, along each dimension. */
  public Tensor pad(Dims low, Dims high, double value) {
    Dims none = Dims.filled(rank(), 0);
    return low.equals(none) && high.equals(none)
        ? this
        : apply(Movement.PAD, List.of(this), Movement.padding(low, high, value));
  }

  public Tensor reverse(int... axes) {
    return apply(Movement.REVERSE, List.of(this), Attributes.of("axes", axes("reverse", axes)));
  }

  public static Tensor concat(int axis, List<Tensor> parts) {
    int a = parts.getFirst().axis("concat", axis);
    return parts.size() == 1 ? parts.getFirst() : apply(Movement.CONCAT, parts, Attributes.of("axis", a));
  }

  public static Tensor concat(int axis, Tensor... parts) {
    return concat(axis, List.of(parts));
  }

  /** Joins along a new dimension. */
  public static Tensor stack(int axis, List<Tensor> parts) {
    return concat(axis, parts.stream().map(p -> p.expandDims(axis)).toList());
  }

  /** Equal parts along {@code axis}. */
  public List<Tensor> split(int axis, int parts) {
    int a = axis("split", axis);
    long each = dim(a) / parts;
    located(
        () -> {
          Types.that(each * parts == dim(a), "split", shape() + " along axis " + a + " into " + parts + " equal parts");
          return each;
        });
    return IntStream.range(0, parts).mapToObj(i -> slice(a, i * each, (i + 1) * each)).toList();
  }

  /** Of a table [rows, width..]: the rows at i32 or i64 {@code indices}, [indices.., width..]; clamped. */
  public Tensor gather(Tensor indices) {
    return apply(Indexing.GATHER, List.of(this, indices), NONE);
  }

  /** Adds updates [indices.., width..] to their rows of this table. */
  public Tensor scatterAdd(Tensor indices, Tensor updates) {
    return apply(Indexing.SCATTER_ADD, List.of(this, indices, updates), NONE);
  }

  /** The elements at {@code indices} [.., m] of each row of this [.., n]. */
  public Tensor takeAlongLast(Tensor indices) {
    return located(() -> Indexing.takeAlongLast(this, indices));
  }

  /** Of indices [..]: [.., classes], 1 at the index; a row of zeros for an index outside. */
  public Tensor oneHot(long classes, DType dtype) {
    Tensor positions = iota(builder, dtype(), shape().insert(rank(), classes), rank());
    return expandDims(rank()).equalTo(positions).cast(dtype);
  }

  /** Along the last axis, stably. The values, and their i32 positions before. */
  public List<Tensor> sort(boolean descending) {
    return applyAll(Indexing.SORT, List.of(this), Attributes.of("descending", descending));
  }

  /** The k largest along the last axis, largest first. The values, and their i32 positions. */
  public List<Tensor> topK(long k) {
    return applyAll(Indexing.TOP_K, List.of(this), Attributes.of("k", k));
  }

  /** This [batch, channels, height, width] with filters [filters, channels / groups, kernelHeight, kernelWidth]. */
  public Tensor conv2d(Tensor filters, Convolutions.Options options) {
    return apply(Convolutions.CONV2D, List.of(this, filters), options.attributes());
  }

  /** The transposed convolution: of a result [batch, filters, h, w] to data of {@code shape}. */
  public Tensor conv2dTransposed(Tensor filters, Convolutions.Options options, Dims shape) {
    return Convolutions.transposed(this, filters, options, shape);
  }

  public Tensor maxPool(PoolingOps.Options options) {
    return apply(PoolingOps.MAX_POOL, List.of(this), options.attributes(false));
  }

  public Tensor meanPool(PoolingOps.Options options) {
    return apply(PoolingOps.MEAN_POOL, List.of(this), options.attributes(true));
  }

  /** The shape that both broadcast to. */
  static Dims broadcastShapes(String op, Dims a, Dims b) {
    int rank = Math.max(a.rank(), b.rank());
    long[] out = new long[rank];
    for (int i = 0; i < rank; i++) {
      long p = i < a.rank() ? a.last(i) : 1;
      long q = i < b.rank() ? b.last(i) : 1;
      Types.that(p == q || p == 1 || q == 1, op, a + " and " + b + ": dimensions " + p + " and " + q + " do not broadcast");
      out[rank - 1 - i] = p == 1 ? q : p;
    }
    return Dims.of(out);
  }

  @Override
  public String toString() {
    return value + ": " + type();
  }
}
