package org.lathe.backends.simt.verify;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.ReservedNames;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;

/** Names, scopes and types, and who may read and write which memory. */
final class Structure {
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private final Kernel kernel;
  private final Problems problems;
  private final Set<String> names = new HashSet<>();
  private final Set<Memory> memories = new HashSet<>();
  private final Set<Parameter> parameters = new HashSet<>();
  private final Deque<Set<Variable>> scopes = new ArrayDeque<>();
  private final Set<Variable> counters = new HashSet<>();
  private boolean usesF64;

  private Structure(Kernel kernel, Problems problems) {
    this.kernel = kernel;
    this.problems = problems;
  }

  /** Checks the whole kernel; gives whether it has values or memory of f64. */
  static boolean check(Kernel kernel, Problems problems) {
    Structure s = new Structure(kernel, problems);
    s.declarations();
    s.block(kernel.body());
    return s.usesF64;
  }

  private void declarations() {
    if (!NAME.matcher(kernel.name()).matches()) {
      problems.add("'" + kernel.name() + "' is not a name");
    }
    for (Parameter p : kernel.parameters()) {
      name(p.name(), p::toString);
      parameters.add(p);
      if (p instanceof Parameter.Global g) {
        memory(g);
        // The renderer's names for what makes up the pointer.
        name(g.name() + "_buffer", p::toString);
        name(g.name() + "_offset", p::toString);
      }
    }
    for (Memory m : kernel.arrays()) {
      name(m.name(), m::toString);
      memory(m);
      if (m instanceof Parameter) {
        problems.add("'" + m + "' is a parameter among the arrays");
      }
    }
  }

  private void memory(Memory m) {
    memories.add(m);
    usesF64 |= m.dtype() == DType.F64;
    if (m.elements() < 0) {
      problems.add("'" + m + "' has a negative size");
    }
  }

  private void name(String name, Supplier<String> what) {
    if (!NAME.matcher(name).matches()) {
      problems.add("'" + name + "' of '" + what.get() + "' is not a name");
    } else if (ReservedNames.contains(name)) {
      problems.add("'" + name + "' of '" + what.get() + "' is reserved in OpenCL C");
    } else if (!names.add(name)) {
      problems.add("'" + name + "' of '" + what.get() + "' is the name of something else too");
    }
  }

  private void block(List<Statement> body) {
    scopes.push(new HashSet<>());
    body.forEach(this::statement);
    scopes.pop();
  }

  private void declare(Variable v) {
    name(v.name(), () -> v.name() + ": " + v.type());
    scopes.getFirst().add(v);
  }

  private boolean isKnown(Variable v) {
    return scopes.stream().anyMatch(s -> s.contains(v));
  }

  private void statement(Statement s) {
    switch (s) {
      case Statement.Declare(Variable v, Value value) -> {
        value(value, s);
        require(value.type().equals(v.type()), s, "'" + v.name() + "' of " + v.type() + " begins as " + value.type());
        declare(v);
      }
      case Statement.Assign(Variable v, Value value) -> {
        value(value, s);
        require(isKnown(v), s, "'" + v.name() + "' is assigned where it is not declared");
        require(value.type().equals(v.type()), s, "'" + v.name() + "' of " + v.type() + " becomes " + value.type());
        require(!counters.contains(v), s, "the loop counter '" + v.name() + "' is assigned");
      }
      case Statement.Store(Memory m, Value index, Value value, boolean aligned) -> {
        value(index, s);
        value(value, s);
        require(TypeRules.isIndex(index.type()), s, "an index of " + index.type());
        require(memories.contains(m), s, "'" + m.name() + "' is no memory of this kernel");
        require(
            !(m instanceof Parameter.Global g) || g.access() != Parameter.Access.READ, s,
            "'" + m.name() + "' is only to be read");
        require(TypeRules.stores(m, value.type()), s, value.type() + " goes to '" + m + "'");
      }
      case Statement.For f -> loop(f);
      case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) -> {
        value(condition, s);
        require(condition.type().equals(Type.BOOL), s, "a condition of " + condition.type());
        block(then);
        block(otherwise);
      }
      case Statement.Barrier b -> {}
    }
  }

  private void loop(Statement.For f) {
    value(f.from(), f);
    value(f.to(), f);
    Type t = f.counter().type();
    require(TypeRules.isIndex(t), f, "a loop counter of " + t);
    require(
        f.from().type().equals(t) && f.to().type().equals(t), f,
        "a loop of " + t + " from " + f.from().type() + " to " + f.to().type());
    require(f.unroll() >= 1, f, "a loop unrolled " + f.unroll() + " times");
    scopes.push(new HashSet<>());
    declare(f.counter());
    name(f.counter().name() + "_end", () -> "the loop over " + f.counter().name());
    counters.add(f.counter());
    block(f.body());
    scopes.pop();
  }

  private void value(Value v, Statement s) {
    v.operands().forEach(o -> value(o, s));
    TypeRules.complaint(v).ifPresent(why -> problems.add(why, s));
    usesF64 |= v.type().dtype() == DType.F64;
    switch (v) {
      case Value.Read(Variable variable) ->
        require(isKnown(variable), s, "'" + variable.name() + "' is read where it is not declared");
      case Value.Argument(Parameter.Scalar p) ->
        require(parameters.contains(p), s, "'" + p.name() + "' is no parameter of this kernel");
      case Value.Load l -> {
        Memory m = l.memory();
        require(memories.contains(m), s, "'" + m.name() + "' is no memory of this kernel");
        require(
            !(m instanceof Parameter.Global g) || g.access() != Parameter.Access.WRITE, s,
            "'" + m.name() + "' is only to be written");
      }
      default -> {}
    }
  }

  private void require(boolean condition, Statement s, String what) {
    if (!condition) {
      problems.add(what, s);
    }
  }
}
