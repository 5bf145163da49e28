package org.lathe.compiler.op;

import java.util.function.Supplier;

/** A rule of an op, or the reason why it has none. */
public sealed interface Rule<T> {
  record Present<T>(T rule) implements Rule<T> {}

  record Absent<T>(String reason) implements Rule<T> {}

  static <T> Rule<T> of(T rule) {
    return new Present<>(rule);
  }

  static <T> Rule<T> absent(String reason) {
    return new Absent<>(reason);
  }

  default boolean isPresent() {
    return this instanceof Present;
  }

  default T orElseThrow(Supplier<String> what) {
    return switch (this) {
      case Present<T>(T rule) -> rule;
      case Absent<T>(String reason) -> throw new UnsupportedOperationException(what.get() + ": " + reason);
    };
  }
}
