package org.lathe.backends.tornadovm;

import java.util.Locale;
import java.util.Optional;
import org.lathe.backends.simt.schedule.Tuning;

/**
 * How a kernel gets to a device through TornadoVM. {@code -Dlathe.tornadovm.route=opencl} or {@code bytecode} says which;
 * else what was measured, else OpenCL C, which has vectors and all element types.
 */
enum Route {
  /** As OpenCL C that TornadoVM is handed. */
  OPENCL("OpenCL C"),
  /** As bytecode that TornadoVM compiles; kernels that the bytecode has no words for go as OpenCL C. */
  BYTECODE("bytecode");

  /** The system property that names a route in lower case. */
  static final String PROPERTY = "lathe.tornadovm.route";
  /** The name of the choice among tunings: the ordinal. */
  private static final String CHOICE = "route";

  private final String words;

  Route(String words) {
    this.words = words;
  }

  /** The route that the property names; empty if it is not set. */
  static Optional<Route> asked() {
    String name = System.getProperty(PROPERTY);
    return name == null ? Optional.empty() : Optional.of(valueOf(name.toUpperCase(Locale.ROOT)));
  }

  /** The route that was measured to be the best, with the tile sizes it was measured with. */
  static Route of(Tuning tuning) {
    Integer route = tuning.choices().get(CHOICE);
    return route == null ? OPENCL : values()[route];
  }

  Tuning in(Tuning tuning) {
    return tuning.with(CHOICE, ordinal());
  }

  /** For people. */
  String words() {
    return words;
  }
}
