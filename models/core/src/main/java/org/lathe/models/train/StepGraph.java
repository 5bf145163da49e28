package org.lathe.models.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
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

  /**
   * Values for all of the graph's inputs, to check it with: the batch, and a state as after some steps, where biases are not
   * all 0, which is where a ReLU has no slope, and no optimiser divides by nothing.
   */
  public List<Literal> arguments(Map<String, Literal> batch, long seed) {
    List<Literal> all = new ArrayList<>(batch(batch));
    for (StateEntry e : state) {
      all.add(
          switch (e.kind()) {
            case PARAMETER -> moved(e.initial(seed), StateEntry.random(seed + 1, e.name()));
            case SLOT -> uniform(e, StateEntry.random(seed, e.name()));
            case STATE, KEY -> e.initial(seed);
          });
    }
    return all;
  }

  private static Literal moved(Literal initial, RandomGenerator random) {
    double[] values = initial.toArray();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] + 0.1 * (random.nextDouble() - 0.5));
    }
    return Literal.adopt(initial.type(), values);
  }

  private static Literal uniform(StateEntry e, RandomGenerator random) {
    return Literal.adopt(e.type(), random.doubles(e.type().size(), 0.25, 1).map(x -> (float) x).toArray());
  }

  private List<Literal> batch(Map<String, Literal> batch) {
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
    return all;
  }
}
