package org.lathe.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.interp.RoundedInterpreter;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;

/**
 * Compares a whole graph on a device with the float64 oracle.
 *
 * <p>What error is allowed is measured, not chosen: the same graph is interpreted once more with every result rounded to
 * its dtype, and a device may be {@value #FACTOR} times as far from the oracle as that plain arithmetic is, at each
 * output's scale. Integers and bools must be equal.
 */
public final class GraphCheck {
  /** How many times the error of plain arithmetic a device may show: it sums in other orders, and fuses. */
  public static final double FACTOR = 16;

  /** The least error that is allowed, in units of the dtype's rounding error at the output's scale. */
  private static final double LEAST_UNITS = 32;

  private final Graph graph;
  private final List<Literal> inputs;
  private final Map<Value, Literal> exact;
  private final Map<Value, Literal> rounded;

  /** The outcome for one value. Errors are relative to the value's largest magnitude. */
  public record Result(String what, double maxError, double tolerance, boolean passed) {}

  public GraphCheck(Graph graph, List<Literal> inputs) {
    this.graph = graph;
    this.inputs = inputs.stream().map(RoundedInterpreter::rounded).toList();
    this.exact = Oracle.runAll(graph, this.inputs);
    this.rounded = RoundedInterpreter.runAll(graph, this.inputs);
  }

  /** Runs the graph with these donations, and compares every output. */
  public List<Result> run(Lathe lathe, List<Donation> donations) {
    List<Literal> found = execute(lathe, graph, donations);
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      results.add(compare("output " + i, graph.outputs().get(i), found.get(i)));
    }
    return results;
  }

  /**
   * The first node, in topological order, at which the device differs when all the graph's values are kept; empty if
   * only the fused program differs.
   */
  public Optional<Node> firstDivergence(Lathe lathe) {
    List<Value> all = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (!node.is(InputOp.INSTANCE)) {
        for (int i = 0; i < node.types().size(); i++) {
          all.add(node.output(i));
        }
      }
    }
    Graph open = new Graph(graph.name(), graph.inputs(), graph.nodes(), all);
    List<Literal> found = execute(lathe, open, List.of());
    for (int i = 0; i < all.size(); i++) {
      if (!compare("", all.get(i), found.get(i)).passed()) {
        return Optional.of(all.get(i).node());
      }
    }
    return Optional.empty();
  }

  private List<Literal> execute(Lathe lathe, Graph program, List<Donation> donations) {
    List<Array> arguments = new ArrayList<>();
    try (Compiled compiled = lathe.compile(program, donations)) {
      inputs.forEach(in -> arguments.add(lathe.array(in)));
      try (var bound = compiled.bind(arguments)) {
        bound.run();
        return bound.outputs().stream().map(Array::toLiteral).toList();
      }
    } finally {
      arguments.forEach(Array::close);
    }
  }

  private Result compare(String what, Value value, Literal found) {
    Literal expected = literal(exact, value);
    Literal plain = literal(rounded, value);
    DType dtype = expected.type().dtype();
    double scale = 0;
    double error = 0;
    double allowed = 0;
    for (int i = 0; i < expected.type().size(); i++) {
      double e = expected.get(i);
      if (Double.isFinite(e)) {
        scale = Math.max(scale, Math.abs(e));
      }
      error = Math.max(error, distance(e, found.get(i)));
      double plainError = distance(e, plain.get(i));
      allowed = Double.isFinite(plainError) ? Math.max(allowed, plainError) : allowed;
    }
    if (!dtype.isFloating()) {
      return new Result(what, error, 0, error == 0);
    }
    double unit = scale == 0 ? 1 : scale;
    double tolerance = Math.max(FACTOR * allowed / unit, LEAST_UNITS * epsilon(dtype));
    return new Result(what, error / unit, tolerance, error / unit <= tolerance);
  }

  private static Literal literal(Map<Value, Literal> values, Value value) {
    @Nullable
    Literal found = values.get(value);
    if (found == null) {
      throw new IllegalStateException(value + " was not interpreted");
    }
    return found;
  }

  /** NaN is only at NaN, an infinity only at itself. */
  private static double distance(double expected, double found) {
    if (expected == found || (Double.isNaN(expected) && Double.isNaN(found))) {
      return 0;
    }
    double d = Math.abs(expected - found);
    return Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
  }

  private static double epsilon(DType dtype) {
    return switch (dtype) {
      case F64 -> 0x1p-52;
      case F16 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      default -> 0x1p-23;
    };
  }
}
