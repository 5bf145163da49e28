package org.lathe.models.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Sgd;

class GradientCheckTest {
  private final long seed = new SplittableRandom().nextLong();

  private static final class One extends Module {
    final Parameter value;

    One(double first) {
      value = parameter("value", Initializer.constant(first), 1);
    }
  }

  /** Of a loss of one parameter whose value is {@code first}. */
  private GradientCheck.Result check(double first, UnaryOperator<Tensor> loss) {
    One model = new One(first);
    StepGraph g = Step
        .training(
            "s", model, List.of(), c -> c.minimize(loss.apply(model.value.tensor()).sum(), Group.of(model, new Sgd(1))))
        .traceGradients();
    List<Literal> arguments = new ArrayList<>(g.arguments(Map.of(), seed));
    int value = IntStream.range(0, arguments.size()).filter(i -> g.state().get(i).name().equals("value")).findFirst()
        .orElseThrow();
    arguments.set(value, Literal.of(arguments.get(value).type(), first)); // where it stands, and not moved off the kink
    List<GradientCheck.Result> results = GradientCheck.run(g, arguments, seed);
    assertEquals(1, results.size());
    return results.getFirst();
  }

  @Test
  void aKinkThatTheDifferenceStridesAcrossIsNoError() {
    GradientCheck.Result found = check(2e-7, x -> x.relu().mul(3).add(x));
    assertTrue(found.passed(), found + ", seed " + seed);
  }

  @Test
  void aWrongGradientIsOne() {
    GradientCheck.Result found = check(0.5, x -> x.mul(x.stopGradient()));
    double slope = Math.abs(found.byGradient());
    assertEquals(2 * found.byGradient(), found.byDifference(), 1e-6, "seed " + seed);
    assertEquals(slope / Math.max(2 * slope, 0.5), found.error(), 1e-6, "seed " + seed);
    assertFalse(new GradientCheck.Result("s", 1, 2, 0.5, found.tolerance()).passed());
  }
}
