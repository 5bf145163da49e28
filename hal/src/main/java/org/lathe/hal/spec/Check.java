package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.Dims;

/** Checks and helpers that the specs share. */
final class Check {
  private Check() {}

  static void that(boolean condition, String rule) {
    if (!condition) {
      throw new IllegalArgumentException("illegal kernel: " + rule);
    }
  }

  static void views(String what, List<View> views, int rank) {
    for (View v : views) {
      that(v.strides().rank() == rank, what + " has " + v.strides().rank() + " strides in a space of rank " + rank);
    }
  }

  static List<Operand> operands(List<View> views, Dims space) {
    return views.stream().map(v -> new Operand(v.dtype(), v.span(space))).toList();
  }

  static List<Operand> concat(List<Operand> a, List<Operand> b) {
    return java.util.stream.Stream.concat(a.stream(), b.stream()).toList();
  }
}
