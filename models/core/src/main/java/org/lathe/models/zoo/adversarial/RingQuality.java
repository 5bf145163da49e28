package org.lathe.models.zoo.adversarial;

import java.util.Map;
import org.lathe.models.data.Points;

/**
 * How points lie on the ring of eight Gaussians.
 *
 * @param good the share of points within {@value #NEAR} standard deviations of a mode
 * @param modes how many modes are found: those with at least {@value #FOUND} of their due points near them
 */
record RingQuality(double good, int modes) {
  static final double NEAR = 4;
  static final double FOUND = 0.2;

  /**
   * @param points [count, 2]
   */
  static RingQuality of(float[] points) {
    int[] near = new int[Points.RING_MODES];
    int good = 0;
    int count = points.length / 2;
    for (int i = 0; i < count; i++) {
      int mode = mode(points[2 * i], points[2 * i + 1]);
      if (mode >= 0) {
        near[mode]++;
        good++;
      }
    }
    int modes = 0;
    for (int n : near) {
      modes += n > 0 && n >= FOUND * count / Points.RING_MODES ? 1 : 0;
    }
    return new RingQuality((double) good / count, modes);
  }

  /** The mode that a point lies near, or -1. */
  static int mode(double x, double y) {
    for (int m = 0; m < Points.RING_MODES; m++) {
      double[] mean = Points.ringMean(m);
      if (Math.hypot(x - mean[0], y - mean[1]) <= NEAR * Points.RING_DEVIATION) {
        return m;
      }
    }
    return -1;
  }

  Map<String, Double> metrics() {
    return Map.of("good_share", good, "modes", (double) modes);
  }
}
