package org.lathe.backends.opencl;

/** What a buffer of a program is bound to; changes between runs. */
final class Bound {
  private OpenClBuffer buffer;
  private long offset;

  Bound(OpenClBuffer buffer, long offset) {
    this.buffer = buffer;
    this.offset = offset;
  }

  void move(OpenClBuffer newBuffer, long newOffset) {
    buffer = newBuffer;
    offset = newOffset;
  }

  OpenClBuffer buffer() {
    return buffer;
  }

  /** In bytes, within the buffer. */
  long offset() {
    return offset;
  }
}
