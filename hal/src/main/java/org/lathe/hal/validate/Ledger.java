package org.lathe.hal.validate;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lathe.hal.device.Buffer;

/** What of one device is open. Any thread. */
final class Ledger {
  private static final int CHUNK = 1 << 16;
  private static final StackWalker WALKER = StackWalker.getInstance();

  private final String device;
  private final Set<Resource> open = new LinkedHashSet<>();
  private boolean closed;

  /** Something of the device that its owner closes. */
  abstract static class Resource {
    private final String what;
    private final String origin;

    Resource(String what) {
      this.what = what;
      this.origin = caller();
    }

    /** For messages: what it is, and the line that made it. */
    final String describe() {
      return what + " made at " + origin;
    }

    /** Gives the memory back, whatever still uses it. */
    abstract void release();

    private static String caller() {
      String here = Ledger.class.getPackageName() + ".";
      Optional<String> frame = WALKER.walk(frames -> frames
          .filter(f -> !f.getClassName().startsWith(here) || f.getClassName().endsWith("Test")).findFirst()
          .map(f -> f.toStackTraceElement().toString()));
      return frame.orElse("an unknown line");
    }
  }

  Ledger(String device) {
    this.device = device;
  }

  DeviceMisuse misuse(String problem) {
    return new DeviceMisuse(device, problem);
  }

  synchronized void checkOpen(String call) {
    if (closed) {
      throw misuse(call + " after the device was closed");
    }
  }

  synchronized void checkOpen(Resource r, String call) {
    if (!open.contains(r)) {
      throw misuse(call + " on a closed " + r.describe());
    }
  }

  synchronized <R extends Resource> R opened(R r) {
    open.add(r);
    return r;
  }

  /** Whether it was open. */
  synchronized boolean closed(Resource r) {
    return open.remove(r);
  }

  synchronized boolean isOpen(Resource r) {
    return open.contains(r);
  }

  synchronized <R extends Resource> List<R> open(Class<R> kind) {
    return open.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  /** Marks the device closed, and gives what is still open, the youngest first; empty if it was closed before. */
  synchronized Optional<List<Resource>> close() {
    if (closed) {
      return Optional.empty();
    }
    closed = true;
    List<Resource> leaked = new ArrayList<>(open).reversed();
    open.clear();
    return Optional.of(leaked);
  }

  /** Sets {@code bytes} bytes from {@code offset} on to {@code value}. */
  static void fill(Buffer buffer, long offset, long bytes, byte value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pattern = arena.allocate(Math.min(bytes, CHUNK), 64).fill(value);
      for (long done = 0; done < bytes; done += CHUNK) {
        buffer.write(offset + done, pattern.asSlice(0, Math.min(CHUNK, bytes - done)));
      }
    }
  }
}
