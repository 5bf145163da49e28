package org.lathe.hal.spec;

import java.util.List;
import java.util.stream.Stream;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;

/** Checks and helpers that the specs share. */
final class Check {
  private Check() {}

  static void that(boolean condition, String rule) {
    if (!condition) {
      throw illegal(rule);
    }
  }

  /** For checks of every view and node, whose messages would cost more than the checks. */
  private static IllegalArgumentException illegal(String rule) {
    return new IllegalArgumentException("illegal kernel: " + rule);
  }

  static void sizes(String what, long... sizes) {
    for (long size : sizes) {
      if (size < 0) {
        throw illegal(what + " with a size of " + size);
      }
    }
  }

  /** Each view fits {@code space} and stays at or after the start of its slice. */
  static void views(String what, List<View> views, Dims space) {
    sizes(what, space.toArray());
    for (View v : views) {
      if (v.strides().rank() != space.rank()) {
        throw illegal(what + " has " + v.strides().rank() + " strides in a space of rank " + space.rank());
      }
      if (v.start(space) < 0) {
        throw illegal(what + " " + v + " reaches element " + v.start(space) + " over " + space);
      }
    }
  }

  /** As {@link #views}; nothing is guarded, and no element is touched twice. */
  static void outputs(String what, List<View> views, Dims space) {
    views(what, views, space);
    for (View v : views) {
      if (v.guard() != null) {
        throw illegal(what + " " + v + " has a guard");
      }
      if (!v.isInjective(space)) {
        throw illegal(what + " " + v + " touches an element twice over " + space);
      }
    }
  }

  static void noGuards(String what, View... views) {
    for (View v : views) {
      if (v.guard() != null) {
        throw illegal(what + " " + v + " has a guard");
      }
    }
  }

  /** The expression reads only inputs of these types, and counts only over a space of {@code rank} dimensions. */
  static void expr(String what, Expr expr, List<DType> inputs, int rank) {
    for (Expr.Node node : expr.nodes()) {
      if (node instanceof Expr.Input in) {
        if (in.index() < 0 || in.index() >= inputs.size()) {
          throw illegal(what + " reads input " + in.index() + " of " + inputs.size());
        }
        if (in.type() != inputs.get(in.index())) {
          throw illegal(
              what + " reads input " + in.index() + " as " + in.type() + ", which is " + inputs.get(in.index()));
        }
      } else if (node instanceof Expr.Index index) {
        if (index.dim() < 0 || index.dim() >= rank) {
          throw illegal(what + " counts along dimension " + index.dim() + " of a space of rank " + rank);
        }
      }
    }
  }

  /** Result {@code j} has the type of output {@code j}. */
  static void stores(String what, Expr expr, List<View> outputs) {
    if (expr.results().size() != outputs.size()) {
      throw illegal(what + " has " + expr.results().size() + " results and " + outputs.size() + " outputs");
    }
    for (int j = 0; j < outputs.size(); j++) {
      if (expr.resultType(j) != outputs.get(j).dtype()) {
        throw illegal(
            what + " stores result " + j + " of " + expr.resultType(j) + " as " + outputs.get(j).dtype());
      }
    }
  }

  /** The combiner has a meaning on {@code type}, and its indices over {@code count} elements fit i32. */
  static void combines(String what, Combiner combiner, DType type, long count) {
    switch (combiner) {
      case SUM, PRODUCT -> that(type != DType.BOOL, what + " combines bool by " + combiner);
      case ARGMAX, ARGMIN -> that(count <= Integer.MAX_VALUE, what + " counts " + count + " elements in i32");
      case MAX, MIN -> {}
    }
  }

  static void indexType(DType type) {
    that(type == DType.I32 || type == DType.I64, "indices are i32 or i64, not " + type);
  }

  static List<DType> types(List<View> views) {
    return views.stream().map(View::dtype).toList();
  }

  static List<Operand> operands(List<View> views, Dims space) {
    return views.stream().map(v -> new Operand(v.dtype(), v.span(space))).toList();
  }

  static <T> List<T> concat(List<T> a, List<T> b) {
    return Stream.concat(a.stream(), b.stream()).toList();
  }

  /** Whether node {@code i} of the expression has another value at another index of {@code dim}, for each i. */
  static boolean[] dependsOn(int dim, Expr expr, List<View> inputs) {
    boolean[] depends = new boolean[expr.nodes().size()];
    for (int i = 0; i < depends.length; i++) {
      Expr.Node node = expr.nodes().get(i);
      depends[i] = switch (node) {
        case Expr.Index index -> index.dim() == dim;
        case Expr.Input in -> in.index() < inputs.size() && variesAlong(dim, inputs.get(in.index()));
        default -> node.operands().stream().anyMatch(o -> depends[o]);
      };
    }
    return depends;
  }

  private static boolean variesAlong(int dim, View v) {
    return v.strides().get(dim) != 0 || v.guard() != null;
  }
}
