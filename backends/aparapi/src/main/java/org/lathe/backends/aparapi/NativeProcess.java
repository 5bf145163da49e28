package org.lathe.backends.aparapi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.function.Supplier;

/** What only C can do for the process: its environment, and its standard error stream. */
final class NativeProcess {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final int STANDARD_ERROR = 2;
  private static final int WRITE_ONLY = 1;

  private NativeProcess() {}

  /**
   * Keeps PoCL from taking SIGFPE, by which the JVM tells an integer division by zero. PoCL reads the variable when it is
   * asked for devices. Does nothing where there is no {@code setenv}.
   */
  static void keepSignalHandler() {
    Optional<MethodHandle> setenv = function(
        "setenv",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    if (setenv.isEmpty()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      int status = (int) setenv.get().invokeExact(arena.allocateFrom("POCL_SIGFPE_HANDLER"), arena.allocateFrom("0"),
          1);
      if (status != 0) {
        throw new IllegalStateException("setenv(POCL_SIGFPE_HANDLER) gave " + status);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("setenv(POCL_SIGFPE_HANDLER) failed", e);
    }
  }

  /** Does something while native code's complaints on the standard error stream go nowhere, as far as the system lets us. */
  static <T> T quietly(Supplier<T> work) {
    FunctionDescriptor ofInt = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    FunctionDescriptor ofInts = ofInt.appendArgumentLayouts(ValueLayout.JAVA_INT);
    Optional<MethodHandle> open = function(
        "open", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    Optional<MethodHandle> dup = function("dup", ofInt);
    Optional<MethodHandle> dup2 = function("dup2", ofInts);
    Optional<MethodHandle> close = function("close", ofInt);
    if (open.isEmpty() || dup.isEmpty() || dup2.isEmpty() || close.isEmpty()) {
      return work.get();
    }
    int kept = -1;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom("/dev/null");
      int nowhere = (int) open.get().invokeExact(path, WRITE_ONLY);
      if (nowhere >= 0) {
        kept = (int) dup.get().invokeExact(STANDARD_ERROR);
        if (kept >= 0) {
          int moved = (int) dup2.get().invokeExact(nowhere, STANDARD_ERROR);
          kept = moved < 0 ? giveBack(close.get(), kept) : kept;
        }
        giveBack(close.get(), nowhere);
      }
      return work.get();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("the standard error stream cannot be redirected", e);
    } finally {
      if (kept >= 0) {
        restore(dup2.get(), close.get(), kept);
      }
    }
  }

  private static int giveBack(MethodHandle close, int descriptor) throws Throwable {
    int status = (int) close.invokeExact(descriptor);
    return Math.min(-1, status);
  }

  private static void restore(MethodHandle dup2, MethodHandle close, int kept) {
    try {
      int status = (int) dup2.invokeExact(kept, STANDARD_ERROR);
      if (status < 0) {
        throw new IllegalStateException("the standard error stream cannot be restored");
      }
      giveBack(close, kept);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("the standard error stream cannot be restored", e);
    }
  }

  private static Optional<MethodHandle> function(String name, FunctionDescriptor type) {
    Optional<MemorySegment> symbol = LINKER.defaultLookup().find(name);
    return symbol.map(s -> LINKER.downcallHandle(s, type));
  }
}
