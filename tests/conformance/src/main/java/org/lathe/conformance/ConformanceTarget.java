package org.lathe.conformance;

import java.util.Arrays;
import java.util.List;
import org.lathe.hal.device.Driver;

/**
 * A backend that joins the conformance suite. Named in {@code META-INF/services/org.lathe.conformance.ConformanceTarget};
 * has a public constructor without parameters.
 *
 * <p>Every device of the driver is tested. A backend that {@link #isRequired} and whose driver finds no device on this
 * machine has failed; another is skipped with the driver's reason. One whose every check is skipped has failed.
 */
public interface ConformanceTarget {
  /** The system property that lists, with commas between, the backends and tools that must be there. */
  String REQUIRE_PROPERTY = "lathe.tests.require";

  /** The backend's name, as in {@code cpu}. */
  String name();

  Driver driver();

  /**
   * Whether its devices must be on this machine. Backends that need hardware or a driver are required only where {@link
   * #REQUIRE_PROPERTY} names them.
   */
  default boolean isRequired() {
    return true;
  }

  /** Whether {@link #REQUIRE_PROPERTY} lists {@code name}. */
  static boolean isRequiredByProperty(String name) {
    return Arrays.asList(System.getProperty(REQUIRE_PROPERTY, "").split(",")).contains(name);
  }

  /** The checks that are known not to pass. One that is listed and passes is an error, and so is one without a reason. */
  default List<ExpectedSkip> expectedSkips() {
    return List.of();
  }

  /** Why a check is skipped. */
  enum Category {
    /** The device has no such element type. */
    ELEMENT_TYPE,
    /** The device refuses the kernel, and nothing simpler does the work. */
    KERNEL,
    /** A defect of a driver or a library below Lathe. */
    PLATFORM_DEFECT,
    /** A defect of Lathe, with its issue in the reason. */
    KNOWN_DEFECT,
    /** The backend is not meant to do this. */
    BY_DESIGN
  }

  /**
   * A check that is known not to pass.
   *
   * @param check the check's name; a {@code *} stands for any text
   * @param reason one line for people
   * @param harmful whether even to try it would end the JVM or hang; then it is not tried
   */
  record ExpectedSkip(String check, Category category, String reason, boolean harmful) {
    public ExpectedSkip {
      if (reason.isBlank()) {
        throw new IllegalArgumentException("the skip of '" + check + "' needs a reason");
      }
    }

    public ExpectedSkip(String check, Category category, String reason) {
      this(check, category, reason, false);
    }

    /** Whether this is about the check of that name. */
    public boolean covers(String name) {
      String[] parts = check.split("\\*", -1);
      if (parts.length == 1) {
        return name.equals(check);
      }
      int at = parts[0].length();
      if (!name.startsWith(parts[0])) {
        return false;
      }
      for (int i = 1; i < parts.length - 1; i++) {
        int found = name.indexOf(parts[i], at);
        if (found < 0) {
          return false;
        }
        at = found + parts[i].length();
      }
      String tail = parts[parts.length - 1];
      return name.length() - tail.length() >= at && name.endsWith(tail);
    }
  }
}
