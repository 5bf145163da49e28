package org.lathe.backends.cpu;

import java.lang.System.Logger.Level;

/**
 * Whether the Vector API may be used. A class that mentions {@code jdk.incubator.vector} is touched only where {@link
 * #PRESENT} is true; everything has a scalar form beside it.
 */
final class Simd {
  /** Set to {@code false} to use the scalar forms although the module is there. */
  static final String PROPERTY = "lathe.cpu.vector";

  private static final boolean FOUND = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();

  static final boolean PRESENT = FOUND && !"false".equals(System.getProperty(PROPERTY));

  /** Lanes of 32 bits in the preferred vector, 0 in scalar form. */
  static final int LANES = PRESENT ? Species.lanes() : 0;

  private Simd() {}

  /** For people: the vector species, or scalar. */
  static String describe() {
    return PRESENT ? Species.describe() : "scalar";
  }

  /** Says once, when the first device opens, what a missing module costs. */
  static void warnIfAbsent() {
    Warning.once();
  }

  private static final class Warning {
    static {
      if (!FOUND) {
        System.getLogger("org.lathe.backends.cpu")
            .log(
                Level.WARNING,
                "the cpu backend runs in scalar form, several times slower: start java with --add-modules"
                    + " jdk.incubator.vector --enable-native-access=ALL-UNNAMED");
      }
    }

    static void once() {}
  }

  private static final class Species {
    static int lanes() {
      return jdk.incubator.vector.FloatVector.SPECIES_PREFERRED.length();
    }

    static String describe() {
      return "f32 x " + jdk.incubator.vector.FloatVector.SPECIES_PREFERRED.length();
    }
  }
}
