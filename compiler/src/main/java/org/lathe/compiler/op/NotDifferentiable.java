package org.lathe.compiler.op;

/** A gradient that was asked for and does not exist. The message names the op, the reason and the user's line. */
public final class NotDifferentiable extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  NotDifferentiable(String message) {
    super(message);
  }
}
