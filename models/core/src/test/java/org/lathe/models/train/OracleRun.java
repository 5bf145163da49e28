package org.lathe.models.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Literal;

/** Runs a step in the float64 oracle, again and again over one state. */
public final class OracleRun {
  private final StepGraph graph;
  private final Map<String, Literal> state = new LinkedHashMap<>();
  private List<Literal> outputs = List.of();

  public OracleRun(StepGraph graph, long seed) {
    this.graph = graph;
    graph.state().forEach(e -> state.put(e.name(), e.initial(seed)));
  }

  public void set(String name, double... values) {
    state.put(name, Literal.of(state.get(name).type(), values));
  }

  public double[] get(String name) {
    return state.get(name).toArray();
  }

  public void run(Map<String, Literal> batch) {
    List<Literal> arguments = new ArrayList<>();
    graph.inputs().forEach(f -> arguments.add(batch.get(f.name())));
    graph.state().forEach(e -> arguments.add(state.get(e.name())));
    outputs = Oracle.run(graph.graph(), arguments);
    for (int d = 0; d < graph.donations().size(); d++) {
      int i = graph.donations().get(d).input() - graph.inputs().size();
      state.put(graph.state().get(i).name(), outputs.get(graph.donations().get(d).output()));
    }
  }

  public double[] report(String name) {
    return outputs.get(graph.output(name)).toArray();
  }
}
