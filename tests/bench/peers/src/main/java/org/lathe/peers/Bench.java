package org.lathe.peers;

import java.util.Arrays;
import java.util.Locale;

/** Times one step after a warm-up and prints one JSON line. */
final class Bench {
  private Bench() {}

  /** What one row gave, in milliseconds. */
  record Stats(double median, double min, double p90, int reps) {}

  private static final double WARM_MS = 1000;
  private static final double MEASURE_MS = Double.parseDouble(System.getProperty("peers.measureMs", "3000"));

  /**
   * Warms up for a second and at least five steps (three of the slow ones), then takes 30 to 3000 samples, 12 of a
   * step over 300 ms.
   */
  static Stats time(Runnable step) {
    long start = System.nanoTime();
    double last = once(step), spent = 0;
    for (int i = 1; i < (last > 300 ? 3 : 5) || spent < WARM_MS; i++) {
      last = once(step);
      spent = (System.nanoTime() - start) / 1e6;
    }
    double probe = Double.MAX_VALUE;
    for (int i = 0; i < 3; i++) probe = Math.min(probe, once(step));
    int reps = probe > 300 ? 12 : (int) Math.clamp(MEASURE_MS / probe, 30.0, 3000.0);
    double[] ms = new double[reps];
    for (int i = 0; i < reps; i++) ms[i] = once(step);
    Arrays.sort(ms);
    double median = (ms[(reps - 1) / 2] + ms[reps / 2]) / 2;
    return new Stats(median, ms[0], ms[(int) Math.ceil(0.9 * reps) - 1], reps);
  }

  private static double once(Runnable step) {
    long t = System.nanoTime();
    step.run();
    return (System.nanoTime() - t) / 1e6;
  }

  /** {@code extra} is empty, or more JSON members that begin with a comma. */
  static void print(String peer, String config, String id, Stats s, String extra) {
    System.out.printf(Locale.ROOT,
        "{\"peer\":\"%s\",\"config\":\"%s\",\"id\":\"%s\",\"median_ms\":%.5f,\"min_ms\":%.5f,\"p90_ms\":%.5f,\"reps\":%d,\"flops\":%d%s}%n",
        peer, config, id, s.median, s.min, s.p90, s.reps, Work.FLOPS.get(id), extra);
    System.out.flush();
  }
}
