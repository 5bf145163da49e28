package org.lathe.backends.aparapi;

import java.util.Locale;

/**
 * How kernels get to an OpenCL device through Aparapi: {@code -Dlathe.aparapi.route=source} or {@code bytecode} says which.
 *
 * <p>Both routes run every kernel. On PoCL, AVX-512, two threads, measured in one process: a kernel takes 100 ms to compile
 * from source, and 20 ms among many, against 170 to 1,100 ms from bytecode; a launch 42 against 67 microseconds; tanh of
 * 100,000 numbers 130 against 820, as Aparapi has no vectors and scalar code calls the scalar function; a matrix product
 * of 1024 runs at 205 GFLOP/s against 120, where the compiler has joined the scalars of a register tile again. Hence source
 * is what devices get, and bytecode the thread pool.
 */
enum Route {
  /** As a class that Aparapi translates. */
  BYTECODE,
  /** As OpenCL C, through its binding of foreign source. */
  SOURCE;

  /** The system property that names a route in lower case. */
  static final String PROPERTY = "lathe.aparapi.route";

  /**
   * @throws IllegalArgumentException if the property names none
   */
  static Route chosen() {
    String name = System.getProperty(PROPERTY);
    return name == null ? SOURCE : valueOf(name.toUpperCase(Locale.ROOT));
  }

  /** For people. */
  String words() {
    return this == BYTECODE ? "bytecode" : "OpenCL C";
  }
}
