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
public final class Tensor implements TensorElements, TensorShapes, TensorProducts {
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
  <T> T located(Supplier<T> work) {
    try {
      return work.get();
    } catch (TypeError e) {
      throw e.at(builder.source());
    }
  }

  /** A check that comes before a node is appended; its error names the user's line. */
  void check(boolean condition, String op, String problem) {
    if (!condition) {
      throw Types.error(op, problem).at(builder.source());
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

  /** The named axes, or all, rising and not negative. */
  Dims axes(String op, int... axes) {
    IntStream named = axes.length == 0 ? IntStream.range(0, rank()) : Arrays.stream(axes);
    return Dims.of(named.map(a -> axis(op, a)).sorted().asLongStream().toArray());
  }

  /** {@code axis} counted from the start. */
  int axis(String op, int axis) {
    return located(() -> Types.axis(op, type(), axis < 0 ? axis + rank() : axis));
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

  /** The shape that both broadcast to. */
  static Dims broadcastShapes(String op, Dims a, Dims b) {
    int rank = Math.max(a.rank(), b.rank());
    long[] out = new long[rank];
    for (int i = 0; i < rank; i++) {
      long p = i < a.rank() ? a.last(i) : 1;
      long q = i < b.rank() ? b.last(i) : 1;
      Types.that(p == q || p == 1 || q == 1, op,
          a + " and " + b + ": dimensions " + p + " and " + q + " do not broadcast");
      out[rank - 1 - i] = p == 1 ? q : p;
    }
    return Dims.of(out);
  }

  @Override
  public String toString() {
    return value + ": " + type();
  }
}
