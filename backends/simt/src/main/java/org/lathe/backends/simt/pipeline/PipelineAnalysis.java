package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.pipeline.Dataflow.Load;
import org.lathe.backends.simt.pipeline.Dataflow.Store;
import org.lathe.backends.simt.pipeline.LoopPipeline.Kind;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;

/**
 * A model of how the compilers for FPGAs make hardware of a kernel of one work item.
 *
 * <p>Loops are unrolled as they ask. A loop without loops inside is a pipeline, and so is a nest of loops with nothing
 * between them: an iteration starts each interval. The interval is the largest of what the dependences between iterations
 * need ({@link Recurrences}), what the ports of on-chip memory allow, and what global memory delivers. Loops with other
 * loops inside run in turn.
 */
public final class PipelineAnalysis {
  private final Map<Variable, Affine> names = new HashMap<>();
  private final Bounds bounds = new Bounds();
  private final List<LoopPipeline> loops = new ArrayList<>();
  private final Set<String> independent = new LinkedHashSet<>();
  private final Set<String> dependent = new HashSet<>();
  private final Traffic traffic = new Traffic();
  private final Set<Memory> registers;
  private final Set<Variable> assigned = new HashSet<>();

  private PipelineAnalysis(List<Statement> body) {
    this.registers = KnownPlaces.in(body);
    Dataflow.changes(body, assigned, new HashSet<>(), new HashSet<>());
  }

  /**
   * What to expect of the launch.
   *
   * @throws IllegalArgumentException if it is not one of a single work item
   */
  public static KernelPipeline of(Launch launch) {
    Kernel kernel = launch.kernel();
    if (!kernel.isSingleItem(launch.global())) {
      throw new IllegalArgumentException(
          kernel.name() + " runs " + launch.global() + " work items; a pipeline is of one");
    }
    Unrolling unrolling = new Unrolling(kernel.body(), arguments(launch));
    PipelineAnalysis a = new PipelineAnalysis(unrolling.body());
    double cycles = a.block(unrolling.body(), 0, 1);
    unrolling.copies().forEach((counter, copies) -> a.loops.add(
        new LoopPipeline(counter, 0, Trips.of(copies), Kind.UNROLLED, 0, 0, "copies of its body, side by side", 0, 1)));
    a.independent.removeAll(a.dependent);
    List<String> notes = new ArrayList<>();
    unrolling.refused().forEach(c -> notes.add("loop " + c + " is too large to unroll, or of unknown length"));
    long registerBytes = kernel.arrays().stream().filter(a.registers::contains)
        .mapToLong(m -> m.elements() * m.dtype().bytes()).sum();
    return new KernelPipeline(
        kernel.name(), a.loops, a.traffic.onChipBytes(kernel, a.registers), registerBytes, a.traffic.bytesRead(),
        a.traffic.bytesWritten(), cycles, a.independent, notes);
  }

  private static Map<Parameter.Scalar, Value> arguments(Launch launch) {
    Map<Parameter.Scalar, Value> arguments = new LinkedHashMap<>();
    for (int i = 0; i < launch.arguments().size(); i++) {
      if (launch.kernel().parameters().get(i) instanceof Parameter.Scalar s
          && launch.arguments().get(i) instanceof Argument.Number(long value)) {
        arguments.put(s, new Value.Constant(Type.of(s.dtype()), value));
      }
    }
    return arguments;
  }

