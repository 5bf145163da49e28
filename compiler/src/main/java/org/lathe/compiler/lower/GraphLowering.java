package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.spec.Copy;

/**
 * Turns one graph (the whole, or the body of a loop or a branch) into steps over regions of memory.
 *
 * <p>Outputs are written where they are wanted by the kernels that compute them. Where that cannot be (an output that is
 * an input or a constant, one value given twice, an old value that is still needed) a copy does it: copies of inputs
 * come first, all others last.
 */
final class GraphLowering {
  private final Constants constants;
  private final Capabilities capabilities;
  private final Graph graph;
  private final int depth;
  private final GraphFacts facts;
  private final Materialisation memory;
  private final List<Group> groups;
  private final Fusion fusion;
  private final Map<Value, Region> regions = new HashMap<>();
  private final Map<Value, KernelBuilder.Placement> placements = new HashMap<>();
  private final Set<Value> needed = new HashSet<>();
  private final Map<Group, List<Kernel>> kernels = new HashMap<>();
  private final List<Work> before = new ArrayList<>();
  private final List<Work> after = new ArrayList<>();

  private GraphLowering(Constants constants, Capabilities capabilities, Graph graph, int depth) {
    this.constants = constants;
    this.capabilities = capabilities;
    this.graph = graph;
    this.depth = depth;
    this.facts = new GraphFacts(graph);
    this.memory = new Materialisation(facts);
    this.fusion = new Fusion(facts, memory, capabilities);
    this.groups = fusion.groups();
  }

  /**
   * The steps that compute {@code graph}.
   *
   * @param inputs where the graph's inputs are
   * @param outputs where its outputs go; that of a donation is the input's region
   * @param depth how many loops the graph is inside of
   */
  static List<Work> lower(
      Constants constants,
      Capabilities capabilities,
      Graph graph,
      List<Region> inputs,
      List<Region> outputs,
      List<Donation> donations,
      int depth) {
    return new GraphLowering(constants, capabilities, graph, depth).lower(inputs, outputs, donations);
  }

  private List<Work> lower(List<Region> inputs, List<Region> outputs, List<Donation> donations) {
    for (int i = 0; i < inputs.size(); i++) {
      regions.put(graph.inputs().get(i).output(), inputs.get(i));
    }
    for (Node node : facts.live()) {
      if (GraphFacts.lowering(node) instanceof Lowering.Constant
          && !GraphFacts.isSplat(node.output())) {
        regions.put(node.output(), constants.whole(GraphFacts.literal(node.output())));
      }
    }
    placeParts();
    findNeeded();
    buildKernels();
    Schedule schedule = new Schedule(groups);
    placeOutputs(inputs, outputs, donations, schedule);
    for (Group g : groups) {
      for (Value v : g.values().keySet()) {
        if (!regions.containsKey(v) && !placements.containsKey(v) && isStored(g, v)) {
          regions.put(v, temporary(v.type().bytes()));
        }
      }
    }
    List<Work> work = new ArrayList<>(before);
    for (Group g : schedule.order()) {
      emit(g, work);
    }
    work.addAll(after);
    return work;
  }

  private Region temporary(long bytes) {
    return Region.of(Storage.temporary(bytes, depth));
  }

  /** Lets kernels store into slices of a joined value what nothing else reads. */
  private void placeParts() {
    for (Group g : groups) {
      if (g.kind() != Group.Kind.CONCATENATION) {
        continue;
      }
      List<KernelBuilder.Placement> parts = KernelBuilder.parts(g.anchor());
      for (int i = 0; i < parts.size(); i++) {
        Value part = g.anchor().input(i);
        Group owner = fusion.owner(part);
        if (owner != null
            && facts.users(part).size() == 1
            && Collections.frequency(g.anchor().inputs(), part) == 1
            && !facts.isOutput(part)
            && storesThroughViews(owner)
            && placedView(owner, part, parts.get(i))) {
          placements.put(part, parts.get(i));
        }
      }
    }
  }

  private static boolean placedView(Group owner, Value part, KernelBuilder.Placement placement) {
    Access access = owner.values().get(part);
    return access != null
        && access.view(part.type().dtype(), placement.offset(), placement.strides()) != null;
  }

  private static boolean storesThroughViews(Group g) {
    return switch (g.kind()) {
      case MAP, REDUCE, ROW, FUSABLE -> true;
      case WHOLE, CONCATENATION, LOOP, BRANCH -> false;
    };
  }

