package org.lathe.cli;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;

/**
 * Times a step. The warm-up goes on, a second at a time and for at least five steps, until the JVM's compiler has been
 * idle for a second. Then samples are taken for a second, at least 30 (12 of steps over 300 ms). Steps of less than 20
 * microseconds are timed many at a time, so that the clock costs nothing.
 */
final class Measurement {
  private static final double SHORT_STEP_MILLIS = 0.02;
  private static final double SAMPLE_MILLIS = 0.05;
  private static final int MOST_WARM_UPS = 20;
  /** The share of a warm-up's time that an idle compiler may still work. */
  private static final double IDLE = 0.02;

  private final double budgetMillis;

  /**
   * @param budgetMillis how long to sample, and how long one round of the warm-up takes
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
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    double last = 0;
    int steps = 0;
    for (int i = 0; i < MOST_WARM_UPS; i++) {
      long compiled = compiler.getTotalCompilationTime();
      long start = System.nanoTime();
      while (steps < 5 || millisSince(start) < budgetMillis) {
        int batch = last < SHORT_STEP_MILLIS && steps > 5 ? 100 : 1;
        long from = System.nanoTime();
        for (int k = 0; k < batch; k++) {
          step.run();
        }
        last = millisSince(from) / batch;
        steps += batch;
      }
      if (compiler.getTotalCompilationTime() - compiled <= IDLE * millisSince(start)) {
        break;
      }
    }
    return last;
  }

  private static double millisSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e6;
  }
}