  /** The cycles of statements that run one after the other, {@code entries} times in a launch. */
  private double block(List<Statement> body, int depth, double entries) {
    double cycles = 0;
    List<Statement> straight = new ArrayList<>();
    for (Statement s : body) {
      if (!hasLoop(s)) {
        straight.add(s);
        continue;
      }
      cycles += straight(straight, entries);
      straight.clear();
      cycles += switch (s) {
        case Statement.For f -> loop(f, depth, entries);
        case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) ->
          Math.max(block(then, depth, entries), block(otherwise, depth, entries));
        default -> 0;
      };
    }
    return cycles + straight(straight, entries);
  }

  private static boolean hasLoop(Statement s) {
    return switch (s) {
      case Statement.For f -> true;
      case Statement.If i ->
        i.then().stream().anyMatch(PipelineAnalysis::hasLoop)
            || i.otherwise().stream().anyMatch(PipelineAnalysis::hasLoop);
      default -> false;
    };
  }

  private int straight(List<Statement> body, double entries) {
    if (body.isEmpty()) {
      return 0;
    }
    define(body);
    Dataflow flow = new Dataflow(body, registers, names, assigned, false);
    traffic.count(flow, List.of(), v -> false, entries, 1);
    return flow.depth();
  }

  private void define(List<Statement> body) {
    for (Statement s : body) {
      if (s instanceof Statement.Declare(Variable v, Value value) && !assigned.contains(v)) {
        bounds.define(v, value);
      }
    }
  }

  private double loop(Statement.For f, int depth, double entries) {
    List<Statement.For> nest = new ArrayList<>();
    List<Trips> trips = new ArrayList<>();
    List<Statement> between = new ArrayList<>();
    List<Statement> body = null;
    for (Statement.For at = f; at != null;) {
      trips.add(bounds.of(at));
      nest.add(at);
      bounds.enter(at);
      Statement.For inner = only(at);
      if (inner == null) {
        body = at.body();
        break;
      }
      define(at.body());
      between.addAll(at.body().subList(0, at.body().size() - 1));
      if (!bounds.of(inner).isFixed()) {
        body = null;
        break;
      }
      at = inner;
    }
    nest.forEach(x -> bounds.leave());
    if (body == null || body.stream().anyMatch(PipelineAnalysis::hasLoop)) {
      return inTurn(f, depth, entries);
    }
    List<Statement> all = new ArrayList<>(between);
    all.addAll(body);
    return pipelined(nest, trips, all, depth, entries);
  }

  /** The only loop in a loop, with nothing beside it but names of what needs no memory; null if it is not so. */
  private Statement.@Nullable For only(Statement.For f) {
    for (int i = 0; i < f.body().size() - 1; i++) {
      if (!(f.body().get(i) instanceof Statement.Declare(Variable v, Value value)) || assigned.contains(v)
          || loads(value)) {
        return null;
      }
    }
    return !f.body().isEmpty() && f.body().getLast() instanceof Statement.For inner ? inner : null;
  }

  private static boolean loads(Value value) {
    return value instanceof Value.Load || value.operands().stream().anyMatch(PipelineAnalysis::loads);
  }

  private double inTurn(Statement.For f, int depth, double entries) {
    Trips trips = bounds.of(f);
    int place = loops.size();
    bounds.enter(f);
    double inside = block(f.body(), depth + 1, entries * trips.mean()) + 1;
    bounds.leave();
    double cycles = trips.mean() * inside;
    loops.add(place, new LoopPipeline(
        Recurrences.base(f.counter().name()), depth, trips, Kind.IN_TURN, inside,
        (int) Math.min(Integer.MAX_VALUE, inside),
        "each iteration runs the loops inside to their ends", cycles, entries));
    return cycles;
  }

  private double pipelined(
      List<Statement.For> nest, List<Trips> trips, List<Statement> body, int depth, double entries) {
    define(body);
    Dataflow flow = new Dataflow(body, registers, names, assigned, true);
    List<Dependences.Level> levels = new ArrayList<>();
    for (int i = 0; i < nest.size(); i++) {
      levels.add(new Dependences.Level(nest.get(i).counter(), nest.get(i).step(), trips.get(i).most()));
    }
    Set<Variable> varying = new HashSet<>();
    Dataflow.changes(body, varying, varying, new HashSet<>());
    Recurrences.Circle circle = circle(flow, new Dependences(levels, varying), levels);
    double iterations = trips.stream().mapToDouble(Trips::mean).reduce(1, (a, b) -> a * b);
    Traffic.Demand demand = traffic.count(flow, levels, v -> varies(v, varying), entries, iterations);
    double carried = circle == null ? 1 : Math.ceil((double) circle.cycles() / circle.iterations());
    double global = Math.ceil(demand.globalCycles());
    double interval = Math.max(Math.max(1, carried), Math.max(demand.portInterval(), global));
    String reason = interval == carried && interval > 1 && circle != null
        ? circle(circle)
        : interval == global && interval > 1
            ? String.format(
                Locale.ROOT, "global memory gives %d bytes a cycle: %.0f bytes in %d requests", Traffic.BYTES_PER_CYCLE,
                demand.globalBytes(), demand.requests())
            : interval > 1
                ? "more writers of " + demand.busiest() + " than it has ports"
                : circle == null || circle.cycles() == 0
                    ? "no iteration waits for another"
                    : circle(circle) + ", which is soon enough";
    double cycles = flow.depth() + interval * Math.max(0, iterations - 1);
    String counters = nest.stream().map(f -> Recurrences.base(f.counter().name())).collect(Collectors.joining(" "));
    loops.add(new LoopPipeline(
        counters, depth, product(trips), Kind.PIPELINED, interval, flow.depth(), reason, cycles, entries));
    return cycles;
  }

  private static String circle(Recurrences.Circle c) {
    return String.join(", ", c.through()) + (c.through().size() == 1 ? " waits " : " wait ") + c.cycles()
        + (c.cycles() == 1 ? " cycle" : " cycles") + " for "
        + (c.iterations() == 1 ? "the iteration before" : "the one " + c.iterations() + " iterations before");
  }

  private static Trips product(List<Trips> trips) {
    long least = 1;
    long most = 1;
    double mean = 1;
    boolean known = true;
    for (Trips t : trips) {
      least *= t.least();
      most *= t.most();
      mean *= t.mean();
      known &= t.known();
    }
    return new Trips(least, most, mean, known);
  }

  private static boolean varies(Value value, Set<Variable> varying) {
    return value instanceof Value.Read r && varying.contains(r.variable())
        || value instanceof Value.Load
        || value.operands().stream().anyMatch(o -> varies(o, varying));
  }

  private Recurrences.@Nullable Circle circle(
      Dataflow flow, Dependences dependences, List<Dependences.Level> levels) {
    Recurrences recurrences = new Recurrences();
    flow.carriedOver().forEach((register, timing) -> timing.from().forEach(
        (source, cycles) -> recurrences.add(source, register, cycles, 1)));
    boolean meets = false;
    boolean shares = false;
    for (Store store : flow.stores()) {
      for (Load load : flow.loads()) {
        shares |= Dependences.mayMeet(store.memory(), load.memory());
        Optional<Long> distance = dependences.distance(store, load);
        if (distance.isPresent()) {
          meets = true;
          int turn = Latencies.storeToLoad(store.memory()) + Latencies.load(load.memory());
          store.timing().from().forEach(
              (source, cycles) -> recurrences.add(source, load, cycles + turn, distance.get()));
        }
      }
    }
    if (shares) {
      Set<String> into = meets ? dependent : independent;
      levels.forEach(l -> into.add(Recurrences.base(l.counter().name())));
    }
    return recurrences.tightest();
  }
}
