package org.lathe.compiler.interp;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.OpDef;
import org.lathe.hal.DType;

/**
 * Interprets a graph as the oracle does, but rounds every node's result to its dtype: what plain arithmetic of that
 * precision would give, one op after the other. Its distance from the {@link Oracle} says how much rounding a graph
 * amplifies, and so how much error a sound device may show.
 */
public final class RoundedInterpreter {
  private RoundedInterpreter() {}

  /** Every value of the graph. The bodies of loops and branches are not rounded inside. */
  public static Map<Value, Literal> runAll(Graph graph, List<Literal> inputs) {
    Map<Value, Literal> values = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      values.put(graph.inputs().get(i).output(), rounded(inputs.get(i)));
    }
    for (Node node : graph.nodes()) {
      if (node.is(InputOp.INSTANCE)) {
        continue;
      }
      List<Literal> operands = node.inputs().stream().map(values::get).toList();
      List<Literal> results = OpDef.of(node).reference().evaluate(operands, node.attributes());
      for (int i = 0; i < results.size(); i++) {
        values.put(node.output(i), rounded(results.get(i)));
      }
    }
    return values;
  }

  /** The value as its dtype can hold it. */
  public static Literal rounded(Literal value) {
    TensorType type = value.type();
    if (!type.dtype().isFloating() || type.dtype() == DType.F64) {
      return value;
    }
    if (value.isSplat()) {
      return Literal.splat(type, round(value.get(0), type.dtype()));
    }
    double[] data = value.toArray();
    for (int i = 0; i < data.length; i++) {
      data[i] = round(data[i], type.dtype());
    }
    return Literal.adopt(type, data);
  }

  private static double round(double value, DType dtype) {
    return switch (dtype) {
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
      case BF16 -> bfloat16((float) value);
      default -> (float) value;
    };
  }

  /** To the nearest of the values with 8 significant bits, ties to even. */
  private static float bfloat16(float value) {
    if (Float.isNaN(value)) {
      return value;
    }
    int bits = Float.floatToRawIntBits(value);
    int half = 0x7fff + (bits >>> 16 & 1);
    return Float.intBitsToFloat(bits + half & 0xffff0000);
  }
}
