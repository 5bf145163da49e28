package org.lathe.backends.opencl;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.OutOfDeviceMemory;

/**
 * Memory of a device, within a budget: drivers promise more than they have. Small buffers share blocks, large ones have one
 * of their own. Any thread.
 */
final class OpenClAllocator implements Allocator {
  private static final long ALIGNMENT = 128;
  private static final long BLOCK = 8L << 20;
  private static final long SMALL = BLOCK / 16;

  private final long budget;
  private final long alignment;
  /** Buffers of at most so many bytes share blocks. */
  private final long small;
  private final boolean isolates;
  private final Supplier<Session> session;
  /** Blocks that small buffers share; at most one of them is empty. */
  private final List<Block> shared = new ArrayList<>();
  private long reserved;
  private long allocated;
  private int open;
  private boolean ended;

  /**
   * @param baseAlignment that the device asks for, in bytes
   * @param session called when memory is first needed
   */
  OpenClAllocator(Options options, int baseAlignment, Supplier<Session> session) {
    this.budget = options.budget();
    this.small = options.isolates() ? 0 : SMALL;
    this.isolates = options.isolates();
    this.alignment = isolates ? 1 : Math.max(ALIGNMENT, Integer.highestOneBit(Math.max(1, baseAlignment)));
    this.session = session;
  }

  @Override
  public OpenClBuffer allocate(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
    }
    if (bytes > budget) {
      throw new OutOfDeviceMemory(bytes, freeBytes());
    }
    Session s = session.get();
    s.checkAlive();
    long rounded = rounded(bytes);
    OpenClBuffer buffer = rounded <= small ? inShared(s, bytes, rounded) : alone(s, bytes, rounded);
    synchronized (this) {
      allocated += bytes;
      open++;
    }
    return buffer;
  }

  /** At least one granule: OpenCL has no memory of no bytes. */
  private long rounded(long bytes) {
    return Math.max(1, Math.ceilDiv(bytes, alignment)) * alignment;
  }

  private synchronized OpenClBuffer inShared(Session s, long bytes, long rounded) {
    for (Block block : shared) {
      long base = block.take(rounded);
      if (base >= 0) {
        return new OpenClBuffer(this, s, block, base, bytes);
      }
    }
    if (BLOCK > budget - reserved) {
      return alone(s, bytes, rounded);
    }
    Block block = newBlock(s, BLOCK, bytes);
    shared.add(block);
    return new OpenClBuffer(this, s, block, block.take(rounded), bytes);
  }

  private OpenClBuffer alone(Session s, long bytes, long rounded) {
    Block block = newBlock(s, rounded, bytes);
    synchronized (this) {
      block.take(rounded);
    }
    OpenClBuffer buffer = new OpenClBuffer(this, s, block, 0, bytes);
    if (isolates) {
      buffer.write(0, MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]));
    }
    return buffer;
  }

  /** @param askedBytes what the caller asked for, for the error */
  private Block newBlock(Session s, long bytes, long askedBytes) {
    synchronized (this) {
      if (bytes > budget - reserved) {
        dropEmpty();
      }
      if (bytes > budget - reserved) {
        throw new OutOfDeviceMemory(askedBytes, freeBytes());
      }
      reserved += bytes;
    }
    try {
      return tryTwice(s, bytes);
    } catch (ClException e) {
      unreserve(bytes);
      throw Failures.allocating(e, askedBytes, Math.min(freeBytes(), s.largestAllocation()));
    } catch (OutOfMemoryError e) {
      unreserve(bytes);
      OutOfDeviceMemory refused = new OutOfDeviceMemory(askedBytes, Math.min(freeBytes(), bytes - 1));
      refused.initCause(e);
      throw refused;
    }
  }

  private Block tryTwice(Session s, long bytes) {
    try {
      return Block.of(s, bytes);
    } catch (ClException | OutOfMemoryError e) {
      synchronized (this) {
        if (!dropEmpty()) {
          throw e;
        }
      }
      return Block.of(s, bytes);
    }
  }

  private synchronized void unreserve(long bytes) {
    reserved -= bytes;
  }

  /** Gives shared blocks without buffers back to the driver. @return whether there was one */
  private synchronized boolean dropEmpty() {
    boolean dropped = false;
    for (Iterator<Block> blocks = shared.iterator(); blocks.hasNext();) {
      Block block = blocks.next();
      if (block.isEmpty()) {
        blocks.remove();
        reserved -= block.bytes();
        block.close();
        dropped = true;
      }
    }
    return dropped;
  }

  /** Called once, by the buffer, when no run uses it. */
  void closed(OpenClBuffer buffer) {
    Block block = buffer.block();
    synchronized (this) {
      allocated -= buffer.bytes();
      open--;
      block.giveBack(buffer.base(), rounded(buffer.bytes()));
      if (shared.contains(block)) {
        if (block.isEmpty() && (ended || shared.stream().filter(Block::isEmpty).count() > 1)) {
          shared.remove(block);
        } else {
          return;
        }
      }
      reserved -= block.bytes();
    }
    block.close();
  }

  /** What the driver may still be asked for, as far as the budget goes. */
  synchronized long freeBytes() {
    return budget - reserved;
  }

  @Override
  public synchronized long allocatedBytes() {
    return allocated;
  }

  @Override
  public synchronized int openBuffers() {
    return open;
  }

  /** Gives everything back that no buffer uses; the rest follows as buffers are closed. */
  synchronized void close() {
    ended = true;
    dropEmpty();
  }
}
