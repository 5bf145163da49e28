package org.lathe.backends.opencl;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClMemory;
import org.lathe.hal.device.Buffer;

/** A part of a {@link Block}. It knows the last run in each lane that uses it, so that nothing else is waited for. */
final class OpenClBuffer implements Buffer {
  private final OpenClAllocator allocator;
  private final Session session;
  private final Block block;
  private final long base;
  private final long bytes;
  private final long[] lastUse = new long[Session.LANES];
  private final AtomicBoolean closed = new AtomicBoolean();

  OpenClBuffer(OpenClAllocator allocator, Session session, Block block, long base, long bytes) {
    this.allocator = allocator;
    this.session = session;
    this.block = block;
    this.base = base;
    this.bytes = bytes;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  Session session() {
    return session;
  }

  Block block() {
    return block;
  }

  ClMemory memory() {
    return block.memory();
  }

  /** Where it begins in {@link #memory}, in bytes: a multiple of 128. */
  long base() {
    return base;
  }

  void checkOpen() {
    if (closed.get()) {
      throw new IllegalStateException("a buffer of " + bytes + " bytes is used after it was closed");
    }
  }

  /** A run of {@code lane} uses this buffer until {@code ticket}. */
  void usedUntil(Lane lane, long ticket) {
    lastUse[lane.number()] = ticket;
  }

  /**
   * Waits for the runs that use this buffer, of all threads.
   *
   * @throws ClException if one of them failed; all have ended then
   */
  void awaitUses() {
    ClException failure = null;
    for (int i = 0; i < lastUse.length; i++) {
      if (lastUse[i] > 0) {
        try {
          session.lane(i).await(lastUse[i]);
        } catch (ClException e) {
          failure = e;
        }
        lastUse[i] = 0;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public void write(long offset, MemorySegment source) {
    check(offset, source.byteSize());
    if (source.byteSize() == 0) {
      return;
    }
    try {
      session.transfer().write(this, offset, source);
    } catch (ClException e) {
      throw session.failed(e, source.byteSize(), allocator.freeBytes());
    }
  }

  @Override
  public void read(long offset, MemorySegment target) {
    check(offset, target.byteSize());
    if (target.byteSize() == 0) {
      return;
    }
    try {
      session.transfer().read(this, offset, target);
    } catch (ClException e) {
      throw session.failed(e, target.byteSize(), allocator.freeBytes());
    }
  }

  /** One byte, when no run is under way that writes it. */
  byte readByte(long offset) {
    byte[] one = new byte[1];
    read(offset, MemorySegment.ofArray(one));
    return one[0];
  }

  private void check(long offset, long length) {
    checkOpen();
    session.checkAlive();
    Objects.checkFromIndexSize(offset, length, bytes);
  }

  @Override
  public @Nullable MemorySegment host() {
    checkOpen();
    return block.host() == null ? null : hostMemory();
  }

  MemorySegment hostMemory() {
    MemorySegment all = block.host();
    if (all == null) {
      throw new IllegalStateException("the host cannot address this memory");
    }
    return all.asSlice(base, bytes);
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    try {
      awaitUses();
    } catch (ClException e) {
      // The run failed, and whoever waits for it is told; here it only matters that it has ended.
      session.failed(e, 0, 0);
    }
    allocator.closed(this);
  }
}
