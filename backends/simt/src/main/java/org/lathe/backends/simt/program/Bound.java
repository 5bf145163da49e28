package org.lathe.backends.simt.program;

import org.lathe.hal.device.Buffer;

/** What a buffer of a program is bound to; changes between runs. */
public final class Bound<B extends Buffer> {
  private B buffer;
  private long offset;

  public Bound(B buffer, long offset) {
    this.buffer = buffer;
    this.offset = offset;
  }

  public Bound<B> copy() {
    return new Bound<>(buffer, offset);
  }

  public void move(B newBuffer, long newOffset) {
    buffer = newBuffer;
    offset = newOffset;
  }

  public B buffer() {
    return buffer;
  }

  /** In bytes, within the buffer. */
  public long offset() {
    return offset;
  }
}
