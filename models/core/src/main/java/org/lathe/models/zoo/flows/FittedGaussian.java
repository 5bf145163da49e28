package org.lathe.models.zoo.flows;

/** The Gaussian of greatest likelihood for points in the plane. */
record FittedGaussian(double meanX, double meanY, double xx, double xy, double yy) {
  /**
   * @param points [count, 2]
   */
  static FittedGaussian of(float[] points) {
    int count = points.length / 2;
    double meanX = 0;
    double meanY = 0;
    for (int i = 0; i < points.length; i += 2) {
      meanX += points[i] / (double) count;
      meanY += points[i + 1] / (double) count;
    }
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (int i = 0; i < points.length; i += 2) {
      double dx = points[i] - meanX;
      double dy = points[i + 1] - meanY;
      xx += dx * dx / count;
      xy += dx * dy / count;
      yy += dy * dy / count;
    }
    return new FittedGaussian(meanX, meanY, xx, xy, yy);
  }

  double logDensity(double x, double y) {
    double dx = x - meanX;
    double dy = y - meanY;
    double determinant = xx * yy - xy * xy;
    double squared = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant;
    return -0.5 * (squared + Math.log(determinant)) - Math.log(2 * Math.PI);
  }
}
