package org.lathe.compiler.runtime;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.lathe.hal.device.Buffer;

/** An array's buffer and the number of its users: what outlives the {@link Array} until the cleaner has seen it. */
final class ArrayMemory implements Runnable {
  private static final int CLOSED = -1;
  private static final int DONATED = -2;
  private static final int WRITTEN = -3;
  private static final VarHandle USERS;

  static {
    try {
      USERS = MethodHandles.lookup().findVarHandle(ArrayMemory.class, "users", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ArrayRegistry registry;
  private final Buffer buffer;
  private volatile int users;

  ArrayMemory(ArrayRegistry registry, Buffer buffer) {
    this.registry = registry;
    this.buffer = buffer;
  }

  boolean isClosed() {
    int n = users;
    return n == CLOSED || n == DONATED;
  }

  Buffer use() {
    while (true) {
      int n = users;
      if (n < 0) {
        throw new IllegalStateException(
            switch (n) {
              case DONATED -> "this array was donated to a call, whose output holds its memory now; use that output";
              case WRITTEN ->
                "this array is donated to a call that has not ended; pass it once, and to one call at a time";
              default -> "this array is closed";
            });
      }
      if (USERS.compareAndSet(this, n, n + 1)) {
        return buffer;
      }
    }
  }

  void unuse() {
    USERS.getAndAdd(this, -1);
  }

  /** Whether this call closed it. */
  boolean close() {
    if (USERS.compareAndSet(this, 0, CLOSED)) {
      return true;
    }
    int n = users;
    if (n > 0 || n == WRITTEN) {
      throw new IllegalStateException(
          "this array is in use by a run or a bound call and cannot be closed; close the bound call first");
    }
    return false;
  }

  /** From no users to one that writes. */
  Buffer beginDonation() {
    if (!USERS.compareAndSet(this, 0, WRITTEN)) {
      throw new IllegalStateException(
          users > 0 || users == WRITTEN
              ? "a donated array is in use elsewhere: pass it once, and to one call at a time"
              : "this array is closed and cannot be donated");
    }
    return buffer;
  }

  void cancelDonation() {
    USERS.compareAndSet(this, WRITTEN, 0);
  }

  Buffer endDonation() {
    USERS.compareAndSet(this, WRITTEN, DONATED);
    return buffer;
  }

  /** Closes it with the device, whoever still holds it. */
  void closeWithLathe() {
    USERS.setVolatile(this, CLOSED);
    if (registry.forget(this, false)) {
      buffer.close();
    }
  }

  /** Called once: by {@link Array#close}, by {@link Array#donate}, or by the cleaner. */
  @Override
  public void run() {
    int before = users;
    if (before >= 0) {
      users = CLOSED;
    }
    if (registry.forget(this, before >= 0) && before != DONATED) {
      registry.recycle(buffer);
    }
  }
}
