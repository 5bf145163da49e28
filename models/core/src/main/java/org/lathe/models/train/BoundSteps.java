package org.lathe.models.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Several steps bound to one state, by name, and closed together. */
public final class BoundSteps implements AutoCloseable {
  private final Map<String, BoundStep> steps = new LinkedHashMap<>();

  /** Compiles all of {@code steps}, whose names differ. */
  public BoundSteps(List<Step> steps, ModelState state) {
    try {
      for (Step step : steps) {
        if (this.steps.containsKey(step.name())) {
          throw new IllegalArgumentException("two steps are named '" + step.name() + "'");
        }
        this.steps.put(step.name(), BoundStep.bind(step, state));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  public BoundStep get(String name) {
    BoundStep step = steps.get(name);
    if (step == null) {
      throw new IllegalArgumentException("there is no step '" + name + "', only " + steps.keySet());
    }
    return step;
  }

  /** In the order given. */
  public List<BoundStep> all() {
    return new ArrayList<>(steps.values());
  }

  @Override
  public void close() {
    steps.values().forEach(BoundStep::close);
  }
}
