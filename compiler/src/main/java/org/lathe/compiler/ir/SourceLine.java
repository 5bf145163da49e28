package org.lathe.compiler.ir;

/** A line of the user's code. Prints as {@code Model.java:17}. */
public record SourceLine(String file, int line) {
  @Override
  public String toString() {
    return file + ":" + line;
  }
}
