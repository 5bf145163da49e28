package org.lathe.backends.cpu;

/** Hands out consecutive parts of a scratch memory, each aligned to 64 bytes, and knows the bytes needed in all. */
final class ScratchLayout {
  private static final int ALIGNMENT = 64;

  private final int elementBytes;
  private long bytes;

  ScratchLayout(int elementBytes) {
    this.elementBytes = elementBytes;
  }

  /** The offset in bytes of a new part of {@code elements}. */
  long take(long elements) {
    long at = bytes;
    bytes = Math.ceilDiv(Math.addExact(at, Math.multiplyExact(elements, elementBytes)), ALIGNMENT) * ALIGNMENT;
    return at;
  }

  long bytes() {
    return bytes;
  }
}
