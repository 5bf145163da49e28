package org.lathe.backends.opencl.cl;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import org.jocl.CL;
import org.jspecify.annotations.Nullable;

/** OpenCL on this machine: started once in a process, guarded. Any thread. */
public final class OpenCl {
  /** What was found. */
  public sealed interface Found {}

  /** At least one device, in an order that lasts. */
  public record Devices(List<ClDevice> devices) implements Found {}

  /** Nothing. @param detail one line, for people */
  public record Nothing(Cause cause, String detail) implements Found {}

  /** Why there is no device. */
  public enum Cause {
    /** JOCL's native part cannot be loaded. */
    NO_BINDING,
    /** There is no OpenCL library. */
    NO_LOADER,
    /** There is an OpenCL library, but no driver for it. */
    NO_DRIVER,
    /** There is a driver, but it has no device. */
    NO_DEVICE,
    /** The driver failed. */
    DRIVER_FAILED,
    /** A signal handler of the driver would break Java's integer division. */
    SIGNAL_HANDLER
  }

  private static @Nullable Found last;
  private static volatile @Nullable SymbolLookup library;

  private OpenCl() {}

  /**
   * The devices of this machine. What was found lasts for the process; what was missing is looked for again, except for
   * JOCL's native part, which a JVM tries to load only once.
   */
  public static synchronized Found find() {
    Found known = last;
    if (known instanceof Devices || known instanceof Nothing n && n.cause() == Cause.NO_BINDING) {
      return known;
    }
    Found found = look();
    last = found;
    return found;
  }

  /** The functions of the library that was found. */
  static SymbolLookup library() {
    SymbolLookup found = library;
    if (found == null) {
      throw new IllegalStateException("OpenCL was not found, and is called");
    }
    return found;
  }

  private static Found look() {
    try {
      keepSignalHandler();
      NativeBinding.prepare();
    } catch (RuntimeException | LinkageError | IOException e) {
      return new Nothing(Cause.NO_BINDING, line(e));
    }
    Optional<String> why = loaderIsMissing();
    if (why.isPresent()) {
      return new Nothing(Cause.NO_LOADER, why.get());
    }
    try {
      CL.setExceptionsEnabled(false);
    } catch (RuntimeException | LinkageError e) {
      return new Nothing(Cause.NO_BINDING, line(e));
    }
    List<ClDevice> devices;
    try {
      devices = ClDevice.all();
    } catch (ClException e) {
      return switch (e.status()) {
        case ClException.PLATFORM_NOT_FOUND -> new Nothing(Cause.NO_DRIVER, e.getMessage());
        case ClException.DEVICE_NOT_FOUND -> new Nothing(Cause.NO_DEVICE, e.getMessage());
        default -> new Nothing(Cause.DRIVER_FAILED, e.getMessage());
      };
    }
    return dividingByZeroThrows(devices.size() - devices.size())
        ? new Devices(devices)
        : new Nothing(Cause.SIGNAL_HANDLER, "a driver that was started before Lathe has taken the signal SIGFPE");
  }

  /** Looks for the library that JOCL will load. JOCL would print that it cannot. */
  private static Optional<String> loaderIsMissing() {
    String system = System.getProperty("os.name", "");
    List<String> names = system.startsWith("Windows")
        ? List.of("OpenCL.dll")
        : system.startsWith("Mac")
            ? List.of("/System/Library/Frameworks/OpenCL.framework/Versions/Current/OpenCL")
            : List.of("libOpenCL.so.1", "libOpenCL.so");
    for (String name : names) {
      try {
        library = SymbolLookup.libraryLookup(name, Arena.global());
        return Optional.empty();
      } catch (IllegalArgumentException e) {
        // Not under this name; the next one, or none.
      }
    }
    return Optional.of("cannot load " + names.getFirst());
  }

  /**
   * Keeps PoCL from taking SIGFPE, by which the JVM tells an integer division by zero: from then on such a division would
   * give a number instead of an exception, in all of the process. PoCL reads the variable when it is asked for devices.
   */
  private static void keepSignalHandler() {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> setenv = linker.defaultLookup().find("setenv");
    if (setenv.isEmpty()) {
      return;
    }
    var call = linker.downcallHandle(
        setenv.get(),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      int status = (int) call.invokeExact(arena.allocateFrom("POCL_SIGFPE_HANDLER"), arena.allocateFrom("0"), 1);
      if (status != 0) {
        throw new IllegalStateException("setenv(POCL_SIGFPE_HANDLER) gave " + status);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("setenv(POCL_SIGFPE_HANDLER) failed", e);
    }
  }

  private static boolean dividingByZeroThrows(int zero) {
    try {
      // The sum uses the quotient, so that no compiler leaves the division out.
      return 1 / zero + zero == Integer.MIN_VALUE;
    } catch (ArithmeticException e) {
      return true;
    }
  }

  private static String line(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getName() : message.lines().findFirst().orElse("").strip();
  }
}
