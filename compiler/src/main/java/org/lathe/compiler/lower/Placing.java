package org.lathe.compiler.lower;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;

/** Finds where in a kernel's space the elements of a further value lie. */
final class Placing {
  /** Chains longer than this are not searched: fusion bounds expressions anyway. */
  private static final int DEPTH = 24;

  private Placing() {}

  /**
   * The access of {@code v} that lets it be computed beside the values in {@code known}: theirs, followed through scalar
   * work, reshapes and permutations. Null if there is no such way.
   */
  static @Nullable Access follow(Value v, Map<Value, Access> known) {
    return follow(v, known, DEPTH);
  }

  private static @Nullable Access follow(Value v, Map<Value, Access> known, int depth) {
    Access access = known.get(v);
    if (access != null || depth == 0) {
      return access;
    }
    Node node = v.node();
    return switch (GraphFacts.lowering(node)) {
      case Lowering.Pointwise p -> {
        for (Value operand : node.inputs()) {
          Access a = follow(operand, known, depth - 1);
          if (a != null) {
            yield a;
          }
        }
        yield null;
      }
      case Lowering.Reshape r -> {
        Access a = follow(node.input(0), known, depth - 1);
        yield a == null ? null : a.reshaped(v.type().shape());
      }
      case Lowering.Identity i -> follow(node.input(0), known, depth - 1);
      case Lowering.Movement(Lowering.MovementRule rule) -> {
        Access a = follow(node.input(0), known, depth - 1);
        yield a == null
            ? null
            : a.backThrough(rule.map(node.input(0).type(), node.attributes(), v.type()), v.type().shape());
      }
      case null, default -> null;
    };
  }
}
