package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.SourceLine;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** Evaluates tensor code on literals by the oracle. */
final class Eval {
  private Eval() {}

  static Literal of(String type, double... values) {
    TensorType t = TensorType.parse(type);
    return values.length == 1 ? Literal.splat(t, values[0]) : Literal.of(t, values);
  }

  /** An f64 vector. */
  static Literal vector(double... values) {
    return Literal.of(new TensorType(DType.F64, Dims.of(values.length)), values);
  }

  static List<Literal> all(Function<List<Tensor>, List<Tensor>> f, Literal... inputs) {
    GraphBuilder b = builder();
    List<Tensor> arguments = new ArrayList<>();
    for (Literal x : inputs) {
      arguments.add(new Tensor(b, b.input("x" + arguments.size(), x.type())));
    }
    List<Tensor> outputs = f.apply(arguments);
    return Oracle.run(b.build(outputs.stream().map(Tensor::value).toList()), List.of(inputs));
  }

  static Literal one(Function<List<Tensor>, Tensor> f, Literal... inputs) {
    return all(x -> List.of(f.apply(x)), inputs).getFirst();
  }

  static double[] values(Function<List<Tensor>, Tensor> f, Literal... inputs) {
    return one(f, inputs).toArray();
  }

  /** Every node comes from line 17 of Model.java. */
  static GraphBuilder builder() {
    return new GraphBuilder("test", () -> new SourceLine("Model.java", 17));
  }

  static Tensor input(GraphBuilder b, String type) {
    return new Tensor(b, b.input("x" + b.size(), TensorType.parse(type)));
  }
}
