package org.lathe.hal.text;

import org.jspecify.annotations.Nullable;

/** A text that is not a program or kernel: where, what was expected, what stands there. The message is one line. */
public final class TextSyntaxException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;
  private final int line;
  private final int column;

  TextSyntaxException(int line, int column, String problem, @Nullable Throwable cause) {
    super("line " + line + ", column " + column + ": " + problem, cause);
    this.line = line;
    this.column = column;
  }

  /** The line, from 1. */
  public int line() {
    return line;
  }

  /** The column, from 1, in UTF-16 units. */
  public int column() {
    return column;
  }
}
