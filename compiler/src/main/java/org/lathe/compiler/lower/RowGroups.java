package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.hal.Dims;

/**
 * Which groups make up a row program: reductions along the last dimensions, scalar work that sees their results along
 * the row, and scalar work on the row values themselves.
 */
final class RowGroups {
  /** Rows are what devices work on side by side: fewer are worth it only if they are short. */
  private static final long ENOUGH_ROWS = 16;

  private static final long SHORT_ROW = 4096;

  private RowGroups() {}

  /** The row program of a group of reductions and a group that reads it; null if they do not fit. */
  static @Nullable Group forward(Group g, Group user) {
    Dims space = space(g);
    if (space == null) {
      return null;
    }
    boolean fits = switch (user.kind()) {
      case MAP -> g.kind() == Group.Kind.ROW
          || user.space().product() == space.product();
      case REDUCE, ROW -> sameSizes(space, space(user));
      default -> false;
    };
    return fits ? merged(space, g, user) : null;
  }

  /** The row program of scalar work along the rows and a group of reductions that reads it. */
  static @Nullable Group producer(Group g, Group user) {
    Dims space = space(user);
    if (g.kind() != Group.Kind.MAP || space == null || g.space().product() != space.product()) {
      return null;
    }
    return merged(space, user, g);
  }

  /** A row program and other reductions along the same rows; null if they do not fit. */
  static @Nullable Group sideBySide(Group a, Group b) {
    Dims space = space(a);
    boolean oneIsRow = a.kind() == Group.Kind.ROW || b.kind() == Group.Kind.ROW;
    return oneIsRow && space != null && sameSizes(space, space(b)) ? merged(space, a, b) : null;
  }

  private static boolean sameSizes(Dims space, @Nullable Dims other) {
    return other != null && other.last(0) == space.last(0) && other.product() == space.product();
  }

  /** The rows and columns over which a group reduces, null if it does not reduce the last dimensions. */
  private static @Nullable Dims space(Group g) {
    if (g.kind() == Group.Kind.ROW) {
      return g.space();
    }
    if (g.kind() != Group.Kind.REDUCE) {
      return null;
    }
    Dims shape = g.reducedShape();
    long columns = 1;
    boolean keptSeen = false;
    for (int d = shape.rank() - 1; d >= 0; d--) {
      if (g.axes().contains(d)) {
        if (keptSeen && shape.get(d) != 1) {
          return null;
        }
        columns *= shape.get(d);
      } else if (shape.get(d) != 1) {
        keptSeen = true;
      }
    }
    Dims rows = KernelBuilder.kept(shape, g.axes());
    boolean worthwhile = rows.product() >= ENOUGH_ROWS || columns <= SHORT_ROW;
    return worthwhile && columns > 0 && rows.product() > 0 ? rows.insert(rows.rank(), columns) : null;
  }

  private static @Nullable Group merged(Dims space, Group a, Group b) {
    List<Node> reductions = new ArrayList<>(a.reductions());
    reductions.addAll(b.reductions());
    reductions.sort(Comparator.comparingInt(Node::id));
    Map<Value, Access> values = new LinkedHashMap<>();
    for (Group g : List.of(a, b)) {
      for (Value v : g.values().keySet()) {
        Access access = access(space, v, reductions.contains(v.node()), values);
        if (access == null) {
          return null;
        }
        values.put(v, access);
      }
    }
    return new Group(Group.Kind.ROW, space, null, reductions, values);
  }

  private static @Nullable Access access(Dims space, Value v, boolean isReduction, Map<Value, Access> known) {
    long columns = space.last(0);
    Dims shape = v.type().shape();
    Dims rows = space.slice(0, space.rank() - 1);
    if (!isReduction) {
      Access followed = Placing.follow(v, known);
      if (followed != null) {
        return followed;
      }
      if (shape.product() == space.product()) {
        return Access.identity(space).reshaped(shape);
      }
    }
    if (shape.product() != rows.product() || columns == 0) {
      return null;
    }
    int[] dims = new int[rows.rank()];
    for (int d = 0; d < dims.length; d++) {
      dims[d] = d;
    }
    return Access.identity(rows).reshaped(shape).within(space, dims);
  }
}
