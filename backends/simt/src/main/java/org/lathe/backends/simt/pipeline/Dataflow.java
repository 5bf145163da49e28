package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;

/**
 * One iteration of straight-line code as hardware: when each value is there, counted from the iteration's start, and how
 * long the way is from each thing that an earlier iteration may have made.
 */
final class Dataflow {

  /** What an iteration takes from the one before: a variable, an element of an array in registers, or a load. */
  sealed interface Source {
    String name();
  }

  record Register(Variable variable) implements Source {
    @Override
    public String name() {
      return variable.name();
    }
  }

  record Element(Memory memory, long index) implements Source {
    @Override
    public String name() {
      return memory.name();
    }
  }

  record Load(int number, Memory memory, Affine index, int lanes) implements Source {
    @Override
    public String name() {
      return memory.name();
    }
  }

  record Store(Memory memory, Affine index, int lanes, Timing timing) {}

  /**
   * When a value is there.
   *
   * @param at cycles after the start
   * @param from the longest way, in cycles, from each source that it depends on
   */
  record Timing(int at, Map<Source, Integer> from) {
    static final Timing START = new Timing(0, Map.of());

    Timing and(Timing other) {
      if (other == this || other.at == 0 && other.from.isEmpty()) {
        return this;
      }
      if (at == 0 && from.isEmpty()) {
        return other;
      }
      Map<Source, Integer> both = new HashMap<>(from);
      other.from.forEach((s, l) -> both.merge(s, l, Math::max));
      return new Timing(Math.max(at, other.at), both);
    }

    Timing after(int cycles) {
      if (cycles == 0) {
        return this;
      }
      Map<Source, Integer> later = new HashMap<>();
      from.forEach((s, l) -> later.put(s, l + cycles));
      return new Timing(at + cycles, later);
    }
  }

  private final Set<Memory> registers;
  private final Set<Variable> carried;
  private final Set<Variable> assigned;
  private final Map<Variable, Affine> names;
  private Map<Variable, Timing> variables = new HashMap<>();
  private Map<Element, Timing> elements = new HashMap<>();
  private final Set<Memory> written;
  private final List<Load> loads = new ArrayList<>();
  private final List<Store> stores = new ArrayList<>();
  private int depth;

  /**
   * @param registers the arrays that are registers: touched at known places only
   * @param names what is behind the variables made before, and after the run those of this code too
   * @param assigned the variables that change anywhere in the kernel
   * @param iterates whether what this code leaves is what it finds the next time
   */
  Dataflow(
      List<Statement> body, Set<Memory> registers, Map<Variable, Affine> names, Set<Variable> assigned,
      boolean iterates) {
    this.registers = registers;
    this.names = names;
    this.assigned = assigned;
    Set<Variable> changed = new HashSet<>();
    Set<Variable> declared = new HashSet<>();
    this.written = new HashSet<>();
    changes(body, changed, declared, written);
    this.carried = new HashSet<>();
    if (iterates) {
      carried.addAll(changed);
      carried.removeAll(declared);
    }
    if (!iterates) {
      written.removeAll(registers);
    }
    block(body, Timing.START);
  }

  /** What the statements assign, declare, and store to. */
  static void changes(
      List<Statement> body, Set<Variable> assigned, Set<Variable> declared, Set<Memory> stored) {
    for (Statement s : body) {
      switch (s) {
        case Statement.Declare d -> declared.add(d.variable());
        case Statement.Assign a -> assigned.add(a.variable());
        case Statement.Store st -> stored.add(st.memory());
        case Statement.For f -> {
          declared.add(f.counter());
          changes(f.body(), assigned, declared, stored);
        }
        case Statement.If i -> {
          changes(i.then(), assigned, declared, stored);
          changes(i.otherwise(), assigned, declared, stored);
        }
        case Statement.Barrier b -> {}
      }
    }
  }

  /** Cycles from the start until the last result. */
  int depth() {
    return depth;
  }

  List<Load> loads() {
    return loads;
  }

  List<Store> stores() {
    return stores;
  }

