package org.lathe.models.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.BoundCall;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;

/**
 * A step, compiled and bound to a model's state: write the inputs, {@link #run}, read the reports. A run changes the
 * state in place and allocates nothing on the heap.
 *
 * <p>Several steps may be bound to one state; they run one at a time. Ownership: it closes its input arrays and reports;
 * the state is closed after it.
 */
public final class BoundStep implements AutoCloseable {
  private final StepGraph graph;
  private final Compiled compiled;
  private final BoundCall call;
  private final Map<String, Array> inputs = new LinkedHashMap<>();
  private final Map<String, Array> reports = new LinkedHashMap<>();

  /** Compiles {@code step} for the device of {@code state}, which takes in what the step needs. */
  public static BoundStep bind(Step step, ModelState state) {
    return new BoundStep(step.trace(), state);
  }

  /** Compiles a traced step. */
  public static BoundStep bind(StepGraph graph, ModelState state) {
    return new BoundStep(graph, state);
  }

  private BoundStep(StepGraph graph, ModelState state) {
    this.graph = graph;
    Lathe lathe = state.include(graph).lathe();
    this.compiled = lathe.compile(graph.graph(), graph.donations());
    List<Array> arguments = new ArrayList<>();
    for (Field f : graph.inputs()) {
      Array a = lathe.zeros(f.type());
      inputs.put(f.name(), a);
      arguments.add(a);
    }
    graph.state().forEach(e -> arguments.add(state.array(e.name())));
    this.call = compiled.bind(arguments);
    graph.reports().forEach(r -> reports.put(r, call.output(graph.output(r))));
  }

  public StepGraph graph() {
    return graph;
  }

  /** What the batch is written into. */
  public Array input(String name) {
    Array a = inputs.get(name);
    if (a == null) {
      throw new IllegalArgumentException(
          "step '" + graph.name() + "' has no input '" + name + "', it has " + inputs.keySet());
    }
    return a;
  }

  public void run() {
    call.run();
  }

  /** The array of a report, overwritten by each run. */
  public Array report(String name) {
    Array a = reports.get(name);
    if (a == null) {
      throw new IllegalArgumentException(
          "step '" + graph.name() + "' reports no '" + name + "', only " + reports.keySet());
    }
    return a;
  }

  /** A report of one element. */
  public double value(String name) {
    return report(name).get(0);
  }

  public BoundCall call() {
    return call;
  }

  public Compilation compilation() {
    return call.compilation();
  }

  @Override
  public void close() {
    call.close();
    compiled.close();
    inputs.values().forEach(Array::close);
  }
}