  /** Which values somebody outside of their group reads. */
  private void findNeeded() {
    needed.addAll(placements.keySet());
    for (Value v : graph.outputs()) {
      needed.add(memory.alias(v).base());
    }
    for (Group g : groups) {
      for (Value v : fusion.reads(g)) {
        if (fusion.owner(v) != g) {
          needed.add(v);
        }
      }
    }
  }

  private boolean isStored(Group g, Value v) {
    return storesThroughViews(g) ? needed.contains(v) : true;
  }

  private void buildKernels() {
    KernelBuilder builder = new KernelBuilder(memory, placements::get, true);
    for (Group g : groups) {
      switch (g.kind()) {
        case MAP, REDUCE, ROW, FUSABLE, WHOLE -> kernels.put(g, List.of(built(builder.build(g, needed::contains), g)));
        case CONCATENATION -> {
          List<Kernel> parts = new ArrayList<>();
          List<KernelBuilder.Placement> slices = KernelBuilder.parts(g.anchor());
          for (int i = 0; i < slices.size(); i++) {
            Value part = g.anchor().input(i);
            if (!placements.containsKey(part)) {
              parts.add(built(builder.part(part, slices.get(i)), g));
            }
          }
          kernels.put(g, parts);
        }
        case LOOP, BRANCH -> kernels.put(g, List.of());
      }
    }
  }

  private static Kernel built(@Nullable Kernel kernel, Group g) {
    if (kernel == null) {
      throw new IllegalStateException("no kernel for " + g);
    }
    return kernel;
  }

  /** The region of a value that has dense memory, perhaps as a part of another's. */
  private Region dense(Value v) {
    Value base = GraphFacts.strip(v);
    if (GraphFacts.isSplat(base) && !regions.containsKey(base)) {
      return constants.whole(GraphFacts.literal(base));
    }
    Materialisation.Alias alias = memory.alias(v);
    Region region = regions.get(alias.base());
    if (region == null) {
      throw new IllegalStateException(v + " has no memory");
    }
    return region.part(alias.offset() * v.type().dtype().bytes(), v.type().bytes());
  }

  private void placeOutputs(List<Region> inputs, List<Region> outputs, List<Donation> donations, Schedule schedule) {
    Map<Integer, Integer> donated = new HashMap<>();
    Set<Value> givenAway = new HashSet<>();
    for (Donation d : donations) {
      donated.put(d.output(), d.input());
      givenAway.add(graph.inputs().get(d.input()).output());
    }
    Map<Value, List<Group>> readers = readersOf(givenAway);
    for (int o = 0; o < outputs.size(); o++) {
      Value v = graph.outputs().get(o);
      if (v.type().bytes() == 0) {
        continue;
      }
      Value base = memory.alias(v).base();
      Group owner = fusion.owner(base);
      Integer input = donated.get(o);
      Value old = input == null ? null : graph.inputs().get(input).output();
      Region target = outputs.get(o);
      if (owner == null) {
        copyInput(v, base, old, givenAway, target);
      } else
        if (base.type().bytes() == v.type().bytes()
            && !regions.containsKey(base)
            && !placements.containsKey(base)
            && (old == null || overwrites(owner, base, old, readers.getOrDefault(old, List.of()), schedule))) {
              regions.put(base, target);
            } else {
              Work copy = null;
              regions.computeIfAbsent(base, b -> temporary(b.type().bytes()));
              copy = copy(dense(v), target, v);
              after.add(copy);
            }
    }
  }

  /** Places an output that is an input or a constant, or a part of one. */
  private void copyInput(Value v, Value base, @Nullable Value old, Set<Value> givenAway, Region target) {
    Region source = dense(v);
    if (source.equals(target)) {
      return;
    }
    if (old == null) {
      before.add(copy(source, target, v));
    } else if (!givenAway.contains(base)) {
      after.add(copy(source, target, v));
    } else {
      Region kept = temporary(v.type().bytes());
      before.add(copy(source, kept, v));
      after.add(copy(kept, target, v));
    }
  }

  private static Work copy(Region from, Region to, Value v) {
    String source = v.node().source() == null ? "" : " " + v.node().source();
    return new Work.Run(new Copy(from.bytes()), List.of(from), List.of(to), "copy" + source);
  }

