package org.lathe.compiler.ir;

/** A graph's text that cannot be read. The message is one line with the place. */
public final class GraphSyntaxError extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  GraphSyntaxError(int line, int column, String problem) {
    super("line " + line + ", column " + column + ": " + problem);
  }
}
