package org.lathe.conformance;

import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Assumptions;

/** What it means for a test that a backend has no device on this machine. */
public final class Absence {
  private Absence() {}

  /** Fails where the target is required, else skips, with the driver's reason and remedy. */
  public static void of(ConformanceTarget target, String reason, String remedy) {
    if (target.isRequired()) {
      fail("backend '" + target.name() + "' is required here: " + reason + "; " + remedy);
    }
    Assumptions.abort(reason + "; " + remedy);
  }
}
