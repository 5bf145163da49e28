package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Rewriter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/**
 * Rewrites the loops of a kernel of one work item that add up in a variable, each iteration of which would wait for the
 * addition of the one before.
 *
 * <p>A short loop is unrolled. In a longer one the sum goes to a shift register: each iteration adds to the sum of as many
 * iterations ago as an addition takes, and the partial sums are added at the end. Where neighbouring iterations read
 * neighbouring elements, several are unrolled into one, and their terms added as a tree. Sums are of floats, in another
 * order than before, which kernels allow; products, maxima and minima are treated alike.
 */
final class Reductions extends Rewriter {
  /** Partial sums: what an f32 addition takes, and twice that for f64. */
  private static final int PARTS = Latencies.F32_ADD;
  private static final int WIDE_PARTS = 2 * PARTS;
  /** Loops of up to so many iterations are unrolled, if that is not too much. */
  private static final int SHORT = 16;
  private static final int MOST_COPIES = 64;
  /** Iterations that are unrolled into one, at most. */
  private static final int MOST_WIDE = 8;
  /** A loop is shortened to no less than this. */
  private static final int LEAST_TRIPS = 8;

  private final Set<String> names = new HashSet<>();
  private final Set<Variable> assigned = new HashSet<>();
  private final Map<Variable, Affine> affine = new HashMap<>();
  private final List<Memory> arrays;

  private Reductions(Kernel kernel) {
    arrays = new ArrayList<>(kernel.arrays());
    kernel.arrays().forEach(a -> names.add(a.name()));
    kernel.parameters().forEach(p -> names.add(p.name()));
    Set<Variable> declared = new HashSet<>();
    Dataflow.changes(kernel.body(), assigned, declared, new HashSet<>());
    declared.forEach(v -> names.add(v.name()));
  }

  static Launch of(Launch launch) {
    Kernel kernel = launch.kernel();
    Reductions r = new Reductions(kernel);
    List<Statement> body = r.block(kernel.body());
    return body.equals(kernel.body())
        ? launch
        : new Launch(
            Kernel.named(kernel.family(), kernel.parameters(), r.arrays, kernel.local(), body), launch.global(),
            launch.arguments());
  }

  /** A variable that a loop only adds to, and what adding is. */
  private record Sum(Variable variable, BinaryOp op) {
    Value identity() {
      DType dtype = variable.type().dtype();
      return switch (op) {
        case MUL -> Values.constant(dtype, 1);
        case MAX -> Values.constant(dtype, Double.NEGATIVE_INFINITY);
        case MIN -> Values.constant(dtype, Double.POSITIVE_INFINITY);
        default -> Values.constant(dtype, 0);
      };
    }

    int parts() {
      return op == BinaryOp.MAX || op == BinaryOp.MIN
          ? 2
          : variable.type().dtype() == DType.F64 ? WIDE_PARTS : PARTS;
    }

    Value join(Value a, Value b) {
      return Values.binary(op, a, b);
    }

    /** As a tree, so that the way is short. */
    Value joinAll(List<Value> values) {
      int half = values.size() / 2;
      return values.size() == 1
          ? values.getFirst()
          : join(joinAll(values.subList(0, half)), joinAll(values.subList(half, values.size())));
    }
  }

  private String unique(String base) {
    String name = base;
    for (int n = 2; !names.add(name); n++) {
      name = base + "_" + n;
    }
    return name;
  }

  @Override
  protected void statement(Statement statement, List<Statement> out) {
    if (statement instanceof Statement.Declare(Variable v, Value value) && !assigned.contains(v)
        && v.type().isScalar() && v.type().dtype().isInteger()) {
      affine.put(v, Affine.of(value, affine));
    }
    if (!(statement instanceof Statement.For f)) {
      super.statement(statement, out);
      return;
    }
    List<Statement> body = block(f.body());
    Statement.For now = new Statement.For(f.counter(), f.from(), f.to(), f.step(), f.unroll(), body);
    List<Sum> sums = f.unroll() == 1 ? sums(now) : List.of();
    if (sums.isEmpty()) {
      out.add(now);
      return;
    }
    long trips = trips(f);
    if (trips >= 0 && trips <= SHORT && trips * size(body) <= MOST_COPIES) {
      out.add(new Statement.For(f.counter(), f.from(), f.to(), f.step(), Statement.For.FULLY, body));
    } else {
      shift(now, sums, trips, out);
    }
  }

