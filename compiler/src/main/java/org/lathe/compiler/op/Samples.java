package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Sample;
import org.lathe.hal.DType;

/** Turns an op's samples into graphs and inputs: for tests of the ops, and for every device's conformance suite. */
public final class Samples {
  private static final double[] SPECIAL = {
      Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0, 1, -1
  };

  private Samples() {}

  /** Random inputs within the sample's domains, each exactly a value of its type. */
  public static List<Literal> draw(Sample sample, long seed) {
    Random random = new Random(seed);
    List<Literal> inputs = new ArrayList<>();
    for (int i = 0; i < sample.inputs().size(); i++) {
      inputs.add(draw(sample.inputs().get(i), sample.domains().get(i), random));
    }
    return inputs;
  }

  /** As {@link #draw}, with about a third of the floating elements NaN, infinite, 0, -0, 1 or -1. */
  public static List<Literal> drawSpecial(Sample sample, long seed) {
    Random random = new Random(~seed);
    return draw(sample, seed).stream()
        .map(
            x -> x.type().dtype().isFloating()
                ? Loops.fill(
                    x.type(),
                    (i, at) -> random.nextInt(3) == 0 ? SPECIAL[random.nextInt(SPECIAL.length)] : x.get(at))
                : x)
        .toList();
  }

  /** Uniform in the domain; rounded to {@code type}. */
  public static Literal draw(TensorType type, Domain domain, Random random) {
    return Loops.fill(
        type,
        (i, at) -> {
          if (type.dtype().isFloating()) {
            return round(type.dtype(), domain.low() + random.nextDouble() * (domain.high() - domain.low()));
          }
          long low = type.dtype() == DType.U8 ? Math.max(0, (long) domain.low()) : (long) domain.low();
          return Loops.wrap(type.dtype(), random.nextLong(low, (long) domain.high() + 1));
        });
  }

  /** The nearest value of {@code type}. */
  public static double round(DType type, double v) {
    return switch (type) {
      case F32 -> (float) v;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) v));
      case BF16 -> roundToBfloat16((float) v);
      default -> v;
    };
  }

  /** The graph of one application of {@code op}. */
  public static Graph graph(OpDef op, Sample sample) {
    GraphBuilder b = new GraphBuilder(op.name());
    Node node = b.append(op, inputs(b, sample).stream().map(Tensor::value).toList(), sample.attributes());
    return b.build(IntStream.range(0, node.types().size()).mapToObj(node::output).toList());
  }

  /** The same computation by the op's decomposition. */
  public static Graph decomposed(OpDef op, Sample sample) {
    GraphBuilder b = new GraphBuilder(op.name() + "Decomposed");
    List<Tensor> outputs = op.decomposition()
        .orElseThrow(() -> "the decomposition of " + op.name())
        .build(inputs(b, sample), sample.attributes());
    return b.build(outputs.stream().map(Tensor::value).toList());
  }

  private static List<Tensor> inputs(GraphBuilder b, Sample sample) {
    return IntStream.range(0, sample.inputs().size())
        .mapToObj(i -> new Tensor(b, b.input("x" + i, sample.inputs().get(i))))
        .toList();
  }

  private static float roundToBfloat16(float v) {
    if (Float.isNaN(v)) {
      return v;
    }
    int bits = Float.floatToRawIntBits(v);
    return Float.intBitsToFloat((bits + 0x7fff + (bits >>> 16 & 1)) & 0xffff0000);
  }
}
