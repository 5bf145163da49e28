package org.lathe.compiler.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.interp.Tolerances;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Sample;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.hal.DType;

/** What must hold for every op, tried on each of its samples. */
class OpRulesTest {
  private static final long SEED = 20_25;

  static Stream<OpDef> ops() {
    return Ops.all().stream();
  }

  @ParameterizedTest
  @MethodSource("ops")
  void everyRuleIsThereOrSaysWhyNot(OpDef op) {
    boolean composite = op.decomposition().isPresent();
    for (Rule<?> rule : List.of(op.gradient(), op.lowering(), op.decomposition())) {
      if (rule instanceof Rule.Absent<?>(String reason)) {
        assertFalse(reason.isBlank(), op + " lacks a rule and does not say why");
      }
    }
    assertTrue(composite || op.lowering().isPresent(), op + " can neither be lowered nor decomposed");
    assertFalse(op.samples().isEmpty(), op + " has no sample");
    assertEquals(op, Ops.named(op.name()));
  }

  @ParameterizedTest
  @MethodSource("ops")
  void theReferenceGivesTheTypesOfTheTypeRule(OpDef op) {
    for (Sample sample : op.samples()) {
      List<TensorType> types = op.infer(sample.inputs(), sample.attributes());
      for (List<Literal> inputs : List.of(Samples.draw(sample, SEED), Samples.drawSpecial(sample, SEED))) {
        List<Literal> outputs = op.reference().evaluate(inputs, sample.attributes());
        assertEquals(types, Loops.types(outputs), op + " " + sample);
        for (Literal out : outputs) {
          checkElements(op, out);
        }
      }
    }
  }

  private static void checkElements(OpDef op, Literal out) {
    for (double v : out.toArray()) {
      switch (out.type().dtype()) {
        case I32 -> assertEquals((int) v, v, op.name());
        case I64 -> assertEquals((long) v, v, op.name());
        case U8 -> assertTrue(v >= 0 && v <= 255 && v == Math.rint(v), op.name());
        case BOOL -> assertTrue(v == 0 || v == 1, op.name());
        default -> {}
      }
    }
  }

  @ParameterizedTest
  @MethodSource("ops")
  void aCompositeEqualsItsDecomposition(OpDef op) {
    if (!op.decomposition().isPresent()) {
      return;
    }
    for (Sample sample : op.samples()) {
      for (boolean special : new boolean[]{false, true}) {
        List<Literal> inputs = special ? Samples.drawSpecial(sample, SEED) : Samples.draw(sample, SEED);
        List<Literal> expected = op.reference().evaluate(inputs, sample.attributes());
        List<Literal> found = Oracle.run(Samples.decomposed(op, sample), inputs);
        assertEquals(Loops.types(expected), Loops.types(found), op + " " + sample);
        for (int i = 0; i < found.size() && (!special || isElementwise(op)); i++) {
          Literal a = asDouble(expected.get(i));
          Tolerances.mismatch(a, asDouble(found.get(i)), new Tolerance(1e-2, 1e-2), 1)
              .ifPresent(m -> fail(op + " " + sample + ": " + m));
        }
      }
    }
  }

  /** Both sides compute in float64, so that float64's bound holds whatever the dtype. */
  private static Literal asDouble(Literal x) {
    return x.type().dtype().isFloating()
        ? Literal.of(x.type().withDtype(DType.F64), x.toArray())
        : x;
  }

  private static boolean isElementwise(OpDef op) {
    return Activations.ALL.contains(op);
  }

  @ParameterizedTest
  @MethodSource("ops")
  void gradientsMatchFiniteDifferences(OpDef op) {
    boolean differentiable = op.gradient().isPresent() || op.decomposition().isPresent();
    if (!differentiable || op == Linear.STOP_GRADIENT) {
      return;
    }
    for (Sample sample : op.samples()) {
      Loss first = Loss.of(op, sample);
      if (first.wrt.isEmpty()) {
        continue;
      }
      List<Literal> at = drawUnrounded(sample);
      first.check(op + " " + sample, at);
      Loss second = first.slope();
      second.check("second order of " + op + " " + sample, at);
    }
  }

  /** Inputs with float64's values: the coarse types have many on the kinks of piecewise functions. */
  private static List<Literal> drawUnrounded(Sample sample) {
    List<TensorType> wide = sample.inputs().stream().map(t -> t.dtype().isFloating() ? t.withDtype(DType.F64) : t)
        .toList();
    List<Literal> inputs = new ArrayList<>();
    for (Literal x : Samples.draw(new Sample(wide, sample.attributes(), sample.domains()), SEED)) {
      inputs.add(Literal.of(sample.inputs().get(inputs.size()), x.toArray()));
    }
    return inputs;
  }

