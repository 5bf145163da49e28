package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Op;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * A symbolic array: what a model's code computes with while it is traced. Immutable; belongs to its trace's thread.
 *
 * <p>Binary ops broadcast as NumPy does. A shape that does not fit raises a {@link org.lathe.compiler.ir.TypeError} that
 * names the op, the shapes and the line.
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

  /** Applies an op; all of its outputs. At least one input. */
  public static List<Tensor> applyAll(Op op, List<Tensor> inputs, Attributes attributes) {
    GraphBuilder b = inputs.getFirst().builder;
    var node = b.append(op, inputs.stream().map(Tensor::value).toList(), attributes);
    return java.util.stream.IntStream.range(0, node.types().size())
        .mapToObj(i -> new Tensor(b, node.output(i)))
        .toList();
  }

  @Override
  public String toString() {
    return value + ": " + type();
  }
}
