package org.lathe.compiler.ir;

import org.jspecify.annotations.Nullable;

/** Operands that an op does not take. The message is one line: the op, what it was given, what it wants, and where. */
public final class TypeError extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final boolean located;

  public TypeError(String message) {
    this(message, false);
  }

  private TypeError(String message, boolean located) {
    super(message);
    this.located = located;
  }

  /** The same error with the user's line, unless it has one. */
  public TypeError at(@Nullable SourceLine source) {
    return located || source == null ? this : new TypeError(getMessage() + " (" + source + ")", true);
  }
}