  @ParameterizedTest
  @MethodSource("ops")
  void wrongOperandsAreTypeErrorsThatNameTheOp(OpDef op) {
    Sample sample = op.samples().getFirst();
    List<TensorType> tooMany = new ArrayList<>(sample.inputs());
    tooMany.add(TensorType.parse("bool[2,9,9,9,9]"));
    try {
      op.infer(tooMany, sample.attributes());
      fail(op + " takes one operand too many");
    } catch (TypeError e) {
      assertTrue(e.getMessage().startsWith(op.name() + ": "), e.getMessage());
    }
  }

  /** A scalar made of an op's outputs, or of a gradient of one: differentiable, and evaluable by the oracle. */
  private static final class Loss {
    private static final double STEP = 1e-5;
    private final GraphBuilder builder;
    private final List<Tensor> inputs;
    private final List<Tensor> wrt;
    private final Tensor loss;
    private final Random random = new Random(SEED);

    private Loss(GraphBuilder builder, List<Tensor> inputs, List<Tensor> wrt, Tensor loss) {
      this.builder = builder;
      this.inputs = inputs;
      this.wrt = wrt;
      this.loss = loss;
    }

    static Loss of(OpDef op, Sample sample) {
      GraphBuilder b = new GraphBuilder(op.name());
      List<Tensor> inputs = new ArrayList<>();
      for (TensorType t : sample.inputs()) {
        inputs.add(new Tensor(b, b.input("x" + inputs.size(), t)));
      }
      List<Tensor> wrt = inputs.stream().filter(x -> x.dtype().isFloating()).toList();
      Random random = new Random(SEED + 1);
      Tensor loss = Tensor.scalar(b, DType.F64, 0);
      if (!wrt.isEmpty()) {
        for (Tensor out : Tensor.applyAll(op, inputs, sample.attributes())) {
          if (out.dtype().isFloating()) {
            loss = loss.add(dot(out, random));
          }
        }
      }
      return new Loss(b, inputs, wrt, loss);
    }

    private static Tensor dot(Tensor x, Random random) {
      Literal weights = Samples.draw(x.type(), Domain.REAL, random);
      return x.mul(Tensor.constant(x.builder(), weights)).sum().cast(DType.F64);
    }

    /** The derivative along a fixed direction, as a loss of its own. */
    Loss slope() {
      Tensor sum = Tensor.scalar(builder, DType.F64, 0);
      List<Tensor> gradients = Gradients.gradients(loss, wrt);
      for (Tensor g : gradients) {
        sum = sum.add(dot(g, random));
      }
      return new Loss(builder, inputs, wrt, sum);
    }

    void check(String what, List<Literal> at) {
      List<Tensor> gradients = Gradients.gradients(loss, wrt);
      Graph gradientGraph = builder.build(gradients.stream().map(Tensor::value).toList());
      Graph lossGraph = builder.build(List.of(loss.value()));
      List<Literal> found = Oracle.run(gradientGraph, at);
      List<Literal> direction = new ArrayList<>();
      double expected = 0;
      int next = 0;
      for (Tensor x : inputs) {
        Literal d = Samples.draw(x.type(), x.dtype().isFloating() ? Domain.REAL : new Domain(0, 0), random);
        direction.add(d);
        if (x.dtype().isFloating()) {
          Literal g = found.get(next++);
          for (int i = 0; i < g.type().size(); i++) {
            expected += g.get(i) * d.get(i);
          }
        }
      }
      double base = Oracle.run(lossGraph, at).getFirst().get(0);
      if (!Double.isFinite(base)) {
        return;
      }
      double difference = 8 * (along(lossGraph, at, direction, STEP) - along(lossGraph, at, direction, -STEP))
          - (along(lossGraph, at, direction, 2 * STEP) - along(lossGraph, at, direction, -2 * STEP));
      double slope = difference / (12 * STEP);
      double bound = 1e-6 * (1 + Math.abs(slope)) + 1e-11 * Math.abs(base) / STEP;
      assertEquals(slope, expected, bound, what);
    }

    private static double along(Graph graph, List<Literal> at, List<Literal> direction, double step) {
      List<Literal> moved = new ArrayList<>();
      for (int k = 0; k < at.size(); k++) {
        Literal x = at.get(k);
        Literal d = direction.get(k);
        moved.add(Loops.fill(x.type(), (i, n) -> x.get(n) + step * d.get(n)));
      }
      return Oracle.run(graph, moved).getFirst().get(0);
    }
  }
}
