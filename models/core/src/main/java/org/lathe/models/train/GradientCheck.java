package org.lathe.models.train;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;

/**
 * Compares a step's gradients with directional finite differences in float64: for each loss, the slope along one random
 * direction of its parameters, by the gradient and by central differences of the loss. Where they disagree, the difference
 * is taken once more over a hundredth of the step: a kink (of ReLU) between its two points is then most likely no longer
 * between them, and a wrong gradient is as wrong as before.
 */
public final class GradientCheck {
  private static final double STEP = 1e-6;
  private static final double TOLERANCE = 1e-4;

  private GradientCheck() {}

  /**
   * The outcome for one group.
   *
   * @param error of the gradient's slope, relative to the larger of both and of the direction's expected slope
   */
  public record Result(String group, double byGradient, double byDifference, double error, double tolerance) {
    public boolean passed() {
      return error <= tolerance;
    }
  }

  /**
   * @param graph made by {@link Step#traceGradients}
   * @param arguments for all of its inputs
   */
  public static List<Result> run(StepGraph graph, List<Literal> arguments, long seed) {
    List<Literal> outputs = Oracle.run(graph.graph(), arguments);
    List<Result> results = new ArrayList<>();
    int at = 0;
    while (at < graph.reports().size()) {
      String report = graph.reports().get(at);
      if (report.startsWith("loss.")) {
        List<Integer> gradients = new ArrayList<>();
        for (int g = at + 1; g < graph.reports().size() && graph.reports().get(g).startsWith("gradient."); g++) {
          gradients.add(g);
        }
        results.add(check(graph, arguments, outputs, at, gradients, seed));
        at += gradients.size();
      }
      at++;
    }
    return results;
  }

  private static Result check(
      StepGraph graph, List<Literal> arguments, List<Literal> outputs, int loss, List<Integer> gradients, long seed) {
    Result result = check(graph, arguments, outputs, loss, gradients, seed, STEP);
    return result.passed() ? result : check(graph, arguments, outputs, loss, gradients, seed, STEP / 100);
  }

  private static Result check(
      StepGraph graph, List<Literal> arguments, List<Literal> outputs, int loss, List<Integer> gradients, long seed,
      double step) {
    RandomGenerator random = new SplittableRandom(seed);
    List<Literal> above = new ArrayList<>(arguments);
    List<Literal> below = new ArrayList<>(arguments);
    double slope = 0;
    double squares = 0;
    for (int g : gradients) {
      String name = graph.reports().get(g).substring("gradient.".length());
      int input = input(graph, name);
      double[] gradient = outputs.get(graph.changed() + g).toArray();
      double[] high = arguments.get(input).toArray();
      double[] low = high.clone();
      for (int i = 0; i < gradient.length; i++) {
        double direction = random.nextGaussian();
        slope += direction * gradient[i];
        squares += gradient[i] * gradient[i];
        high[i] += step * direction;
        low[i] -= step * direction;
      }
      above.set(input, Literal.of(arguments.get(input).type(), high));
      below.set(input, Literal.of(arguments.get(input).type(), low));
    }
    Graph alone = new Graph(
        graph.name(), graph.graph().inputs(), graph.graph().nodes(),
        List.of(graph.graph().outputs().get(graph.changed() + loss)));
    double difference = (Oracle.run(alone, above).getFirst().get(0) - Oracle.run(alone, below).getFirst().get(0))
        / (2 * step);
    double scale = Math.max(Math.max(Math.abs(slope), Math.abs(difference)), Math.sqrt(squares));
    double error = scale == 0 ? 0 : Math.abs(slope - difference) / scale;
    return new Result(graph.reports().get(loss).substring("loss.".length()), slope, difference, error, TOLERANCE);
  }

  private static int input(StepGraph graph, String name) {
    for (int i = 0; i < graph.state().size(); i++) {
      if (graph.state().get(i).name().equals(name)) {
        return graph.inputs().size() + i;
      }
    }
    throw new IllegalStateException("step '" + graph.name() + "' has no state '" + name + "'");
  }
}
