package org.lathe.compiler.lower;

/** A piece of memory in the making. Compared by identity. */
final class Storage {
  private final long bytes;
  private final int depth;
  private final int buffer;

  private Storage(long bytes, int depth, int buffer) {
    this.bytes = bytes;
    this.depth = depth;
    this.buffer = buffer;
  }

  /** A temporary, to be placed in the scratch buffer, of which each pass through {@code depth} loops has its own. */
  static Storage temporary(long bytes, int depth) {
    return new Storage(bytes, depth, -1);
  }

  /** The whole of a declared buffer. */
  static Storage declared(long bytes, int buffer) {
    return new Storage(bytes, 0, buffer);
  }

  long bytes() {
    return bytes;
  }

  /** How many loops it is inside of. */
  int depth() {
    return depth;
  }

  boolean isTemporary() {
    return buffer < 0;
  }

  /** The index of the declared buffer. */
  int buffer() {
    return buffer;
  }
}