  private Map<Value, List<Group>> readersOf(Set<Value> inputs) {
    Map<Value, List<Group>> readers = new LinkedHashMap<>();
    for (Group g : groups) {
      for (Value v : fusion.reads(g)) {
        if (inputs.contains(v)) {
          readers.computeIfAbsent(v, k -> new ArrayList<>()).add(g);
        }
      }
    }
    return readers;
  }

  /** Lets {@code owner} store {@code v} over {@code old}, after everything that reads the old value; false if it cannot. */
  private boolean overwrites(Group owner, Value v, Value old, List<Group> readers, Schedule schedule) {
    for (Group r : readers) {
      if (r == owner) {
        if (!inPlace(owner, v, old)) {
          return false;
        }
      } else if (schedule.isBefore(owner, r)) {
        return false;
      }
    }
    for (Group r : readers) {
      if (r != owner) {
        schedule.order(r, owner);
      }
    }
    return true;
  }

  private boolean inPlace(Group owner, Value v, Value old) {
    List<Kernel> list = kernels.getOrDefault(owner, List.of());
    if (list.size() != 1) {
      return false;
    }
    Kernel k = list.getFirst();
    int output = k.stored().indexOf(v);
    for (int i = 0; i < k.reads().size(); i++) {
      if (memory.alias(k.reads().get(i).value()).base().equals(old) && !k.spec().allowsInPlace(i, output)) {
        return false;
      }
    }
    return true;
  }

  private void emit(Group g, List<Work> work) {
    switch (g.kind()) {
      case LOOP -> loop(g.anchor(), work);
      case BRANCH -> branch(g.anchor(), work);
      default -> {
        for (Kernel k : kernels.getOrDefault(g, List.of())) {
          List<Region> out = k.stored().stream().map(this::dense).toList();
          if (out.stream().allMatch(r -> r.bytes() == 0)) {
            continue;
          }
          List<Region> in = new ArrayList<>();
          for (Operands.Read r : k.reads()) {
            in.add(r.splat() ? constants.one(GraphFacts.literal(r.value())) : dense(r.value()));
          }
          work.add(new Work.Run(k.spec(), in, out, Labels.of(g, memory)));
        }
      }
    }
  }

  private void loop(Node node, List<Work> work) {
    Attributes a = node.attributes();
    Graph body = a.graph("body");
    int carries = Math.toIntExact(a.integer("carries"));
    int sequences = Math.toIntExact(a.integer("sequences"));
    long trips = a.integer("length");
    boolean reverse = a.flag("reverse");
    List<Region> in = new ArrayList<>();
    List<Region> out = new ArrayList<>();
    List<Donation> kept = new ArrayList<>();
    for (int i = 0; i < node.inputs().size(); i++) {
      Region whole = dense(node.input(i));
      if (i < carries) {
        Region carry = dense(node.output(i));
        if (carry.bytes() > 0) {
          work.add(copy(whole, carry, node.output(i)));
        }
        in.add(carry);
        out.add(carry);
        kept.add(new Donation(i, i));
      } else if (i < carries + sequences) {
        in.add(element(whole, body.inputs().get(i).output().type().bytes(), trips, reverse));
      } else {
        in.add(whole);
      }
    }
    for (int o = carries; o < node.types().size(); o++) {
      out.add(element(dense(node.output(o)), body.outputs().get(o).type().bytes(), trips, reverse));
    }
    if (trips > 0) {
      work.add(new Work.Repeat(trips, lower(constants, capabilities, body, in, out, kept, depth + 1)));
    }
  }

  private Region element(Region whole, long bytes, long trips, boolean reverse) {
    return reverse
        ? whole.stepping(Math.max(0, trips - 1) * bytes, bytes, depth, -bytes)
        : whole.stepping(0, bytes, depth, bytes);
  }

  private void branch(Node node, List<Work> work) {
    List<Region> in = new ArrayList<>();
    for (int i = 1; i < node.inputs().size(); i++) {
      in.add(dense(node.input(i)));
    }
    List<Region> out = new ArrayList<>();
    for (int o = 0; o < node.types().size(); o++) {
      out.add(dense(node.output(o)));
    }
    List<Work> then = lower(constants, capabilities, node.attributes().graph("then"), in, out, List.of(), depth);
    List<Work> otherwise = lower(constants, capabilities, node.attributes().graph("otherwise"), in, out, List.of(),
        depth);
    work.add(new Work.Choose(dense(node.input(0)), then, otherwise));
  }
}
