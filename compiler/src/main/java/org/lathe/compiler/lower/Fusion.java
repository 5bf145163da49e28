package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.hal.device.Capabilities;

/**
 * Groups the values that get memory into kernels.
 *
 * <p>It begins with one group for each value (or op with a kernel of its own) and merges groups: scalar work into the
 * epilogue of the kernel before it; reductions and the scalar work around them into row programs; reductions of one
 * input, and scalar work over one space, side by side. A merged group is built to see whether it is one kernel, and is
 * refused if it would have to run both before and after a third.
 */
final class Fusion {
  /** Bounds on a kernel, so that registers and argument lists suffice everywhere. */
  private static final int MOST_OPERANDS = 16;

  private static final int MOST_COST = 320;

  /** Unrelated work is put side by side only where a kernel's start costs more than its work. */
  private static final long SMALL_SPACE = 1 << 14;

  private static final int MOST_SIBLINGS = 24;

  private final GraphFacts facts;
  private final Materialisation memory;
  private final Capabilities capabilities;
  private final KernelBuilder builder;
  private final Map<Value, Group> owners = new HashMap<>();
  private final Set<Group> groups = new LinkedHashSet<>();
  private final Map<Group, Set<Value>> reads = new HashMap<>();

  Fusion(GraphFacts facts, Materialisation memory, Capabilities capabilities) {
    this.facts = facts;
    this.memory = memory;
    this.capabilities = capabilities;
    this.builder = new KernelBuilder(memory, v -> null, false);
    for (Node node : facts.live()) {
      if (GraphFacts.isAnchor(node)
          && GraphFacts.lowering(node) != null
          && !(GraphFacts.lowering(node) instanceof Lowering.Constant)) {
        open(Group.anchored(node));
      }
    }
    openRoots();
    memory.freeze();
    for (Group g : groups) {
      connect(g, reads(g));
    }
    epilogues();
    rows();
    maps();
    siblings();
  }

  /** The groups in an order in which each follows those that it reads. */
  List<Group> groups() {
    return new ArrayList<>(groups);
  }

  @Nullable
  Group owner(Value v) {
    return owners.get(v);
  }

  private void open(Group g) {
    groups.add(g);
    for (Value v : g.values().keySet()) {
      owners.put(v, g);
    }
  }

  /** Opens groups for the roots. Building a group may find further values that must be in memory. */
  private void openRoots() {
    for (Group g : List.copyOf(groups)) {
      demandDenseOperands(g);
      findReads(g);
    }
    Set<Value> opened = new HashSet<>();
    boolean more = true;
    while (more) {
      more = false;
      for (Value v : List.copyOf(memory.roots())) {
        if (opened.add(v)) {
          Group g = Group.map(v);
          open(g);
          findReads(g);
          more = true;
        }
      }
    }
  }

  /** A device may take a kernel on dense operands only. */
  private void demandDenseOperands(Group g) {
    if (g.kind() == Group.Kind.FUSABLE || g.kind() == Group.Kind.WHOLE) {
      Kernel k = builder.build(g, v -> true);
      if (k != null && capabilities.refuses(k.spec()).isPresent()) {
        g.anchor().inputs().forEach(memory::require);
      }
    }
  }

  /** The values that a group reads from memory. */
  Set<Value> reads(Group g) {
    return reads.computeIfAbsent(g, this::findReads);
  }

  private Set<Value> findReads(Group g) {
    Set<Value> found = new LinkedHashSet<>();
    switch (g.kind()) {
      case LOOP, BRANCH -> {
        for (Value v : g.anchor().inputs()) {
          found.add(memory.alias(v).base());
        }
      }
      case CONCATENATION -> {
        List<KernelBuilder.Placement> parts = KernelBuilder.parts(g.anchor());
        for (int i = 0; i < parts.size(); i++) {
          Value part = g.anchor().input(i);
          Kernel k = builder.part(part, parts.get(i));
          if (k == null) {
            memory.require(part);
            found.add(memory.alias(part).base());
          } else {
            k.reads().forEach(r -> found.add(memory.alias(r.value()).base()));
          }
        }
      }
      case MAP, REDUCE, ROW, FUSABLE, WHOLE -> {
        Kernel k = builder.build(g, v -> true);
        if (k == null) {
          throw new IllegalStateException("no kernel for " + g);
        }
        k.reads().forEach(r -> found.add(memory.alias(r.value()).base()));
      }
    }
    return found;
  }

  private void connect(Group g, Set<Value> found) {
    for (Value v : found) {
      Group source = owners.get(v);
      if (source != null && source != g) {
        g.sources().add(source);
        source.users().add(g);
      }
    }
  }

  /** Puts {@code merged} in the place of both, if it is one kernel and can run at one time; null if not. */
  private @Nullable Group merge(Group a, Group b, @Nullable Group merged) {
    if (merged == null || cyclic(a, b) || cyclic(b, a)) {
      return null;
    }
    Kernel k = builder.build(merged, v -> true);
    if (k == null
        || k.cost() > MOST_COST
        || k.reads().size() > Math.max(MOST_OPERANDS, anchorOperands(merged))
        || capabilities.refuses(k.spec()).isPresent()) {
      return null;
    }
    for (Group old : List.of(a, b)) {
      groups.remove(old);
      old.sources().forEach(s -> s.users().remove(old));
      old.users().forEach(u -> u.sources().remove(old));
    }
    Set<Group> users = new LinkedHashSet<>(a.users());
    users.addAll(b.users());
    users.remove(a);
    users.remove(b);
    open(merged);
    Set<Value> found = new LinkedHashSet<>();
    k.reads().forEach(r -> found.add(memory.alias(r.value()).base()));
    reads.put(merged, found);
    connect(merged, found);
    for (Group u : users) {
      u.sources().add(merged);
      merged.users().add(u);
    }
    return merged;
  }

