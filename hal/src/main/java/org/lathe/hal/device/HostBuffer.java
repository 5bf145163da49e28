package org.lathe.hal.device;

import java.lang.foreign.MemorySegment;

/** Off-heap memory of the host, aligned to 64 bytes, from a page on to 4096. Closed once, by its owner; see {@link Buffer}. */
public final class HostBuffer implements Buffer {
  private final HostAllocator owner;
  private final HostBlock block;
  private volatile boolean closed;
  private boolean lent;
  private long version;

  HostBuffer(HostAllocator owner, HostBlock block) {
    this.owner = owner;
    this.block = block;
  }

  /** Of its first byte. */
  public long address() {
    return block.memory().address();
  }

  @Override
  public long bytes() {
    return block.memory().byteSize();
  }

  /**
   * A number that changes whenever the contents may have, for those who keep what they have made of them; -1 from the time
   * on when the memory itself was handed out. Ordered like the writes are.
   */
  public long version() {
    return lent ? -1 : version;
  }

  /** Says that a kernel is about to write to it. */
  public void written() {
    version++;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    written();
    MemorySegment.copy(source, 0, memory(), offset, source.byteSize());
  }

  @Override
  public void read(long offset, MemorySegment target) {
    MemorySegment.copy(memory(), offset, target, 0, target.byteSize());
  }

  @Override
  public MemorySegment host() {
    lent = true;
    return memory();
  }

  private MemorySegment memory() {
    if (closed) {
      throw new IllegalStateException("this buffer of " + bytes() + " bytes is closed");
    }
    return block.memory();
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    block.close();
    owner.closed(bytes());
  }
}
