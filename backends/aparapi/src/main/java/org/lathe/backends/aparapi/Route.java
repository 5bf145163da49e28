package org.lathe.backends.aparapi;

import java.util.Locale;
import java.util.Optional;

/**
 * How kernels get to an OpenCL device through Aparapi. All kernels of a device go one way, as the ways differ in where memory
 * lies; {@code -Dlathe.aparapi.route=source} or {@code bytecode} says which.
 *
 * <p>Source is for devices that work in the memory of the host at the host's addresses, as processors do: there it is taken
 * where nobody says otherwise. It is handed to Aparapi's binding of foreign source, with addresses for memory (see {@link
 * SourceProgram} for why not arrays). Bytecode is for all others, and for Aparapi's thread pool.
 *
 * <p>Both ways run every kernel. On PoCL, AVX-512, two threads, measured in one process: a kernel takes 100 ms to compile
 * from source, and 20 ms among many, against 170 to 1,100 ms from bytecode; a launch 42 against 67 microseconds; tanh of
 * 100,000 numbers 130 against 820, as Aparapi has no vectors and scalar code calls the scalar function; a matrix product
 * of 1024 runs at 205 GFLOP/s against 120, where the compiler has joined the scalars of a register tile again.
 */
enum Route {
  /** As a class that Aparapi translates, in arrays. */
  BYTECODE,
  /** As OpenCL C, through its binding of foreign source, in memory outside of the Java heap. */
  SOURCE;

  /** The system property that names a route in lower case. */
  static final String PROPERTY = "lathe.aparapi.route";

  /**
   * @throws IllegalArgumentException if the property names none
   */
  static Optional<Route> chosen() {
    return Optional.ofNullable(System.getProperty(PROPERTY)).map(name -> valueOf(name.toUpperCase(Locale.ROOT)));
  }

  /** For people. */
  String words() {
    return this == BYTECODE ? "bytecode" : "OpenCL C";
  }
}
