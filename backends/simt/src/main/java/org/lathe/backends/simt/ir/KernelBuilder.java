package org.lathe.backends.simt.ir;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** Writes one kernel, statement after statement. Not for several threads. */
public class KernelBuilder {
  private final String family;
  private final List<Parameter> parameters = new ArrayList<>();
  private final List<Memory> arrays = new ArrayList<>();
  private final Deque<List<Statement>> open = new ArrayDeque<>();
  private final Map<String, Integer> names = new HashMap<>();

  /**
   * @param family what the kernel does, for its name: lower case letters, digits and underscores
   */
  public KernelBuilder(String family) {
    this.family = family;
    open.push(new ArrayList<>());
  }

  /** A name that is neither taken yet nor reserved: {@code base}, or it with a letter before or a number behind. */
  private String unique(String base) {
    String name = ReservedNames.contains(base) ? "a_" + base : base;
    int n = names.merge(name, 1, Integer::sum);
    return n == 1 ? name : unique(name + "_" + n);
  }

  public Parameter.Global global(
      String name, DType dtype, long elements, Parameter.Access access, boolean mayAlias) {
    Parameter.Global p = new Parameter.Global(unique(name), dtype, elements, access, mayAlias);
    parameters.add(p);
    return p;
  }

  public Parameter.Scalar scalar(String name, DType dtype) {
    Parameter.Scalar p = new Parameter.Scalar(unique(name), dtype);
    parameters.add(p);
    return p;
  }

  /** Memory that the group shares. */
  public Memory.Local local(String name, DType dtype, long elements) {
    Memory.Local m = new Memory.Local(unique(name), dtype, elements);
    arrays.add(m);
    return m;
  }

  /** An array of each work item. Keep it small; values of fixed place are better in variables. */
  public Memory.Private array(String name, DType dtype, long elements) {
    Memory.Private m = new Memory.Private(unique(name), dtype, elements);
    arrays.add(m);
    return m;
  }

  /** A variable that begins with this value. */
  public Variable variable(String name, Value value) {
    Variable v = new Variable(unique(name), value.type());
    add(new Statement.Declare(v, value));
    return v;
  }

  /** A name for the value as it is now. Constants and names keep what they are. */
  public Value let(String name, Value value) {
    return value instanceof Value.Constant ? value : Values.read(variable(name, value));
  }

  public void assign(Variable variable, Value value) {
    Value v = Values.splat(value, variable.type().lanes());
    if (!v.type().equals(variable.type())) {
      throw new IllegalArgumentException("'" + variable.name() + "' of " + variable.type() + " = " + v.type());
    }
    add(new Statement.Assign(variable, v));
  }

  public void store(Memory memory, Value index, Value value) {
    store(memory, index, value, false);
  }

  public void store(Memory memory, Value index, Value value, boolean aligned) {
    Values.checkIndex(index);
    if (value.type().dtype() != memory.dtype().compute()) {
      throw new IllegalArgumentException("'" + memory.name() + "' of " + memory.dtype() + " = " + value.type());
    }
    add(new Statement.Store(memory, index, value, aligned && !value.type().isScalar()));
  }

  public void barrier() {
    add(new Statement.Barrier());
  }

  public void when(Value condition, Runnable then) {
    when(condition, then, () -> {});
  }

  /** A condition that is known leaves only the branch taken. */
  public void when(Value condition, Runnable then, Runnable otherwise) {
    if (condition instanceof Value.Constant c) {
      (c.bits() != 0 ? then : otherwise).run();
      return;
    }
    List<Statement> yes = block(then);
    List<Statement> no = block(otherwise);
    if (!yes.isEmpty() || !no.isEmpty()) {
      add(new Statement.If(condition, yes, no));
    }
  }

  public void loop(String name, Value from, Value to, long step, Consumer<Value> body) {
    loop(name, from, to, step, 1, body);
  }

  public void loop(String name, long count, Consumer<Value> body) {
    loop(name, Values.index(0), Values.index(count), 1, 1, body);
  }

  /** A loop; {@code unroll} as in {@link Statement.For}. One that runs once by its constants is no loop. */
  public void loop(String name, Value from, Value to, long step, int unroll, Consumer<Value> body) {
    if (from instanceof Value.Constant a && to instanceof Value.Constant b) {
      if (a.bits() >= b.bits()) {
        return;
      }
      if (a.bits() + step >= b.bits()) {
        body.accept(from);
        return;
      }
    }
    DType dtype = from.type().dtype() == DType.I64 || to.type().dtype() == DType.I64 ? DType.I64 : DType.I32;
    Variable counter = new Variable(unique(name), Type.of(dtype));
    List<Statement> inside = block(() -> body.accept(Values.read(counter)));
    add(new Statement.For(counter, Values.cast(from, dtype), Values.cast(to, dtype), step, unroll, inside));
  }

  private List<Statement> block(Runnable content) {
    open.push(new ArrayList<>());
    content.run();
    return open.pop();
  }

  private void add(Statement statement) {
    open.getFirst().add(statement);
  }

  /** The kernel, for groups of {@code x * y * z} work items. */
  public Kernel build(long x, long y, long z) {
    if (open.size() != 1) {
      throw new IllegalStateException("a kernel ends inside a block");
    }
    return Kernel.named(family, parameters, arrays, Dims.of(x, y, z), open.getFirst());
  }
}
