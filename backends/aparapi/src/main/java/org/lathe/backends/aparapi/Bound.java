package org.lathe.backends.aparapi;

/** What a buffer of a program is bound to; changes between runs. */
final class Bound {
  private ArenaBuffer buffer;
  private long offset;

  Bound(ArenaBuffer buffer, long offset) {
    this.buffer = buffer;
    this.offset = offset;
  }

  Bound copy() {
    return new Bound(buffer, offset);
  }

  void move(ArenaBuffer newBuffer, long newOffset) {
    buffer = newBuffer;
    offset = newOffset;
  }

  ArenaBuffer buffer() {
    return buffer;
  }

  /** In bytes, within the buffer. */
  long offset() {
    return offset;
  }
}
