package org.lathe.backends.simt.pipeline;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;

/** Finds the arrays that are only touched at constant places: those are registers. */
final class KnownPlaces {
  private final Set<Memory> touched = new HashSet<>();
  private final Set<Memory> elsewhere = new HashSet<>();

  private KnownPlaces() {}

  static Set<Memory> in(List<Statement> body) {
    KnownPlaces k = new KnownPlaces();
    k.block(body);
    k.touched.removeAll(k.elsewhere);
    return k.touched;
  }

  private void block(List<Statement> body) {
    for (Statement s : body) {
      switch (s) {
        case Statement.Declare d -> value(d.value());
        case Statement.Assign a -> value(a.value());
        case Statement.Store st -> {
          access(st.memory(), st.index());
          value(st.index());
          value(st.value());
        }
        case Statement.For f -> {
          value(f.from());
          value(f.to());
          block(f.body());
        }
        case Statement.If i -> {
          value(i.condition());
          block(i.then());
          block(i.otherwise());
        }
        case Statement.Barrier b -> {}
      }
    }
  }

  private void value(Value value) {
    if (value instanceof Value.Load l) {
      access(l.memory(), l.index());
    }
    value.operands().forEach(this::value);
  }

  private void access(Memory memory, Value index) {
    if (!(memory instanceof Parameter.Global)) {
      (index instanceof Value.Constant ? touched : elsewhere).add(memory);
    }
  }
}
