package org.lathe.compiler.lower;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.hal.Dims;

/**
 * Values that one kernel computes: a step of the program in the making.
 *
 * <p>{@code values} are those that may be stored, each with the access that says where its elements lie in the kernel's
 * space. Work that is computed in place, on the way to a value, is in no group.
 */
final class Group {
  enum Kind {
    /** A {@code Map} over {@code space}. */
    MAP,
    /** A {@code Reduce}: {@code space} is what is kept. */
    REDUCE,
    /** A {@code RowProgram}: {@code space} is the rows and, last, the columns. */
    ROW,
    /** The kernel of the anchor, an op that takes an epilogue over {@code space}. */
    FUSABLE,
    /** The kernel of the anchor, which stands alone. */
    WHOLE,
    /** One {@code Map} for each part that does not write its own slice. */
    CONCATENATION, LOOP, BRANCH
  }

  private final Kind kind;
  private final Dims space;
  private final @Nullable Node anchor;
  private final List<Node> reductions;
  private final Map<Value, Access> values;
  private final int first;
  private final int last;
  private final Set<Group> sources = new LinkedHashSet<>();
  private final Set<Group> users = new LinkedHashSet<>();

  /**
   * @param anchor of FUSABLE, WHOLE, CONCATENATION, LOOP and BRANCH
   * @param reductions of REDUCE and ROW, in topological order
   */
  Group(Kind kind, Dims space, @Nullable Node anchor, List<Node> reductions, Map<Value, Access> values) {
    this.kind = kind;
    this.space = space;
    this.anchor = anchor;
    this.reductions = List.copyOf(reductions);
    this.values = new LinkedHashMap<>(values);
    this.first = values.keySet().stream().mapToInt(v -> v.node().id()).min().orElseThrow();
    this.last = values.keySet().stream().mapToInt(v -> v.node().id()).max().orElseThrow();
  }

  /** A group of one op that computes all of its outputs. */
  static Group of(Kind kind, Node anchor) {
    Map<Value, Access> values = new LinkedHashMap<>();
    for (int i = 0; i < anchor.types().size(); i++) {
      values.put(anchor.output(i), Access.identity(anchor.types().get(i).shape()));
    }
    return new Group(kind, anchor.types().getFirst().shape(), anchor, List.of(), values);
  }

  static Group map(Value v) {
    Dims space = v.type().shape();
    return new Group(Kind.MAP, space, null, List.of(), Map.of(v, Access.identity(space)));
  }

  static Group reduce(Node reduction) {
    Dims space = reduction.output().type().shape();
    return new Group(
        Kind.REDUCE, space, null, List.of(reduction), Map.of(reduction.output(), Access.identity(space)));
  }

  /** The kind of group that an op with a kernel of its own begins. */
  static Group anchored(Node node) {
    return switch (GraphFacts.lowering(node)) {
      case Lowering.Fusable f -> of(Kind.FUSABLE, node);
      case Lowering.Whole w -> of(Kind.WHOLE, node);
      case Lowering.Concatenation c -> of(Kind.CONCATENATION, node);
      case Lowering.Loop l -> of(Kind.LOOP, node);
      case Lowering.Branch b -> of(Kind.BRANCH, node);
      case Lowering.Reduction r -> reduce(node);
      case null, default -> throw new IllegalArgumentException(node + " has no kernel of its own");
    };
  }

  Kind kind() {
    return kind;
  }

  Dims space() {
    return space;
  }

  Node anchor() {
    if (anchor == null) {
      throw new IllegalStateException("a group of kind " + kind + " has no anchor");
    }
    return anchor;
  }

  List<Node> reductions() {
    return reductions;
  }

  Map<Value, Access> values() {
    return values;
  }

  boolean computes(Value v) {
    return values.containsKey(v);
  }

  /** The least node id among the values. */
  int first() {
    return first;
  }

  /** The greatest node id among the values. */
  int last() {
    return last;
  }

  /** The groups whose values this one reads from memory. */
  Set<Group> sources() {
    return sources;
  }

  Set<Group> users() {
    return users;
  }

  /** The columns of a ROW. */
  long columns() {
    return space.last(0);
  }

  /** The rows of a ROW. */
  Dims rows() {
    return space.slice(0, space.rank() - 1);
  }

  /** The input's shape and the axes of a REDUCE, which all of its reductions share. */
  Dims reducedShape() {
    return reductions.getFirst().input(0).type().shape();
  }

  Dims axes() {
    return reductions.getFirst().attributes().dims("axes");
  }

  @Override
  public String toString() {
    return kind + " " + values.keySet() + " over " + space;
  }
}