  private static long trips(Statement.For f) {
    return f.from() instanceof Value.Constant a && f.to() instanceof Value.Constant b
        ? Math.max(0, Math.ceilDiv(b.bits() - a.bits(), f.step()))
        : -1;
  }

  /** Statements after unrolling. */
  private static long size(List<Statement> body) {
    long size = 0;
    for (Statement s : body) {
      size += switch (s) {
        case Statement.For f -> size(f.body()) * Math.max(1, trips(f));
        case Statement.If i -> 1 + size(i.then()) + size(i.otherwise());
        default -> 1;
      };
    }
    return size;
  }

  /**
   * The variables from outside that the loop changes, if it does nothing with any of them but add to it, and has no loop
   * inside that stays one; none otherwise.
   */
  private static List<Sum> sums(Statement.For f) {
    if (!isStraight(f.body())) {
      return List.of();
    }
    Set<Variable> outside = new HashSet<>();
    Set<Variable> inside = new HashSet<>();
    Dataflow.changes(f.body(), outside, inside, new HashSet<>());
    outside.removeAll(inside);
    Uses uses = new Uses(outside);
    uses.block(f.body());
    List<Sum> sums = new ArrayList<>();
    for (Variable v : outside) {
      BinaryOp op = uses.ops.get(v);
      if (op == null || !v.type().isScalar() || !v.type().dtype().isFloating()) {
        return List.of();
      }
      sums.add(new Sum(v, op));
    }
    sums.sort((a, b) -> a.variable().name().compareTo(b.variable().name()));
    return sums;
  }

  private static boolean isStraight(List<Statement> body) {
    return body.stream().allMatch(s -> switch (s) {
      case Statement.For f -> f.unroll() == Statement.For.FULLY && trips(f) >= 0 && isStraight(f.body());
      case Statement.If i -> isStraight(i.then()) && isStraight(i.otherwise());
      case Statement.Barrier b -> false;
      default -> true;
    });
  }

  /** Finds how variables are used: those that are only added to keep their operation. */
  private static final class Uses extends Rewriter {
    final Map<Variable, BinaryOp> ops = new HashMap<>();
    private final Set<Variable> candidates;
    private final Set<Variable> spoilt = new HashSet<>();

    Uses(Set<Variable> candidates) {
      this.candidates = candidates;
    }

    @Override
    public Value value(Value value) {
      if (value instanceof Value.Read r) {
        spoil(r.variable());
      }
      value.operands().forEach(this::value);
      return value;
    }

    private void spoil(Variable v) {
      spoilt.add(v);
      ops.remove(v);
    }

    @Override
    protected void statement(Statement s, List<Statement> out) {
      if (s instanceof Statement.Assign(Variable v, Value value) && candidates.contains(v)) {
        term(v, value);
      } else {
        super.statement(s, out);
      }
    }

    private void term(Variable v, Value value) {
      switch (value) {
        case Value.Binary b when isJoin(b.op()) && isRead(b.a(), v) -> joined(v, b.op(), b.b());
        case Value.Binary b when isJoin(b.op()) && isRead(b.b(), v) -> joined(v, b.op(), b.a());
        case Value.MultiplyAdd m when isRead(m.c(), v) -> {
          joined(v, BinaryOp.ADD, m.a());
          value(m.b());
        }
        default -> {
          spoil(v);
          value(value);
        }
      }
    }

    private void joined(Variable v, BinaryOp op, Value term) {
      value(term);
      BinaryOp before = ops.get(v);
      if (spoilt.contains(v) || before != null && before != op) {
        spoil(v);
      } else {
        ops.put(v, op);
      }
    }

    private static boolean isRead(Value value, Variable v) {
      return value instanceof Value.Read r && r.variable().equals(v);
    }

    private static boolean isJoin(BinaryOp op) {
      return op == BinaryOp.ADD || op == BinaryOp.MUL || op == BinaryOp.MAX || op == BinaryOp.MIN;
    }
  }

