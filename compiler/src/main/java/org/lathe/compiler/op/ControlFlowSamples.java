package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Sample;

/** Small loops and choices for the tests. */
final class ControlFlowSamples {
  private ControlFlowSamples() {}

  static List<Sample> scans() {
    Graph recurrence = body("f32[2,3] f32[2,3] f32[3,3]", in -> {
      Tensor h = in.get(0).matmul(in.get(2)).add(in.get(1)).tanh();
      return List.of(h, h.mul(2));
    });
    Graph counting = body("i32[] f64[4] f64[4]", in -> {
      Tensor sum = in.get(1).add(in.get(2).mul(in.get(0).cast(in.get(2).dtype())));
      return List.of(in.get(0).add(1), sum, in.get(0), in.get(2).sin());
    });
    Graph damping = body("f32[5] f32[5]", in -> List.of(in.get(0).mul(0.5).add(in.get(1))));
    Graph mapping = body("f32[3]", in -> List.of(in.get(0).exp()));
    Graph swapping = body("f32[2] f32[2] f32[2]", in -> List.of(in.get(1), in.get(0), in.get(2)));
    return List.of(
        sample("f32[2,3] f32[5,2,3] f32[3,3]", scan(recurrence, 1, 1, 5, false)),
        sample("f32[2,3] f32[17,2,3] f32[3,3]", scan(recurrence, 1, 1, 17, true)),
        sample("f32[2,3] f32[0,2,3] f32[3,3]", scan(recurrence, 1, 1, 0, false)),
        sample("f32[2,3] f32[1,2,3] f32[3,3]", scan(recurrence, 1, 1, 1, false)),
        sample("i32[] f64[4] f64[7,4]", scan(counting, 2, 1, 7, true)),
        sample("f32[5] f32[5]", scan(damping, 1, 0, 3, false)),
        sample("f32[4,3]", scan(mapping, 0, 1, 4, false)),
        sample("f32[2] f32[2] f32[3,2]", scan(swapping, 2, 1, 3, false)));
  }

  static List<Sample> conds() {
    Graph then = body("f32[3,5] f32[3,5]", in -> List.of(in.get(0).add(in.get(1)), in.get(0)));
    Graph otherwise = body("f32[3,5] f32[3,5]", in -> List.of(in.get(0).mul(in.get(1)).tanh(), in.get(1)));
    Attributes choice = Attributes.of("then", then, "otherwise", otherwise);
    List<Sample> samples = new ArrayList<>();
    for (int predicate = 0; predicate < 2; predicate++) {
      List<TensorType> types = types("bool[] f32[3,5] f32[3,5]");
      samples.add(new Sample(types, choice, List.of(new Domain(predicate, predicate), Domain.REAL, Domain.REAL)));
    }
    return samples;
  }

  private static Attributes scan(Graph body, int carries, int sequences, long length, boolean reverse) {
    return Attributes.of("body", body)
        .with("carries", carries).with("sequences", sequences).with("length", length).with("reverse", reverse);
  }

  private static Sample sample(String types, Attributes attributes) {
    List<TensorType> inputs = types(types);
    return new Sample(inputs, attributes, inputs.stream().map(t -> Domain.of(t.dtype())).toList());
  }

  private static List<TensorType> types(String text) {
    return List.of(text.split(" ")).stream().map(TensorType::parse).toList();
  }

  private static Graph body(String types, Function<List<Tensor>, List<Tensor>> function) {
    GraphBuilder builder = new GraphBuilder("body");
    List<Tensor> inputs = new ArrayList<>();
    for (TensorType type : types(types)) {
      inputs.add(new Tensor(builder, builder.input("x" + inputs.size(), type)));
    }
    return builder.build(function.apply(inputs).stream().map(Tensor::value).toList());
  }
}
