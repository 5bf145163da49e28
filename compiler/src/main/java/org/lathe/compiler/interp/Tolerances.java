package org.lathe.compiler.interp;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Rule;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.View;

/**
 * How far a device's result may be from the oracle's, and where it is too far.
 *
 * <p>NaN matches NaN only, an infinity only itself, 0 matches -0. Else the error is bounded by {@code (relative *
 * |expected| + absolute) * sqrt(length) * epsilon(dtype) / epsilon(f32)}, where length is the number of values that are
 * combined into one. Integers and bools must be equal.
 */
public final class Tolerances {
  private Tolerances() {}

  /** What differs between two tensors, in one line; empty if nothing does. */
  public static Optional<String> mismatch(Literal expected, Literal actual, Tolerance tolerance, long length) {
    if (!expected.type().equals(actual.type())) {
      return Optional.of("expected " + expected.type() + ", found " + actual.type());
    }
    DType dtype = expected.type().dtype();
    int first = -1;
    int worst = -1;
    int count = 0;
    double worstExcess = 0;
    int n = Math.toIntExact(expected.type().size());
    for (int i = 0; i < n; i++) {
      double excess = excess(expected.get(i), actual.get(i), bound(expected.get(i), dtype, tolerance, length));
      if (excess > 1) {
        first = first < 0 ? i : first;
        count++;
        if (excess > worstExcess) {
          worst = i;
          worstExcess = excess;
        }
      }
    }
    if (first < 0) {
      return Optional.empty();
    }
    String text = count + " of " + n + " elements of " + expected.type() + " differ: first "
        + at(expected, actual, first);
    return Optional.of(
        text
            + (worst == first ? "" : ", worst " + at(expected, actual, worst))
            + "; allowed there " + bound(expected.get(worst), dtype, tolerance, length));
  }

  /** The largest error, as a share of what is allowed: at most 1 where {@link #mismatch} is empty. */
  public static double share(Literal expected, Literal actual, Tolerance tolerance, long length) {
    double worst = 0;
    for (int i = 0; i < expected.type().size(); i++) {
      double bound = bound(expected.get(i), expected.type().dtype(), tolerance, length);
      worst = Math.max(worst, excess(expected.get(i), actual.get(i), bound));
    }
    return worst;
  }

  /** The error that is allowed at a value of {@code dtype}. */
  public static double bound(double expected, DType dtype, Tolerance tolerance, long length) {
    if (!dtype.isFloating() || !Double.isFinite(expected)) {
      return 0;
    }
    double scale = switch (dtype) {
      case F64 -> 0x1p-29;
      case F16 -> 0x1p13;
      case BF16 -> 0x1p16;
      default -> 1;
    };
    return (tolerance.relative() * Math.abs(expected) + tolerance.absolute()) * Math.sqrt(Math.max(1, length)) * scale;
  }

  private static double excess(double expected, double actual, double bound) {
    if (expected == actual || (Double.isNaN(expected) && Double.isNaN(actual))) {
      return 0;
    }
    double error = Math.abs(expected - actual);
    return Double.isNaN(error) || bound == 0 ? Double.POSITIVE_INFINITY : error / bound;
  }

  private static String at(Literal expected, Literal actual, int i) {
    long[] index = new long[expected.type().rank()];
    long rest = i;
    for (int d = index.length - 1; d >= 0; d--) {
      index[d] = rest % expected.type().dim(d);
      rest /= expected.type().dim(d);
    }
    return Arrays.toString(index) + " expected " + expected.get(i) + ", found " + actual.get(i);
  }

  /** How many values one application of an op combines into each element: for a composite, the most of any of its parts. */
  public static long reductionLength(OpDef op, List<TensorType> inputs, Attributes attributes) {
    if (op.lowering() instanceof Rule.Present<Lowering>(Lowering lowering)) {
      List<TensorType> outputs = op.infer(inputs, attributes);
      return switch (lowering) {
        case Lowering.Reduction r -> perOutput(inputs.getFirst().size(), outputs);
        case Lowering.Fusable(Lowering.FusableRule rule, boolean strided) -> {
          TensorType out = outputs.getFirst();
          Epilogue store = Epilogue.store(out.dtype().compute(), View.dense(out.dtype(), out.shape()));
          yield perOutput(rule.build(inputs, dense(inputs), attributes, out, store).operations() / 2, outputs);
        }
        case Lowering.Whole(Lowering.WholeRule rule, List<Integer> strided) -> {
          KernelSpec spec = rule.build(inputs, dense(inputs), attributes, outputs);
          yield perOutput(spec.operations(), outputs);
        }
        default -> 1;
      };
    }
    if (op.decomposition() instanceof Rule.Present<OpDef.Decomposition>(OpDef.Decomposition rule)) {
      GraphBuilder b = new GraphBuilder(op.name());
      List<Tensor> arguments = inputs.stream().map(t -> new Tensor(b, b.input("x", t))).toList();
      List<Value> outputs = rule.build(arguments, attributes).stream().map(Tensor::value).toList();
      return reductionLength(b.build(outputs));
    }
    return 1;
  }

  /** The longest reduction of any node. */
  public static long reductionLength(Graph graph) {
    long longest = 1;
    for (Node node : graph.nodes()) {
      if (!node.is(InputOp.INSTANCE)) {
        List<TensorType> types = node.inputs().stream().map(Value::type).toList();
        longest = Math.max(longest, reductionLength(OpDef.of(node), types, node.attributes()));
      }
    }
    return longest;
  }

  private static long perOutput(long operations, List<TensorType> outputs) {
    long elements = outputs.stream().mapToLong(TensorType::size).max().orElse(1);
    return elements == 0 ? 1 : Math.max(1, operations / elements);
  }

  private static List<View> dense(List<TensorType> types) {
    return types.stream().map(t -> View.dense(t.dtype(), t.shape())).toList();
  }
}
