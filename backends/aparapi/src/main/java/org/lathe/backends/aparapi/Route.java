package org.lathe.backends.aparapi;

import java.util.Locale;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Recurrence;

/** How a kernel gets to an OpenCL device through Aparapi. */
enum Route {
  /** As a class that Aparapi translates. */
  BYTECODE,
  /** As OpenCL C, through its binding of foreign source. */
  SOURCE;

  /** For people. */
  String words() {
    return this == BYTECODE ? "bytecode" : "OpenCL C";
  }

  /** Which kernels take which route. */
  enum Policy {
    /** All kernels by bytecode. */
    BYTECODE,
    /** All kernels by source. */
    SOURCE,
    /** What lives by vector registers and tiles by source, all else by bytecode. */
    MIXED;

    /** The system property that names a policy in lower case. */
    static final String PROPERTY = "lathe.aparapi.route";

    /**
     * @throws IllegalArgumentException if the property names none
     */
    static Policy chosen() {
      String name = System.getProperty(PROPERTY);
      return name == null ? MIXED : valueOf(name.toUpperCase(Locale.ROOT));
    }

    Route of(KernelSpec spec) {
      return switch (this) {
        case BYTECODE -> Route.BYTECODE;
        case SOURCE -> Route.SOURCE;
        case MIXED -> switch (spec) {
          case Contraction _, Convolution _, Attention _, Recurrence _ -> Route.SOURCE;
          default -> Route.BYTECODE;
        };
      };
    }
  }
}
