package org.lathe.models.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.lower.Donation;

/**
 * A traced step. The graph's inputs are {@code inputs}, then {@code state}; its outputs are the new values of the state
 * that it changes, in the order of {@code donations}, then the reports.
 *
 * @param changed how many of the outputs are state
 */
public record StepGraph(
    String name,
    Graph graph,
    List<Field> inputs,
    List<StateEntry> state,
    List<Donation> donations,
    int changed,
    List<String> reports) {
  public StepGraph {
    inputs = List.copyOf(inputs);
    state = List.copyOf(state);
    donations = List.copyOf(donations);
    reports = List.copyOf(reports);
  }

  /** The position of a report among the graph's outputs. */
  public int output(String report) {
    int i = reports.indexOf(report);
    if (i < 0) {
      throw new IllegalArgumentException("step '" + name + "' reports no '" + report + "', only " + reports);
    }
    return changed + i;
  }

  /** A name for each of the graph's outputs. */
  public List<String> outputNames() {
    List<String> names = new ArrayList<>();
    donations.forEach(d -> names.add(state.get(d.input() - inputs.size()).name()));
    names.addAll(reports);
    return names;
  }

  /** Values for all of the graph's inputs: the batch, and the state that {@code seed} begins with. */
  public List<Literal> arguments(Map<String, Literal> batch, long seed) {
    List<Literal> all = new ArrayList<>();
    for (Field f : inputs) {
      Literal given = batch.get(f.name());
      if (given == null || !given.type().equals(f.type())) {
        throw new IllegalArgumentException(
            "input '" + f.name() + "' of step '" + name + "' is " + f.type() + ", given was "
                + (given == null ? "nothing" : given.type().toString()));
      }
      all.add(given);
    }
    state.forEach(e -> all.add(e.initial(seed)));
    return all;
  }
}
