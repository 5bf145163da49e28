package org.lathe.compiler.op;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.spec.View.Guard;

/**
 * From an output element's position to the input element it comes from: input dimension j is at {@code offset + step *
 * position[from]}, or at {@code offset} alone where {@code from} is negative. Outside the guard, whose box is over the
 * output's dimensions, the value is the guard's.
 */
public record AccessMap(List<Axis> axes, @Nullable Guard guard) {
  public AccessMap {
    axes = List.copyOf(axes);
  }

  /** Where one input dimension reads. */
  public record Axis(int from, long offset, long step) {
    public static Axis of(int from) {
      return new Axis(from, 0, 1);
    }

    public static Axis fixed(long at) {
      return new Axis(-1, at, 0);
    }
  }
}