  private static int anchorOperands(Group g) {
    return g.kind() == Group.Kind.FUSABLE ? MOST_OPERANDS + g.anchor().inputs().size() : 0;
  }

  /** Whether {@code after} depends on {@code before} by way of a third group. */
  private static boolean cyclic(Group before, Group after) {
    Set<Group> seen = new HashSet<>();
    List<Group> open = new ArrayList<>();
    for (Group s : after.sources()) {
      if (s != before) {
        open.add(s);
      }
    }
    while (!open.isEmpty()) {
      Group g = open.removeLast();
      if (g == before) {
        return true;
      }
      if (seen.add(g)) {
        open.addAll(g.sources());
      }
    }
    return false;
  }

  /** Merges each group with the users and siblings that {@code with} finds for it, until nothing more merges. */
  private void mergeForward(BiFunction<Group, Group, @Nullable Group> with) {
    for (Group start : List.copyOf(groups)) {
      Group g = groups.contains(start) ? start : null;
      while (g != null) {
        Group next = null;
        for (Group user : List.copyOf(g.users())) {
          Group merged = with.apply(g, user);
          next = merged == null ? null : merge(g, user, merged);
          if (next != null) {
            break;
          }
        }
        g = next;
      }
    }
  }

  private void epilogues() {
    mergeForward((g, user) -> {
      if (user.kind() != Group.Kind.MAP || (g.kind() != Group.Kind.FUSABLE && g.kind() != Group.Kind.REDUCE)) {
        return null;
      }
      Map<Value, Access> values = new LinkedHashMap<>(g.values());
      for (Value v : user.values().keySet()) {
        Access access = Placing.follow(v, values);
        if (access == null) {
          return null;
        }
        values.put(v, access);
      }
      return new Group(g.kind(), g.space(), g.kind() == Group.Kind.FUSABLE ? g.anchor() : null, g.reductions(), values);
    });
  }

  private void rows() {
    mergeForward(RowGroups::forward);
    mergeForward(RowGroups::producer);
    mergeForward(RowGroups::forward);
  }

  private void maps() {
    mergeForward((g, user) -> {
      if (g.kind() != Group.Kind.MAP || user.kind() != Group.Kind.MAP) {
        return null;
      }
      return sideBySide(g, user);
    });
  }

  private static @Nullable Group sideBySide(Group a, Group b) {
    if (a.space().product() != b.space().product()) {
      return null;
    }
    Map<Value, Access> values = new LinkedHashMap<>(a.values());
    for (Value v : b.values().keySet()) {
      Access access = Placing.follow(v, values);
      if (access == null) {
        access = Access.identity(a.space()).reshaped(v.type().shape());
      }
      values.put(v, access);
    }
    return new Group(Group.Kind.MAP, a.space(), null, List.of(), values);
  }

  /** Groups that read the same memory over the same space become one kernel. */
  private void siblings() {
    Map<Value, List<Group>> readers = new LinkedHashMap<>();
    for (Group g : groups) {
      if (g.kind() == Group.Kind.MAP || g.kind() == Group.Kind.REDUCE || g.kind() == Group.Kind.ROW) {
        for (Value v : reads(g)) {
          readers.computeIfAbsent(v, k -> new ArrayList<>()).add(g);
        }
      }
    }
    for (Map.Entry<Value, List<Group>> entry : readers.entrySet()) {
      List<Group> list = entry.getValue();
      for (int i = 0; i < list.size() && list.size() <= MOST_SIBLINGS; i++) {
        Group a = current(list.get(i));
        for (int j = i + 1; j < list.size(); j++) {
          Group b = current(list.get(j));
          Group merged = a == b ? null : merge(a, b, pair(entry.getKey(), a, b));
          a = merged == null ? a : merged;
        }
      }
    }
  }

  private Group current(Group g) {
    return groups.contains(g) ? g : owners.getOrDefault(g.values().keySet().iterator().next(), g);
  }

  /** How often the scalar work of a group is done. */
  private static long points(Group g) {
    return g.kind() == Group.Kind.REDUCE ? g.reducedShape().product() : g.space().product();
  }

  private static @Nullable Group pair(Value shared, Group a, Group b) {
    long size = Math.max(points(a), points(b));
    boolean shares = size <= SMALL_SPACE || shared.type().size() >= size;
    if (a.kind() == Group.Kind.MAP && b.kind() == Group.Kind.MAP) {
      return shares && a.space().equals(b.space()) ? sideBySide(a, b) : null;
    }
    if (a.kind() == Group.Kind.MAP || b.kind() == Group.Kind.MAP) {
      return null;
    }
    boolean apart = !a.users().contains(b) && !b.users().contains(a);
    if (a.kind() == Group.Kind.ROW || b.kind() == Group.Kind.ROW) {
      Group rows = RowGroups.sideBySide(a, b);
      return rows != null && shared.type().size() >= rows.space().product() ? rows : null;
    }
    boolean same = a.reducedShape().equals(b.reducedShape()) && a.axes().equals(b.axes());
    if (!shares || !apart || !same) {
      return null;
    }
    List<Node> reductions = new ArrayList<>(a.reductions());
    reductions.addAll(b.reductions());
    Map<Value, Access> values = new LinkedHashMap<>(a.values());
    values.putAll(b.values());
    return new Group(Group.Kind.REDUCE, a.space(), null, reductions, values);
  }
}