  private void shift(Statement.For f, List<Sum> sums, long trips, List<Statement> out) {
    int wide = wide(f, trips);
    Map<Sum, Memory.Private> registers = new LinkedHashMap<>();
    for (Sum s : sums) {
      Memory.Private parts = new Memory.Private(unique(s.variable().name() + "_parts"), s.variable().type().dtype(),
          s.parts());
      arrays.add(parts);
      registers.put(s, parts);
      out.add(unrolled(s.parts(), i -> new Statement.Store(parts, i, s.identity(), false)));
    }
    Value to = f.to();
    if (wide > 1 && !(to instanceof Value.Constant)) {
      Variable end = new Variable(unique(f.counter().name() + "_last"), to.type());
      out.add(new Statement.Declare(end, to));
      to = Values.read(end);
    }
    List<Statement> body = wide == 1 ? narrow(f.body(), sums, registers) : widened(f, to, wide, trips, sums, registers);
    out.add(new Statement.For(f.counter(), f.from(), to, f.step() * wide, 1, body));
    registers.forEach((s, parts) -> {
      List<Value> all = new ArrayList<>();
      for (int i = 0; i < s.parts(); i++) {
        all.add(Values.load(parts, Values.index(i)));
      }
      out.add(new Statement.Assign(s.variable(), s.join(Values.read(s.variable()), s.joinAll(all))));
    });
  }

  private Statement.For unrolled(long count, Function<Value, Statement> body) {
    Variable counter = new Variable(unique("stage"), Type.I32);
    return new Statement.For(
        counter, Values.index(0), Values.index(count), 1, Statement.For.FULLY,
        List.of(body.apply(Values.read(counter))));
  }

  /** The last of the shift register is what this iteration adds to. */
  private List<Statement> narrow(List<Statement> body, List<Sum> sums, Map<Sum, Memory.Private> registers) {
    List<Statement> all = new ArrayList<>();
    Map<Variable, Variable> renamed = new HashMap<>();
    for (Sum s : sums) {
      Variable now = new Variable(unique(s.variable().name() + "_now"), s.variable().type());
      renamed.put(s.variable(), now);
      all.add(new Statement.Declare(now, Values.load(part(registers, s), Values.index(s.parts() - 1))));
    }
    all.addAll(new Copy(renamed, Map.of()).block(body));
    for (Sum s : sums) {
      push(part(registers, s), Values.read(renamed.getOrDefault(s.variable(), s.variable())), all);
    }
    return all;
  }

  private static Memory.Private part(Map<Sum, Memory.Private> registers, Sum s) {
    Memory.Private parts = registers.get(s);
    if (parts == null) {
      throw new IllegalStateException("no register for " + s);
    }
    return parts;
  }

  /** Shifts by one, and puts the new value first. */
  private void push(Memory.Private parts, Value value, List<Statement> out) {
    long last = parts.elements() - 1;
    out.add(unrolled(last, i -> new Statement.Store(
        parts, Values.sub(Values.index(last), i), Values.load(parts, Values.sub(Values.index(last - 1), i)), false)));
    out.add(new Statement.Store(parts, Values.index(0), value, false));
  }

  /** Several iterations as one, each with sums of its own. */
  private List<Statement> widened(
      Statement.For f, Value to, int wide, long trips, List<Sum> sums, Map<Sum, Memory.Private> registers) {
    List<Statement> all = new ArrayList<>();
    Map<Sum, List<Value>> terms = new LinkedHashMap<>();
    for (int u = 0; u < wide; u++) {
      Map<Variable, Variable> renamed = new HashMap<>();
      for (Sum s : sums) {
        Variable own = new Variable(unique(s.variable().name() + "_" + u), s.variable().type());
        renamed.put(s.variable(), own);
        all.add(new Statement.Declare(own, s.identity()));
        terms.computeIfAbsent(s, x -> new ArrayList<>()).add(Values.read(own));
      }
      Value at = Values.add(Values.read(f.counter()), u * f.step());
      Map<Variable, Value> known = new HashMap<>();
      if (u > 0) {
        Variable name = new Variable(unique(f.counter().name() + "_" + u), f.counter().type());
        all.add(new Statement.Declare(name, at));
        at = Values.read(name);
        known.put(f.counter(), at);
      }
      Set<Variable> declared = new HashSet<>();
      Dataflow.changes(f.body(), new HashSet<>(), declared, new HashSet<>());
      for (Variable v : declared) {
        renamed.put(v, new Variable(unique(v.name() + "_" + u), v.type()));
      }
      List<Statement> copy = new Copy(renamed, known).block(f.body());
      if (u == 0 || trips >= 0 && trips % wide == 0) {
        all.addAll(copy);
      } else {
        all.add(new Statement.If(Values.less(at, to), copy, List.of()));
      }
    }
    terms.forEach((s, values) -> {
      Memory.Private parts = part(registers, s);
      Variable now = new Variable(unique(s.variable().name() + "_now"), s.variable().type());
      all.add(new Statement.Declare(
          now, s.join(Values.load(parts, Values.index(s.parts() - 1)), s.joinAll(values))));
      push(parts, Values.read(now), all);
    });
    return all;
  }

