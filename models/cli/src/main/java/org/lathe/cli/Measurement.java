package org.lathe.cli;

import java.util.Arrays;

/**
 * Times a step: a warm-up of a second and at least five steps, then samples for a second, at least 30 (12 of steps over
 * 300 ms). Steps of less than 20 microseconds are timed many at a time, so that the clock costs nothing.
 */
final class Measurement {
  private static final double SHORT_STEP_MILLIS = 0.02;
  private static final double SAMPLE_MILLIS = 0.05;

  private final double budgetMillis;

  /**
   * @param budgetMillis how long to warm up, and how long to sample
   */
  Measurement(double budgetMillis) {
    this.budgetMillis = budgetMillis;
  }

  Stats run(Runnable step) {
    double perStep = warmUp(step);
    int stepsPerSample = perStep < SHORT_STEP_MILLIS ? (int) Math.ceil(SAMPLE_MILLIS / Math.max(perStep, 1e-5)) : 1;
    int least = perStep > 300 ? 12 : 30;
    double[] samples = new double[1024];
    int n = 0;
    long start = System.nanoTime();
    while (n < least || millisSince(start) < budgetMillis) {
      if (n == samples.length) {
        samples = Arrays.copyOf(samples, 2 * n);
      }
      long from = System.nanoTime();
      for (int i = 0; i < stepsPerSample; i++) {
        step.run();
      }
      samples[n++] = millisSince(from) / stepsPerSample;
    }
    return Stats.of(Arrays.copyOf(samples, n));
  }

  /** Gives the time of one warm step. */
  private double warmUp(Runnable step) {
    long start = System.nanoTime();
    int steps = 0;
    double last = 0;
    while (steps < 5 || millisSince(start) < budgetMillis) {
      int batch = last < SHORT_STEP_MILLIS && steps > 5 ? 100 : 1;
      long from = System.nanoTime();
      for (int i = 0; i < batch; i++) {
        step.run();
      }
      last = millisSince(from) / batch;
      steps += batch;
    }
    return last;
  }

  private static double millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e6;
  }
}
