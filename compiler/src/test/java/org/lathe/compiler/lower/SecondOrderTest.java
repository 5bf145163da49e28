package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Attentions;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Recurrences;
import org.lathe.compiler.op.Tensor;

/** The gradients of backward kernels: graphs of hundreds of small nodes, which fusion must keep free of circles. */
class SecondOrderTest {
  static Stream<OpDef> ops() {
    return Stream.of(
        Recurrences.PLAIN_SEQUENCE_GRADIENT,
        Recurrences.LSTM_SEQUENCE_GRADIENT,
        Recurrences.GRU_SEQUENCE_GRADIENT,
        Attentions.ATTENTION_GRADIENT);
  }

  @ParameterizedTest
  @MethodSource("ops")
  void gradientsOfBackwardKernelsLower(OpDef op) {
    for (OpDef.Sample sample : op.samples().subList(0, 2)) {
      GraphBuilder b = new GraphBuilder(op.name());
      Random random = new Random(3);
      List<Tensor> inputs = new ArrayList<>();
      List<Literal> values = new ArrayList<>();
      for (int i = 0; i < sample.inputs().size(); i++) {
        inputs.add(new Tensor(b, b.input("x" + i, sample.inputs().get(i))));
        values.add(Programs.random(sample.inputs().get(i), sample.domains().get(i), random));
      }
      List<Tensor> outputs = Tensor.applyAll(op, inputs, sample.attributes());
      List<Tensor> gradients = Gradients.vjp(outputs, outputs.stream().map(o -> o.mul(0.5)).toList(), inputs);
      Programs.check(b.build(gradients.stream().map(Tensor::value).toList()), values, 1e-3);
    }
  }
}
