package org.lathe.models.zoo.autoencoders;

import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;

/** What a code that says nothing leaves: the error of the mean picture. */
final class PixelVariance {
  private PixelVariance() {}

  /** The mean squared difference of a pixel from its mean over all digits. */
  static double of(Dataset digits) {
    Column.Floats column = (Column.Floats) digits.column("image");
    float[] pixels = column.data();
    int width = Math.toIntExact(column.shape().product());
    double[] mean = new double[width];
    double squares = 0;
    for (int i = 0; i < pixels.length; i++) {
      mean[i % width] += (double) pixels[i] / digits.size();
      squares += (double) pixels[i] * pixels[i] / pixels.length;
    }
    for (double m : mean) {
      squares -= m * m / width;
    }
    return squares;
  }
}
