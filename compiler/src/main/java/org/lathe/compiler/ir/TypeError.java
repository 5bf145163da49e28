package org.lathe.compiler.ir;

import org.jspecify.annotations.Nullable;

/** Operands that an op does not take. The message is one line: the op, what it was given, what it wants, and where. */
public final class TypeError extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public TypeError(String message) {
    super(message);
  }

  /** The same error, with the user's line. */
  public TypeError at(@Nullable SourceLine source) {
    return source == null ? this : new TypeError(getMessage() + " (" + source + ")");
  }
}
