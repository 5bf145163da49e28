package org.lathe.hal.device;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Pages of Linux's virtual memory, on huge pages where the kernel has them for the asking ({@code transparent_hugepage} is
 * {@code always} or {@code madvise}). Any thread.
 */
final class VirtualMemory implements HostRegions.Source {
  static final long HUGE_PAGE = 2 << 20;

  // Constants of Linux's system calls, the same on x86-64 and AArch64.
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int MADV_HUGEPAGE = 14;

  private final MethodHandle map;
  private final MethodHandle unmap;
  private final MethodHandle advise;

  private VirtualMemory(Linker linker, SymbolLookup libc) {
    var address = ValueLayout.ADDRESS;
    var number = ValueLayout.JAVA_INT;
    var size = ValueLayout.JAVA_LONG;
    this.map = linker.downcallHandle(
        libc.findOrThrow("mmap"), FunctionDescriptor.of(address, address, size, number, number, number, size));
    this.unmap = linker.downcallHandle(libc.findOrThrow("munmap"), FunctionDescriptor.of(number, address, size));
    this.advise = linker.downcallHandle(
        libc.findOrThrow("madvise"), FunctionDescriptor.of(number, address, size, number));
  }

  /** The system's, if it is Linux on a 64-bit processor. */
  static Optional<VirtualMemory> ofSystem() {
    if (!System.getProperty("os.name").equals("Linux") || ValueLayout.ADDRESS.byteSize() != 8) {
      return Optional.empty();
    }
    Linker linker = Linker.nativeLinker();
    return Optional.of(new VirtualMemory(linker, linker.defaultLookup()));
  }

  /** Maps more than is asked for, so that whole huge pages lie in it, and gives back what is left over. */
  @Override
  public long map(long bytes) {
    long all = bytes + HUGE_PAGE;
    if (all < 0) {
      throw refused(bytes);
    }
    try {
      MemorySegment at = (MemorySegment) map.invokeExact(
          MemorySegment.NULL, all, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      if (at.address() == -1) {
        throw refused(bytes);
      }
      long first = (at.address() + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
      unmap(at.address(), first - at.address());
      unmap(first + bytes, at.address() + HUGE_PAGE - first);
      // Advice: where the kernel has no huge pages, it says so, and small ones do as well.
      int ignored = (int) advise.invokeExact(MemorySegment.ofAddress(first), bytes, MADV_HUGEPAGE);
      return first;
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("mmap cannot be called", e);
    }
  }

  private static OutOfMemoryError refused(long bytes) {
    return new OutOfMemoryError("the system does not map " + bytes + " bytes");
  }

  @Override
  public void unmap(long address, long bytes) {
    if (bytes == 0) {
      return;
    }
    try {
      int failed = (int) unmap.invokeExact(MemorySegment.ofAddress(address), bytes);
      if (failed != 0) {
        throw new IllegalStateException("the system does not unmap " + bytes + " bytes at " + address);
      }
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("munmap cannot be called", e);
    }
  }
}
