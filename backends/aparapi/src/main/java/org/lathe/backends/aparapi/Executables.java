package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The compiled kernels of a device. Aparapi's objects are dear: each has an OpenCL context, or threads, and its model of a
 * class stays for good. So there is one for each kernel, shared by all programs, which take turns; those that no program
 * holds are kept for a while, the least recently used closed first. Any thread.
 */
final class Executables {
  private static final int MOST_IDLE = 256;

  private final Engine engine;
  private final Map<Request, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private boolean closed;

  /** A kernel; whoever runs it holds its lock. */
  static final class Entry {
    final ReentrantLock lock = new ReentrantLock();
    private final Executable executable;
    private int users;

    private Entry(Executable executable) {
      this.executable = executable;
    }

    Executable executable() {
      return executable;
    }
  }

  Executables(Engine engine) {
    this.engine = engine;
  }

  /** What a program holds until it is closed. Any thread. */
  final class Lease implements AutoCloseable {
    private final List<Entry> held = new ArrayList<>();

    /** Holds these kernels, and compiles those that nobody held yet, together. */
    void take(List<Request> kernels) {
      synchronized (Executables.this) {
        if (closed) {
          throw new IllegalStateException("a device is used after it was closed");
        }
        List<Request> missing = kernels.stream().distinct().filter(k -> !entries.containsKey(k)).toList();
        List<Executable> compiled = missing.isEmpty() ? List.of() : engine.compile(missing);
        for (int i = 0; i < missing.size(); i++) {
          entries.put(missing.get(i), new Entry(compiled.get(i)));
        }
        for (Request k : kernels) {
          Entry entry = Objects.requireNonNull(entries.get(k));
          if (!held.contains(entry)) {
            held.add(entry);
            entry.users++;
          }
        }
      }
    }

    /** The kernel, compiled if it is not yet. */
    Entry get(Request kernel) {
      synchronized (Executables.this) {
        take(List.of(kernel));
        return Objects.requireNonNull(entries.get(kernel));
      }
    }

    @Override
    public void close() {
      synchronized (Executables.this) {
        held.forEach(e -> e.users--);
        held.clear();
        trim(closed ? 0 : MOST_IDLE);
      }
    }
  }

  synchronized void forEach(Consumer<Executable> action) {
    entries.values().forEach(e -> action.accept(e.executable));
  }

  Lease lease() {
    return new Lease();
  }

  /** Closes what nobody holds, but for so many. */
  private void trim(int most) {
    long idle = entries.values().stream().filter(e -> e.users == 0).count();
    for (Iterator<Entry> all = entries.values().iterator(); all.hasNext() && idle > most;) {
      Entry entry = all.next();
      if (entry.users == 0) {
        all.remove();
        entry.executable.close();
        idle--;
      }
    }
  }

  synchronized void close() {
    closed = true;
    trim(0);
  }
}
