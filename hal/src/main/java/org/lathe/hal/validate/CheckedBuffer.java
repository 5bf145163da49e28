package org.lathe.hal.validate;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.Event;

/** A buffer with a guarded zone behind it, which must keep its contents. */
final class CheckedBuffer extends Ledger.Resource implements Buffer {
  static final int ZONE = 64;
  private static final byte ZONE_VALUE = (byte) 0xa5;

  final Buffer inner;
  private final Ledger ledger;
  private final long bytes;
  private Event lastRun = Event.DONE;
  private Thread lastRunner = Thread.currentThread();

  CheckedBuffer(Ledger ledger, Buffer inner, long bytes) {
    super("buffer of " + bytes + " bytes");
    this.ledger = ledger;
    this.inner = inner;
    this.bytes = bytes;
    Ledger.fill(inner, bytes, ZONE, ZONE_VALUE);
  }

  Ledger ledger() {
    return ledger;
  }

  synchronized void usedBy(Event run) {
    lastRun = run;
    lastRunner = Thread.currentThread();
  }

  synchronized Event lastRun() {
    return lastRun;
  }

  private synchronized boolean isUsedElsewhere() {
    return !lastRun.isDone() && lastRunner != Thread.currentThread();
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    checkTransfer("write", offset, source.byteSize());
    inner.write(offset, source);
  }

  @Override
  public void read(long offset, MemorySegment target) {
    checkTransfer("read", offset, target.byteSize());
    inner.read(offset, target);
  }

  private void checkTransfer(String call, long offset, long count) {
    ledger.checkOpen(this, call);
    if (offset < 0 || offset > bytes - count) {
      throw ledger.misuse(call + " of " + count + " bytes at " + offset + " of a " + describe());
    }
    if (isUsedElsewhere()) {
      throw ledger.misuse(call + " while a run of another thread uses the " + describe() + "; await its event first");
    }
  }

  @Override
  public @Nullable MemorySegment host() {
    ledger.checkOpen(this, "host");
    MemorySegment host = inner.host();
    return host == null ? null : host.asSlice(0, bytes);
  }

  /** Throws if something was written behind the buffer's end. */
  void checkZone() {
    byte[] zone = new byte[ZONE];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocate(ZONE, 64);
      inner.read(bytes, copy);
      MemorySegment.copy(copy, ValueLayout.JAVA_BYTE, 0, zone, 0, ZONE);
    }
    for (int i = 0; i < ZONE; i++) {
      if (zone[i] != ZONE_VALUE) {
        throw ledger.misuse("byte " + (bytes + i) + " was written, behind the end of a " + describe());
      }
    }
  }

  @Override
  public void close() {
    if (!ledger.isOpen(this)) {
      return;
    }
    for (CheckedCommands commands : ledger.open(CheckedCommands.class)) {
      if (commands.binds(this)) {
        throw ledger.misuse("close of a " + describe() + ", which an open " + commands.describe() + " binds");
      }
    }
    if (!lastRun().isDone()) {
      throw ledger.misuse("close of a " + describe() + " while a run uses it; await its event first");
    }
    checkZone();
    ledger.closed(this);
    release();
  }

  @Override
  void release() {
    inner.close();
  }
}
