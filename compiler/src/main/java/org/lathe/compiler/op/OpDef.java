package org.lathe.compiler.op;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Op;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;

/**
 * Everything that Lathe knows about an op, in one place.
 *
 * <p>The {@code reference} is the op's meaning. A composite also has a {@code decomposition} into other ops; where the
 * gradient or the lowering is absent, that of the decomposition is used.
 *
 * @param name unique
 * @param typeRule the types of the outputs; throws {@link org.lathe.compiler.ir.TypeError}
 * @param reference evaluates in float64
 * @param gradient the vector-Jacobian product
 * @param lowering how it becomes kernels
 * @param decomposition what a composite is made of
 * @param samples small applications that the tests try
 * @param tolerance how far a device may be from the reference
 */
public record OpDef(
    String name,
    TypeRule typeRule,
    Reference reference,
    Rule<Gradient> gradient,
    Rule<Lowering> lowering,
    Rule<Decomposition> decomposition,
    List<Sample> samples,
    Tolerance tolerance)
    implements
      Op {

  /** Types the outputs from the inputs' types. */
  @FunctionalInterface
  public interface TypeRule {
    List<TensorType> infer(List<TensorType> inputs, Attributes attributes);
  }

  /** Computes the outputs in float64: integers wrap to their dtype, floating values are not rounded. */
  @FunctionalInterface
  public interface Reference {
    List<Literal> evaluate(List<Literal> inputs, Attributes attributes);
  }

  /**
   * Given the gradients of the outputs (null where nothing flows), the gradients of the inputs (null where none flows or
   * the input has none), made of differentiable ops.
   */
  @FunctionalInterface
  public interface Gradient {
    List<@Nullable Tensor> vjp(Call call, List<@Nullable Tensor> outputGradients);
  }

  /** Builds the outputs from other ops. */
  @FunctionalInterface
  public interface Decomposition {
    List<Tensor> build(List<Tensor> inputs, Attributes attributes);
  }

  /**
   * One application of the op that is being differentiated.
   *
   * @param wanted for each input, whether anybody asks for its gradient
   */
  public record Call(Node node, List<Tensor> inputs, List<Tensor> outputs, List<Boolean> wanted) {
    /** Whether the gradient of input {@code i} is asked for; a rule may give null where it is not. */
    public boolean wants(int i) {
      return wanted.get(i);
    }

    public Attributes attributes() {
      return node.attributes();
    }

    public Tensor input(int i) {
      return inputs.get(i);
    }

    public Tensor output(int i) {
      return outputs.get(i);
    }
  }

  /**
   * An application to try in tests.
   *
   * @param domains where each input's values are drawn from, so that for example a logarithm sees positive numbers
   */
  public record Sample(List<TensorType> inputs, Attributes attributes, List<Domain> domains) {}

  /** A range of values to draw from; integers include both ends. */
  public record Domain(double low, double high) {
    public static final Domain REAL = new Domain(-2, 2);
    public static final Domain POSITIVE = new Domain(0.1, 4);
    public static final Domain UNIT = new Domain(0, 1);
    public static final Domain INTEGERS = new Domain(-100, 100);

    /** The usual range for a type: {@link #REAL}, {@link #INTEGERS} or {@link #UNIT}. */
    public static Domain of(DType dtype) {
      return dtype.isFloating() ? REAL : dtype.isInteger() ? INTEGERS : UNIT;
    }
  }

  /**
   * The error allowed in f32: {@code relative * |reference| + absolute}, both times the square root of the {@code
   * reduction length} for ops that sum; other types scale with their machine epsilon. 0, 0 means bit for bit.
   */
  public record Tolerance(double relative, double absolute) {
    public static final Tolerance EXACT = new Tolerance(0, 0);
    public static final Tolerance ARITHMETIC = new Tolerance(1e-6, 1e-7);
    public static final Tolerance TRANSCENDENTAL = new Tolerance(4e-6, 1e-6);
    /** For sums of products of numbers around one. */
    public static final Tolerance ACCUMULATION = new Tolerance(2e-6, 4e-6);
  }

  public OpDef {
    samples = List.copyOf(samples);
  }

  /** Starts a definition: {@code OpDef.named("neg").type(...).reference(...)...build()}. */
  public static OpDefBuilder named(String name) {
    return new OpDefBuilder(name);
  }

  @Override
  public List<TensorType> infer(List<TensorType> inputs, Attributes attributes) {
    return typeRule.infer(inputs, attributes);
  }

  /** The definition behind a node; the node is not a graph input. */
  public static OpDef of(Node node) {
    if (node.op() instanceof OpDef def) {
      return def;
    }
    throw new IllegalArgumentException(node + " is a graph input, not an op");
  }

  /** Ops are singletons: equal only to themselves. */
  @Override
  public boolean equals(@Nullable Object o) {
    return this == o;
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
