package org.lathe.compiler.lower;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.AccessMap;
import org.lathe.compiler.op.Lowering;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.program.Slice;

/**
 * Decides which values get memory; all others are computed where they are needed.
 *
 * <p>Stages: what kernels and the outside demand in memory; then, in topological order, what would cost too much to
 * compute again for each of its users; last, what cannot be computed in place because an access is not affine.
 */
final class Materialisation implements ExpressionBuilder.Memory {
  /** Above this price, work with several users is done once. */
  private static final int CHEAP = 12;

  /** Above this price, even work with one user gets its own kernel, so that expressions stay small. */
  private static final int LARGEST = 160;

  /** Work on more operands gets its own kernel: argument lists are short on some devices. */
  private static final int MOST_OPERANDS = 24;

  /** Repeated work below this many additions costs less than a kernel. */
  private static final long NEGLIGIBLE = 8192;

  /** So many different operands are read again at most. */
  private static final int FEW_OPERANDS = 2;

  /** Larger constants of equal elements are filled in by a kernel and not kept with the program. */
  private static final long LARGEST_STORED_SPLAT = 1 << 20;

  /** Part of another value's memory: {@code base}'s elements from {@code offset} on. */
  record Alias(Value base, long offset) {}

  private final GraphFacts facts;
  private final Set<Value> roots = new LinkedHashSet<>();
  private final Map<Value, Alias> slices = new HashMap<>();
  private final Map<Value, Integer> costs = new HashMap<>();
  private final Map<Value, Set<Value>> leaves = new HashMap<>();
  private final Map<Value, Integer> uses = new HashMap<>();
  private final Map<Value, Long> spread = new HashMap<>();
  private final Set<Value> tails = new HashSet<>();
  private boolean frozen;

  Materialisation(GraphFacts facts) {
    this.facts = facts;
    countUses();
    for (Node node : facts.live()) {
      demand(node);
    }
    for (Value v : facts.graph().outputs()) {
      require(v);
    }
    for (Node node : facts.live()) {
      weigh(node);
    }
  }

  /** The values that kernels of scalar work store, in the order that they were found. */
  Set<Value> roots() {
    return roots;
  }

  @Override
  public boolean contains(Value v) {
    return roots.contains(v) || GraphFacts.isAnchor(v.node());
  }

  /** From now on nothing more gets memory. */
  void freeze() {
    frozen = true;
  }

  @Override
  public boolean add(Value v) {
    Value base = GraphFacts.strip(v);
    if (frozen || GraphFacts.isSplat(base)) {
      return false;
    }
    return contains(base) ? base != v : roots.add(base);
  }

  /** Where the dense memory of a required value is: its own, or a part of another's. */
  Alias alias(Value v) {
    Value base = GraphFacts.strip(v);
    Alias slice = slices.get(base);
    return slice == null ? new Alias(base, 0) : slice;
  }

  /** Through movements: how many kernels would compute the value, and over how many elements at most. */
  private void countUses() {
    List<Node> live = facts.live();
    for (int n = live.size() - 1; n >= 0; n--) {
      Node node = live.get(n);
      for (int i = 0; i < node.types().size(); i++) {
        Value v = node.output(i);
        int count = facts.isOutput(v) ? 1 : 0;
        long largest = v.type().size();
        for (Node user : facts.users(v)) {
          if (GraphFacts.moves(user)) {
            count += uses.getOrDefault(user.output(), 0);
            largest = Math.max(largest, spread.getOrDefault(user.output(), 0L));
          } else {
            count++;
          }
        }
        uses.put(v, count);
        spread.put(v, largest);
      }
    }
  }

  private void demand(Node node) {
    switch (GraphFacts.lowering(node)) {
      case Lowering.Fusable f -> node.inputs().forEach(f.strided() ? this::address : this::require);
      case Lowering.Whole(var rule, List<Integer> strided) -> {
        for (int i = 0; i < node.inputs().size(); i++) {
          if (strided.contains(i)) {
            address(node.input(i));
          } else {
            require(node.input(i));
          }
        }
      }
      case Lowering.Loop l -> node.inputs().forEach(this::require);
      case Lowering.Branch b -> node.inputs().forEach(this::require);
      case null, default -> {}
    }
  }

  /** The value must have dense memory. */
  void require(Value v) {
    Value base = GraphFacts.strip(v);
    if (contains(base) || slices.containsKey(base)) {
      return;
    }
    if (GraphFacts.isSplat(base)) {
      if (base.type().bytes() > LARGEST_STORED_SPLAT) {
        roots.add(base);
      }
      return;
    }
    Alias slice = slice(base);
    if (slice != null) {
      slices.put(base, slice);
    } else {
      roots.add(base);
    }
  }