  /** What the next iteration finds in each register, and how it came about. */
  Map<Source, Timing> carriedOver() {
    Map<Source, Timing> all = new HashMap<>();
    for (Variable v : carried) {
      all.put(new Register(v), variables.getOrDefault(v, Timing.START));
    }
    elements.forEach((e, t) -> {
      if (written.contains(e.memory())) {
        all.put(e, t);
      }
    });
    return all;
  }

  private void block(List<Statement> body, Timing guard) {
    for (Statement s : body) {
      switch (s) {
        case Statement.Declare(Variable v, Value value) -> {
          set(v, time(value));
          if (!assigned.contains(v) && v.type().isScalar() && v.type().dtype().isInteger()) {
            names.put(v, Affine.of(value, names));
          }
        }
        case Statement.Assign(Variable v, Value value) -> set(v, time(value).and(guard));
        case Statement.Store(Memory m, Value index, Value value, boolean aligned) -> store(m, index, value, guard);
        case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) ->
          branch(time(condition).and(guard).after(1), then, otherwise);
        case Statement.For f -> throw new IllegalArgumentException("a loop in straight-line code");
        case Statement.Barrier b -> {}
      }
    }
  }

  private void set(Variable v, Timing t) {
    variables.put(v, t);
    depth = Math.max(depth, t.at());
  }

  private void branch(Timing guard, List<Statement> then, List<Statement> otherwise) {
    Map<Variable, Timing> variablesBefore = variables;
    Map<Element, Timing> elementsBefore = elements;
    variables = new HashMap<>(variablesBefore);
    elements = new HashMap<>(elementsBefore);
    block(then, guard);
    Map<Variable, Timing> variablesThen = variables;
    Map<Element, Timing> elementsThen = elements;
    variables = new HashMap<>(variablesBefore);
    elements = new HashMap<>(elementsBefore);
    block(otherwise, guard);
    Set<Variable> all = new HashSet<>(variablesThen.keySet());
    all.addAll(variables.keySet());
    for (Variable v : all) {
      variables.put(v, variables.getOrDefault(v, initial(v)).and(variablesThen.getOrDefault(v, initial(v))));
    }
    Set<Element> places = new HashSet<>(elementsThen.keySet());
    places.addAll(elements.keySet());
    for (Element e : places) {
      elements.put(e, elements.getOrDefault(e, initial(e)).and(elementsThen.getOrDefault(e, initial(e))));
    }
  }

  private Timing initial(Variable v) {
    return carried.contains(v) ? new Timing(0, Map.of(new Register(v), 0)) : Timing.START;
  }

  private Timing initial(Element e) {
    return written.contains(e.memory()) ? new Timing(0, Map.of(e, 0)) : Timing.START;
  }

  private void store(Memory m, Value index, Value value, Timing guard) {
    Timing t = time(value).and(guard);
    int lanes = value.type().lanes();
    Long first = registers.contains(m) ? place(index) : null;
    if (first != null) {
      for (int i = 0; i < lanes; i++) {
        elements.put(new Element(m, first + i), t);
      }
    } else {
      t = t.and(time(index));
      stores.add(new Store(m, Affine.of(index, names), lanes, t));
    }
    depth = Math.max(depth, t.at() + 1);
  }

  /** The element, where it is known. */
  private @Nullable Long place(Value index) {
    Affine a = Affine.of(index, names);
    return a.terms().isEmpty() ? a.constant() : null;
  }

  private Timing time(Value value) {
    if (value instanceof Value.Read(Variable v)) {
      Timing t = variables.get(v);
      return t != null ? t : initial(v);
    }
    Timing t = Timing.START;
    for (Value operand : value.operands()) {
      t = t.and(time(operand));
    }
    if (!(value instanceof Value.Load l)) {
      return t.after(Latencies.of(value));
    }
    Long first = registers.contains(l.memory()) ? place(l.index()) : null;
    if (first != null) {
      Timing all = Timing.START;
      for (int i = 0; i < l.lanes(); i++) {
        Element e = new Element(l.memory(), first + i);
        Timing now = elements.get(e);
        all = all.and(now != null ? now : initial(e));
      }
      return all;
    }
    Load load = new Load(loads.size(), l.memory(), Affine.of(l.index(), names), l.lanes());
    loads.add(load);
    Timing loaded = t.after(Latencies.load(l.memory()));
    return loaded.and(new Timing(0, Map.of(load, 0)));
  }
}
