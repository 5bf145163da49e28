package org.lathe.conformance;

/** What became of one check on one device. */
public sealed interface CheckResult {
  /** The device's name, such as {@code cpu:0}. */
  String device();

  /** What was checked; unique within the device. */
  String what();

  /**
   * The check was made.
   *
   * @param maxError the error at the element that came closest to, or furthest over, what is allowed
   * @param tolerance what is allowed there
   * @param detail what is wrong, one line; empty if it passed
   */
  record Compared(String device, String what, double maxError, double tolerance, boolean passed, String detail)
      implements
        CheckResult {}

  /** The check is known not to pass. */
  record Skipped(String device, String what, ConformanceTarget.Category category, String reason)
      implements
        CheckResult {}
}
