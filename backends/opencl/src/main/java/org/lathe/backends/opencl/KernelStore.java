package org.lathe.backends.opencl;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.backends.opencl.cl.ClProgram;
import org.lathe.backends.simt.ir.Kernel;

/**
 * The compiled kernels of a device. Kernels go by their names, which are hashes of what they do, so programs share what they
 * have in common. Compilers take long to begin and little for each kernel more, so kernels that come together are compiled
 * together. What nobody uses stays for a while. Any thread.
 */
final class KernelStore implements AutoCloseable {
  private final ProgramSource programs;
  private final int mostIdle;
  private final Map<String, Entry> byKernel = new HashMap<>();
  /** The unused ones, those first that were unused for longest. */
  private final Set<Entry> idle = new LinkedHashSet<>();
  private boolean closed;

  private static final class Entry {
    final ClProgram program;
    final List<String> kernels;
    int users;

    Entry(ClProgram program, List<String> kernels) {
      this.program = program;
      this.kernels = kernels;
    }
  }

  /** @param mostIdle compiled programs kept that nobody uses */
  KernelStore(ProgramSource programs, int mostIdle) {
    this.programs = programs;
    this.mostIdle = mostIdle;
  }

  /** Compiled kernels while somebody uses them. */
  final class Lease implements AutoCloseable {
    private final Map<String, Entry> entries;
    private boolean ended;

    private Lease(Map<String, Entry> entries) {
      this.entries = entries;
    }

    /** A kernel object of its own, which belongs to the caller and may outlive the lease. */
    ClKernel create(Kernel kernel) {
      Entry entry = entries.get(kernel.name());
      if (entry == null) {
        throw new IllegalArgumentException("kernel " + kernel.name() + " is not among those prepared");
      }
      return entry.program.kernel(kernel.name());
    }

    @Override
    public void close() {
      synchronized (KernelStore.this) {
        if (!ended) {
          ended = true;
          new LinkedHashSet<>(entries.values()).forEach(KernelStore.this::leave);
        }
      }
    }
  }

  /**
   * Gets those of the kernels that are not there yet.
   *
   * @throws org.lathe.hal.device.KernelBuildFailed if the compiler refuses one
   * @throws org.lathe.hal.device.DeviceUnavailable if they come compiled, and one does not
   */
  synchronized Lease acquire(Collection<Kernel> kernels) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    Map<String, Kernel> missing = new LinkedHashMap<>();
    for (Kernel k : kernels) {
      Entry entry = byKernel.get(k.name());
      if (entry == null) {
        missing.put(k.name(), k);
      } else {
        entries.put(k.name(), entry);
      }
    }
    new LinkedHashSet<>(entries.values()).forEach(this::join);
    try {
      add(List.copyOf(missing.values()), entries);
    } catch (RuntimeException e) {
      new LinkedHashSet<>(entries.values()).forEach(this::leave);
      throw e;
    }
    return new Lease(entries);
  }

  private void add(List<Kernel> kernels, Map<String, Entry> entries) {
    programs.having(kernels).forEach((program, contents) -> {
      Entry entry = new Entry(program, contents);
      entry.users = 1;
      for (String name : contents) {
        byKernel.putIfAbsent(name, entry);
      }
      for (Kernel k : kernels) {
        if (byKernel.get(k.name()) == entry) {
          entries.put(k.name(), entry);
        }
      }
    });
  }

  private void join(Entry entry) {
    entry.users++;
    idle.remove(entry);
  }

  private void leave(Entry entry) {
    if (--entry.users > 0) {
      return;
    }
    if (closed) {
      entry.program.close();
      return;
    }
    idle.add(entry);
    Iterator<Entry> oldest = idle.iterator();
    while (idle.size() > mostIdle) {
      Entry old = oldest.next();
      oldest.remove();
      old.kernels.forEach(k -> byKernel.remove(k, old));
      old.program.close();
    }
  }

  /** ProgramSource that somebody still uses go when their leases end. */
  @Override
  public synchronized void close() {
    closed = true;
    idle.forEach(e -> e.program.close());
    idle.clear();
    byKernel.clear();
  }
}
