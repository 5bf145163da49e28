package org.lathe.hal.device;

/** A part of a buffer: what a program's declaration is bound to. The offset is a multiple of 64. */
public record BufferSlice(Buffer buffer, long offset, long bytes) {
  public BufferSlice {
    if (offset < 0 || bytes < 0 || offset > buffer.bytes() - bytes) {
      throw new IndexOutOfBoundsException(
          "slice of " + bytes + " bytes at " + offset + " of a buffer of " + buffer.bytes());
    }
  }

  public static BufferSlice whole(Buffer buffer) {
    return new BufferSlice(buffer, 0, buffer.bytes());
  }
}