  /** How many iterations go well into one: those of a long loop that reads memory forward and writes none. */
  private int wide(Statement.For f, long trips) {
    Set<Memory> stored = new HashSet<>();
    Dataflow.changes(f.body(), new HashSet<>(), new HashSet<>(), stored);
    long copies = MOST_COPIES / Math.max(1, size(f.body()));
    if (!stored.isEmpty() || copies < 2) {
      return 1;
    }
    Map<Variable, Affine> within = new HashMap<>(affine);
    if (!forward(f.body(), f, within)) {
      return 1;
    }
    long most = Math.min(Math.min(MOST_WIDE, copies), trips < 0 ? MOST_WIDE : trips / LEAST_TRIPS);
    return most < 2 ? 1 : Integer.highestOneBit((int) most);
  }

  private boolean forward(List<Statement> body, Statement.For f, Map<Variable, Affine> within) {
    for (Statement s : body) {
      boolean fits = switch (s) {
        case Statement.Declare(Variable v, Value value) -> {
          if (!assigned.contains(v) && v.type().isScalar() && v.type().dtype().isInteger()) {
            within.put(v, Affine.of(value, within));
          }
          yield forward(value, f, within);
        }
        case Statement.Assign a -> forward(a.value(), f, within);
        case Statement.If i -> forward(i.condition(), f, within) && forward(i.then(), f, within)
            && forward(i.otherwise(), f, within);
        case Statement.For inner -> false;
        case Statement.Store st -> false;
        case Statement.Barrier b -> false;
      };
      if (!fits) {
        return false;
      }
    }
    return true;
  }

  /** Whether all loads go on by one element, or stay, in each iteration; and nothing is an expensive function. */
  private static boolean forward(Value value, Statement.For f, Map<Variable, Affine> within) {
    if (value instanceof Value.Unary u && Latencies.of(u) > 2 * Latencies.F32_ADD) {
      return false;
    }
    if (value instanceof Value.Load l) {
      Affine index = Affine.of(l.index(), within);
      long stride = index.coefficient(f.counter()) * f.step();
      boolean elsewhere = index.terms().keySet().stream().anyMatch(
          t -> !(t instanceof Value.Read) && reads(t, f.counter()));
      if (elsewhere || stride != 0 && stride != 1 && l.memory() instanceof Parameter.Global) {
        return false;
      }
    }
    return value.operands().stream().allMatch(o -> forward(o, f, within));
  }

  private static boolean reads(Value value, Variable v) {
    return value instanceof Value.Read r && r.variable().equals(v)
        || value.operands().stream().anyMatch(o -> reads(o, v));
  }

  /** A copy with other names. */
  private static final class Copy extends Rewriter {
    private final Map<Variable, Variable> renamed;
    private final Map<Variable, Value> known;

    Copy(Map<Variable, Variable> renamed, Map<Variable, Value> known) {
      this.renamed = renamed;
      this.known = known;
    }

    private Variable name(Variable v) {
      return renamed.getOrDefault(v, v);
    }

    @Override
    public Value value(Value value) {
      if (value instanceof Value.Read(Variable v)) {
        Value k = known.get(v);
        return k != null ? k : Values.read(name(v));
      }
      return rebuild(value);
    }

    @Override
    protected void statement(Statement s, List<Statement> out) {
      switch (s) {
        case Statement.Declare(Variable v, Value value) -> out.add(new Statement.Declare(name(v), value(value)));
        case Statement.Assign(Variable v, Value value) -> out.add(new Statement.Assign(name(v), value(value)));
        case Statement.For f -> out.add(
            new Statement.For(name(f.counter()), value(f.from()), value(f.to()), f.step(), f.unroll(),
                block(f.body())));
        default -> super.statement(s, out);
      }
    }
  }
}
