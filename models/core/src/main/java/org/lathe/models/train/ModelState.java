package org.lathe.models.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.nn.Initializer;

/**
 * A model's values on a device: parameters, states, optimiser slots and step counters, each under its name.
 *
 * <p>Ownership: it closes its arrays, after the steps that are bound to them. Threads: the caller orders runs of steps
 * against reads and writes.
 */
public final class ModelState implements AutoCloseable {
  private final Lathe lathe;
  private final long seed;
  private final Map<String, Array> arrays = new LinkedHashMap<>();
  private final Map<String, StateEntry> entries = new LinkedHashMap<>();

  /**
   * @param seed what all first values are made from, each by its name alone
   */
  public ModelState(Lathe lathe, long seed) {
    this.lathe = lathe;
    this.seed = seed;
  }

  public Lathe lathe() {
    return lathe;
  }

  public long seed() {
    return seed;
  }

  /** Adds what {@code graph} needs and is not there yet, with its first values. */
  public ModelState include(StepGraph graph) {
    graph.state().forEach(e -> include(e, "step '" + graph.name() + "'"));
    return this;
  }

  /**
   * An array that no step knows of, all 0 at first: what a training keeps on the host and wants in its checkpoints, such as
   * where environments stand. The training writes it before an iteration ends.
   */
  public Array include(String name, TensorType type) {
    include(new StateEntry(name, type, StateEntry.Kind.STATE, Initializer.ZEROS), "what was asked for");
    return array(name);
  }

  private void include(StateEntry e, String where) {
    StateEntry known = entries.putIfAbsent(e.name(), e);
    if (known == null) {
      arrays.put(e.name(), lathe.array(e.initial(seed)));
    } else if (!known.type().equals(e.type())) {
      throw new IllegalArgumentException(
          "'" + e.name() + "' is " + known.type() + " in this state and " + e.type() + " in " + where);
    }
  }

  /** By name, in the order of inclusion. */
  public Map<String, Array> arrays() {
    return Collections.unmodifiableMap(arrays);
  }

  public Map<String, StateEntry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  public Array array(String name) {
    Array a = arrays.get(name);
    if (a == null) {
      throw new IllegalArgumentException("this state has no '" + name + "', it has " + arrays.keySet());
    }
    return a;
  }

  /** How often the step of this name has run. */
  public long steps(String step) {
    return array("step." + step).toLongs()[1];
  }

  /** A copy of all values on the host. */
  public Map<String, Literal> snapshot() {
    Map<String, Literal> copy = new LinkedHashMap<>();
    arrays.forEach((name, a) -> copy.put(name, a.toLiteral()));
    return copy;
  }

  /** Puts a snapshot's values back. */
  public void restore(Map<String, Literal> snapshot) {
    snapshot.forEach((name, value) -> array(name).write(value));
  }

  @Override
  public void close() {
    List<Array> all = new ArrayList<>(arrays.values());
    arrays.clear();
    entries.clear();
    all.forEach(Array::close);
  }
}