  /** If the value is an aligned, contiguous part of something in memory: that part. */
  private @Nullable Alias slice(Value v) {
    Value at = v;
    Access access = Access.identity(v.type().shape());
    while (!contains(at)) {
      Node node = at.node();
      if (GraphFacts.lowering(node) instanceof Lowering.Movement(Lowering.MovementRule rule)) {
        AccessMap map = rule.map(node.input(0).type(), node.attributes(), at.type());
        access = map.guard() == null ? access.through(map, node.input(0).type().shape()) : null;
      } else if (GraphFacts.moves(node)) {
        access = access.reshaped(node.input(0).type().shape());
      } else {
        return null;
      }
      if (access == null) {
        return null;
      }
      at = node.input(0);
    }
    Affine position = access.position();
    Affine dense = Access.identity(v.type().shape()).position();
    if (position == null || dense == null || !position.steps().equals(dense.steps())) {
      return null;
    }
    DType type = v.type().dtype();
    boolean aligned = position.offset() * type.bytes() % Slice.ALIGNMENT == 0;
    return aligned && at.type().dtype() == type ? new Alias(at, position.offset()) : null;
  }

  /** The value must be reachable in memory through strides. */
  private void address(Value v) {
    Value at = v;
    Access access = Access.identity(v.type().shape());
    while (!contains(at) && GraphFacts.moves(at.node())) {
      Node node = at.node();
      if (GraphFacts.lowering(node) instanceof Lowering.Movement(Lowering.MovementRule rule)) {
        Access inner = access.through(rule.map(node.input(0).type(), node.attributes(), at.type()),
            node.input(0).type().shape());
        if (inner == null || inner.guard() != null) {
          require(v);
          return;
        }
        access = inner;
      } else {
        access = access.reshaped(node.input(0).type().shape());
      }
      at = node.input(0);
    }
    if (GraphFacts.isSplat(at)) {
      return;
    }
    if (access.position() == null) {
      require(v);
    } else {
      require(at);
    }
  }

  private void weigh(Node node) {
    Lowering lowering = GraphFacts.lowering(node);
    if (GraphFacts.isAnchor(node)) {
      if (lowering instanceof Lowering.Fusable) {
        tails.add(node.output());
      }
      return;
    }
    Value v = node.output();
    int cost = ownCost(node);
    Set<Value> read = new HashSet<>();
    for (Value operand : node.inputs()) {
      if (contains(operand)) {
        if (operand.type().size() * 2 > v.type().size()) {
          read.add(operand);
        }
      } else {
        cost += costs.getOrDefault(operand, 0);
        read.addAll(leaves.getOrDefault(operand, Set.of()));
      }
    }
    costs.put(v, cost);
    leaves.put(v, read);
    if ((lowering instanceof Lowering.Reshape || lowering instanceof Lowering.Identity) && endsKernel(node)) {
      tails.add(v);
    }
    if (GraphFacts.moves(node) || lowering instanceof Lowering.Constant || roots.contains(v)) {
      return;
    }
    boolean tail = lowering instanceof Lowering.Pointwise && endsKernel(node);
    if (tail) {
      tails.add(v);
    }
    int users = uses.getOrDefault(v, 0);
    long widest = spread.getOrDefault(v, v.type().size());
    boolean matters = cost * widest * Math.max(1, users) > NEGLIGIBLE;
    boolean dear = users > 1 && (cost > CHEAP || read.size() > FEW_OPERANDS) && matters;
    boolean widened = widest > v.type().size() && cost >= 2 && matters;
    if (cost > LARGEST || read.size() > MOST_OPERANDS || dear || widened || (tail && !continues(v))) {
      roots.add(v);
    }
  }

  /** Whether the node follows a kernel that takes an epilogue, through scalar work with one user each. */
  private boolean endsKernel(Node node) {
    for (Value operand : node.inputs()) {
      if (tails.contains(operand) && !roots.contains(operand) && facts.users(operand).size() == 1
          && !facts.isOutput(operand)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the only user of {@code v} is scalar work of the same shape, which can follow it in one epilogue. */
  private boolean continues(Value v) {
    List<Node> users = facts.users(v);
    if (users.size() != 1 || facts.isOutput(v)) {
      return false;
    }
    return switch (GraphFacts.lowering(users.getFirst())) {
      case Lowering.Pointwise p -> true;
      case Lowering.Reshape r -> continues(users.getFirst().output());
      case Lowering.Identity i -> continues(users.getFirst().output());
      case null, default -> false;
    };
  }

  private static int ownCost(Node node) {
    Value v = node.output();
    Expr.Builder b = Expr.builder();
    int result = switch (GraphFacts.lowering(node)) {
      case Lowering.Pointwise(Lowering.Emitter emitter) -> emitter.emit(
          b,
          java.util.stream.IntStream.range(0, node.inputs().size())
              .mapToObj(i -> b.input(i, node.input(i).type().dtype()))
              .toList(),
          node.attributes(),
          v.type());
      case Lowering.Generator(Lowering.GeneratorRule rule) -> rule.emit(
          b, d -> b.add(new Expr.Index(d)), node.attributes(), v.type());
      case null, default -> -1;
    };
    return result < 0 ? 0 : Expressions.cost(b.build(List.of(result)));
  }
}
