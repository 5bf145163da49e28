package org.lathe.backends.cpu;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/**
 * A small vector loop that C2 never inlines into its caller.
 *
 * <p>Each Vector API call is some hundred nodes of C2's graph, and at 18000 nodes ({@code NodeCountInliningCutoff}) C2
 * stops inlining: from there on every vector is a heap object, some 15 times slower. A caller of many small vector
 * loops would get there by inlining them all. Behind a method handle that is no constant to C2, each loop is compiled
 * by itself, once, for a few nanoseconds a call. Keep each in a static field: the JVM compiles one anew for each handle.
 */
final class Outlined {
  private static final int MOST = 8;

  // Not final: C2 would take a final field for a constant, some day if not now, and inline.
  private MethodHandle body;

  /**
   * The static method {@code name} of the class that looks up, whose parameters are {@code longs} longs, at most 8, and
   * an int.
   */
  Outlined(MethodHandles.Lookup lookup, String name, int longs) {
    this(lookup, name, longs, false);
  }

  private Outlined(MethodHandles.Lookup lookup, String name, int longs, boolean array) {
    MethodType type = MethodType.methodType(void.class, Collections.nCopies(longs, long.class))
        .appendParameterTypes(int.class);
    try {
      MethodHandle method = lookup.findStatic(
          lookup.lookupClass(), name, array ? type.insertParameterTypes(0, Object.class) : type);
      MethodHandle one = array ? method : MethodHandles.dropArguments(method, 0, Object.class);
      this.body = MethodHandles.dropArguments(one, 1 + longs, Collections.nCopies(MOST - longs, long.class));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no vector loop " + name + type + " in " + lookup.lookupClass(), e);
    }
  }

  /** The same for a method whose first parameter is an Object: an array on the heap. */
  static Outlined withArray(MethodHandles.Lookup lookup, String name, int longs) {
    return new Outlined(lookup, name, longs, true);
  }

  void run(long a, int n) {
    run(null, a, 0, 0, 0, 0, 0, 0, 0, n);
  }

  void run(long a, long b, int n) {
    run(null, a, b, 0, 0, 0, 0, 0, 0, n);
  }

  void run(long a, long b, long c, int n) {
    run(null, a, b, c, 0, 0, 0, 0, 0, n);
  }

  void run(long a, long b, long c, long d, int n) {
    run(null, a, b, c, d, 0, 0, 0, 0, n);
  }

  void run(long a, long b, long c, long d, long e, int n) {
    run(null, a, b, c, d, e, 0, 0, 0, n);
  }

  void run(long a, long b, long c, long d, long e, long f, int n) {
    run(null, a, b, c, d, e, f, 0, 0, n);
  }

  void run(long a, long b, long c, long d, long e, long f, long g, int n) {
    run(null, a, b, c, d, e, f, g, 0, n);
  }

  void run(long a, long b, long c, long d, long e, long f, long g, long h, int n) {
    run(null, a, b, c, d, e, f, g, h, n);
  }

  void run(@Nullable Object array, long a, long b, long c, long d, long e, long f, int n) {
    run(array, a, b, c, d, e, f, 0, 0, n);
  }

  private void run(
      @Nullable Object array, long a, long b, long c, long d, long e, long f, long g, long h, int n) {
    try {
      body.invokeExact(array, a, b, c, d, e, f, g, h, n);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new IllegalStateException(thrown);
    }
  }
}
