package org.lathe.peers;

import java.util.Map;

/**
 * One row of the workload table as one process timed it, in milliseconds.
 *
 * @param config the set-up, then {@code /form} where a row is done in more than one way
 * @param peakShare of the measured peak, NaN if it is not known
 * @param lossFirst and {@code lossLast} are NaN for rows that do not train
 */
record Round(
    String peer, String config, String id, double median, double min, double p90, int reps, double peakShare, double lossFirst,
    double lossLast) {
  static final String LATHE = "lathe";

  /** From a line of {@link Bench}, or of {@code ./lathe bench --json}. */
  static Round of(Map<String, Object> line) {
    Object device = line.get("device");
    return new Round(
        device == null ? (String) line.get("peer") : LATHE, (String) (device == null ? line.get("config") : device),
        (String) line.get("id"), number(line, "median_ms"), number(line, "min_ms"), number(line, "p90_ms"),
        ((Number) line.get("reps")).intValue(), number(line, "peak_share"), number(line, "loss_first"),
        number(line, "loss_last"));
  }

  static double number(Map<String, Object> line, String name) {
    return line.get(name) instanceof Number n ? n.doubleValue() : Double.NaN;
  }
}
