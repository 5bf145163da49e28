package org.lathe.cli;

import java.util.Arrays;

/** What was seen of a time, in milliseconds. */
record Stats(double median, double min, double p90, int count) {
  static Stats of(double[] millis) {
    double[] sorted = millis.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    double median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    return new Stats(median, sorted[0], sorted[Math.min(n - 1, (int) Math.ceil(0.9 * n) - 1)], n);
  }
}
