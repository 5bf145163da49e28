package org.lathe.compiler.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphText;
import org.lathe.compiler.ir.GraphVerifier;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.op.ControlFlow.Step;
import org.lathe.compiler.trace.Tracer;
import org.lathe.hal.DType;

class ControlFlowTest {
  private final Random random = new Random(11);

  private static Graph trace(List<TensorType> types, Function<List<Tensor>, List<Tensor>> f) {
    List<String> names = new ArrayList<>();
    types.forEach(t -> names.add("x" + names.size()));
    Graph graph = Tracer.trace("test", names, types, f);
    GraphVerifier.verify(graph, "tracing");
    String text = GraphText.print(graph);
    assertEquals(text, GraphText.print(GraphText.parse(text, Ops::named)));
    return graph;
  }

  private static TensorType f64(long... shape) {
    return TensorType.of(DType.F64, shape);
  }

  private List<Literal> random(List<TensorType> types) {
    List<Literal> all = new ArrayList<>();
    for (TensorType t : types) {
      all.add(Literal.adopt(t, random.doubles(t.size(), -1, 1).toArray()));
    }
    return all;
  }

  private static void same(List<Literal> expected, List<Literal> actual, double tolerance) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).type(), actual.get(i).type());
      assertArrayEquals(expected.get(i).toArray(), actual.get(i).toArray(), tolerance, "output " + i);
    }
  }

  /** A recurrence with a captured weight: h' = tanh(x + h w), y = h' * h. */
  private static List<Tensor> loop(List<Tensor> in, boolean reverse) {
    Tensor w = in.get(2);
    var step = (java.util.function.BiFunction<List<Tensor>, List<Tensor>, Step>) (c, x) -> {
      Tensor h = c.getFirst().matmul(w).add(x.getFirst()).tanh();
      return new Step(h, h.mul(c.getFirst()));
    };
    var result = reverse
        ? ControlFlow.scanReverse(List.of(in.get(0)), List.of(in.get(1)), step)
        : ControlFlow.scan(List.of(in.get(0)), List.of(in.get(1)), step);
    return List.of(result.carry(), result.output());
  }

  private static List<Tensor> unrolled(List<Tensor> in, boolean reverse) {
    int length = (int) in.get(1).dim(0);
    Tensor h = in.get(0);
    Tensor[] outputs = new Tensor[length];
    for (int s = 0; s < length; s++) {
      int t = reverse ? length - 1 - s : s;
      Tensor next = h.matmul(in.get(2)).add(in.get(1).at(0, t)).tanh();
      outputs[t] = next.mul(h);
      h = next;
    }
    return List.of(h, Tensor.stack(0, List.of(outputs)));
  }

  private static Tensor loss(List<Tensor> outputs) {
    return outputs.get(0).square().sum().add(outputs.get(1).sin().sum());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLoopIsWhatItsUnrollingIs(boolean reverse) {
    List<TensorType> types = List.of(f64(2, 3), f64(5, 2, 3), f64(3, 3));
    List<Literal> inputs = random(types);
    same(
        Oracle.run(trace(types, in -> unrolled(in, reverse)), inputs),
        Oracle.run(trace(types, in -> loop(in, reverse)), inputs),
        1e-12);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void soAreItsGradients(boolean reverse) {
    List<TensorType> types = List.of(f64(2, 3), f64(4, 2, 3), f64(3, 3));
    List<Literal> inputs = random(types);
    same(
        Oracle.run(trace(types, in -> Gradients.gradients(loss(unrolled(in, reverse)), in)), inputs),
        Oracle.run(trace(types, in -> Gradients.gradients(loss(loop(in, reverse)), in)), inputs),
        1e-11);
  }

  @Test
  void soAreItsSecondGradients() {
    List<TensorType> types = List.of(f64(1, 2), f64(3, 1, 2), f64(2, 2));
    List<Literal> inputs = random(types);
    same(
        Oracle.run(trace(types, in -> penalty(in, loss(unrolled(in, false)))), inputs),
        Oracle.run(trace(types, in -> penalty(in, loss(loop(in, false)))), inputs),
        1e-10);
  }

  private static List<Tensor> penalty(List<Tensor> in, Tensor loss) {
    Tensor norm = null;
    for (Tensor g : Gradients.gradients(loss, in)) {
      Tensor square = g.square().sum();
      norm = norm == null ? square : norm.add(square);
    }
    return Gradients.gradients(norm, in);
  }

  @Test
  void gradientsAgreeWithFiniteDifferences() {
    List<TensorType> types = List.of(f64(2, 3), f64(6, 2, 3), f64(3, 3));
    Graph value = trace(types, in -> List.of(loss(loop(in, true))));
    Graph gradient = trace(types, in -> Gradients.gradients(loss(loop(in, true)), in));
    finiteDifferences(value, gradient, types);
  }

  private void finiteDifferences(Graph value, Graph gradient, List<TensorType> types) {
    List<Literal> at = random(types);
    List<Literal> direction = random(types);
    List<Literal> g = Oracle.run(gradient, at);
    double expected = 0;
    for (int i = 0; i < at.size(); i++) {
      for (int e = 0; e < at.get(i).type().size(); e++) {
        expected += g.get(i).get(e) * direction.get(i).get(e);
      }
    }
    double step = 1e-6;
    double slope = (along(value, at, direction, step) - along(value, at, direction, -step)) / (2 * step);
    assertEquals(expected, slope, 1e-7 * Math.max(1, Math.abs(expected)));
  }

  private static double along(Graph value, List<Literal> at, List<Literal> direction, double step) {
    List<Literal> moved = new ArrayList<>();
    for (int i = 0; i < at.size(); i++) {
      double[] x = at.get(i).toArray();
      for (int e = 0; e < x.length; e++) {
        x[e] += step * direction.get(i).get(e);
      }
      moved.add(Literal.adopt(at.get(i).type(), x));
    }
    return Oracle.run(value, moved).getFirst().get(0);
  }

  @Test
  void integerCarriesHaveNoGradient() {
    List<TensorType> types = List.of(f64(3));
    Function<Tensor, Tensor> f = x -> {
      Tensor zero = Tensor.scalar(x.builder(), DType.I32, 0);
      var r = ControlFlow.repeat(
          List.of(zero, x),
          4,
          c -> new Step(List.of(c.get(0).add(1), c.get(1).mul(c.get(0).add(1).cast(DType.F64)).sin()), List.of()));
      return r.carries().get(1).sum();
    };
    finiteDifferences(
        trace(types, in -> List.of(f.apply(in.getFirst()))),
        trace(types, in -> Gradients.gradients(f.apply(in.getFirst()), in)),
        types);
  }

  @Test
  void nestedLoopsCaptureThroughBoth() {
    List<TensorType> types = List.of(f64(2), f64(3, 2), f64(2));
    Function<List<Tensor>, Tensor> f = in -> ControlFlow.scan(
        List.of(in.get(0)),
        List.of(in.get(1)),
        (c, x) -> {
          var inner = ControlFlow.repeat(
              List.of(c.getFirst()), 2,
              h -> new Step(List.of(h.getFirst().mul(in.get(2)).add(x.getFirst()).sin()), List.of()));
          return new Step(List.of(inner.carry()), List.of());
        }).carry().sum();
    Function<List<Tensor>, Tensor> plain = in -> {
      Tensor h = in.get(0);
      for (int t = 0; t < 3; t++) {
        for (int k = 0; k < 2; k++) {
          h = h.mul(in.get(2)).add(in.get(1).at(0, t)).sin();
        }
      }
      return h.sum();
    };
    List<Literal> inputs = random(types);
    same(
        Oracle.run(trace(types, in -> List.of(plain.apply(in))), inputs),
        Oracle.run(trace(types, in -> List.of(f.apply(in))), inputs),
        1e-12);
    same(
        Oracle.run(trace(types, in -> Gradients.gradients(plain.apply(in), in)), inputs),
        Oracle.run(trace(types, in -> Gradients.gradients(f.apply(in), in)), inputs),
        1e-11);
  }

  @Test
  void whatDependsOnOuterTensorsAloneIsComputedOnce() {
    Graph g = trace(
        List.of(f64(2), f64(3, 2)),
        in -> List.of(
            ControlFlow.scan(
                List.of(in.get(0)),
                List.of(in.get(1)),
                (c, x) -> new Step(c.getFirst().add(in.get(0).exp()), x.getFirst())).carry()));
    Graph body = g.nodes().getLast().attributes().graph("body");
    assertTrue(body.nodes().stream().noneMatch(n -> n.op().name().equals("exp")), () -> GraphText.print(g));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void aChoiceRunsOneSideForwardAndBackward(int chosen) {
    List<TensorType> types = List.of(f64(3), f64(3), f64(3));
    Function<List<Tensor>, Tensor> f = in -> {
      Tensor predicate = Tensor.scalar(in.getFirst().builder(), DType.BOOL, chosen);
      return ControlFlow.cond(
          predicate,
          List.of(in.get(0)),
          a -> List.of(a.getFirst().mul(in.get(1)).sin()),
          a -> List.of(a.getFirst().mul(in.get(2)).exp())).getFirst().square().sum();
    };
    Function<List<Tensor>, Tensor> plain = in -> chosen == 1
        ? in.get(0).mul(in.get(1)).sin().square().sum()
        : in.get(0).mul(in.get(2)).exp().square().sum();
    List<Literal> inputs = random(types);
    same(
        Oracle.run(trace(types, in -> List.of(plain.apply(in))), inputs),
        Oracle.run(trace(types, in -> List.of(f.apply(in))), inputs),
        1e-12);
    same(
        Oracle.run(trace(types, in -> Gradients.gradients(plain.apply(in), in)), inputs),
        Oracle.run(trace(types, in -> Gradients.gradients(f.apply(in), in)), inputs),
        1e-12);
    same(
        Oracle.run(trace(types, in -> penalty(in, plain.apply(in))), inputs),
        Oracle.run(trace(types, in -> penalty(in, f.apply(in))), inputs),
        1e-11);
  }

  @Test
  void gradientsInsideALoopStayInside() {
    List<TensorType> types = List.of(f64(2), f64(3, 2));
    Function<List<Tensor>, List<Tensor>> inside = in -> {
      var r = ControlFlow.scan(
          List.of(in.get(0)),
          List.of(in.get(1)),
          (c, x) -> {
            Tensor g = Gradients.gradient(x.getFirst().mul(c.getFirst()).sin().sum(), c.getFirst());
            return new Step(c.getFirst().add(g), g);
          });
      return List.of(r.carry());
    };
    Function<List<Tensor>, List<Tensor>> plain = in -> {
      Tensor c = in.get(0);
      for (int t = 0; t < 3; t++) {
        Tensor x = in.get(1).at(0, t);
        c = c.add(x.mul(x.mul(c).cos()));
      }
      return List.of(c);
    };
    List<Literal> inputs = random(types);
    same(Oracle.run(trace(types, plain), inputs), Oracle.run(trace(types, inside), inputs), 1e-12);
    NotDifferentiable e = assertThrows(
        NotDifferentiable.class,
        () -> trace(
            types,
            in -> ControlFlow.scan(
                List.of(in.get(0)),
                List.of(in.get(1)),
                (c, x) -> new Step(c.getFirst(), Gradients.gradient(x.getFirst().mul(in.get(0)).sum(), in.get(0))))
                .outputs()));
    assertTrue(String.valueOf(e.getMessage()).contains("from outside of the loop"), e.getMessage());
  }

  @Test
  void wrongShapesNameWhatIsWrongAndWhere() {
    List<TensorType> types = List.of(f64(2), f64(3, 2));
    error(types, "carry 0 starts as f64[2], but a step gives f64[1,2]", in -> ControlFlow.scan(
        List.of(in.get(0)), List.of(in.get(1)), (c, x) -> new Step(c.getFirst().expandDims(0), x.getFirst())));
    error(types, "starts with 1 carries, but its step gives 0", in -> ControlFlow.scan(
        List.of(in.get(0)), List.of(in.get(1)), (c, x) -> new Step(List.of(), x)));
    error(types, "sequence 1 must be f64[3], found f64[2]", in -> ControlFlow.scan(
        List.of(), List.of(in.get(1), in.get(0)), (c, x) -> new Step(List.of(), x)));
    error(types, "without sequences use repeat", in -> ControlFlow.scan(
        List.of(in.get(0)), List.of(), (c, x) -> new Step(c, x)));
    error(types, "the predicate must be bool[], found f64[2]", in -> ControlFlow.cond(
        in.get(0), List.of(in.get(1)), a -> a, a -> a));
    error(types, "one graph gives [f64[3,2]], the other [f64[2,3]]", in -> ControlFlow.cond(
        in.get(0).sum().greater(0), List.of(in.get(1)), a -> a, a -> List.of(a.getFirst().transpose())));
  }

  private static void error(List<TensorType> types, String message, Function<List<Tensor>, Object> f) {
    TypeError e = assertThrows(
        TypeError.class,
        () -> trace(types, in -> {
          f.apply(in);
          return List.of();
        }));
    assertTrue(String.valueOf(e.getMessage()).contains(message), e.getMessage());
  }
}
