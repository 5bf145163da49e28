package org.lathe.backends.simt.bytecode;

/** A kernel that a dialect has no words for; the message says what it lacks. */
public final class Unwritable extends RuntimeException {
  private static final long serialVersionUID = 1;

  Unwritable(String kernel, String why) {
    super("kernel '" + kernel + "' cannot be written: " + why);
  }
}
