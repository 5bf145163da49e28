package org.lathe.models.zoo.autoregressive;

import java.util.SplittableRandom;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;

/**
 * The factorised baseline of models of pixels: every pixel has a distribution of levels of its own, whatever the others are.
 * It is counted, with one more of each level than was seen.
 */
final class IndependentPixels {
  private final int pixels;
  private final int levels;
  private final double[] probability;

  /** Counts column {@code level} of {@code train}. */
  IndependentPixels(Dataset train, int levels) {
    int[] level = levels(train);
    this.levels = levels;
    this.pixels = level.length / train.size();
    probability = new double[pixels * levels];
    double each = 1.0 / (train.size() + levels);
    for (int i = 0; i < probability.length; i++) {
      probability[i] = each;
    }
    for (int i = 0; i < level.length; i++) {
      probability[i % pixels * levels + level[i]] += each;
    }
  }

  private static int[] levels(Dataset data) {
    return ((Column.Ints) data.column("level")).data();
  }

  /** The mean negative log-likelihood of the pictures of {@code data}, for each pixel, in bits. */
  double bitsPerPixel(Dataset data) {
    int[] level = levels(data);
    double sum = 0;
    for (int i = 0; i < level.length; i++) {
      sum -= Math.log(probability[i % pixels * levels + level[i]]);
    }
    return sum / Math.log(2) / level.length;
  }

  /** Draws what is not given: [count, pixels], {@code free} where a level is to be drawn. */
  int[] draw(int[] given, int free, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] drawn = given.clone();
    for (int i = 0; i < drawn.length; i++) {
      double noise = random.nextDouble();
      if (drawn[i] == free) {
        int at = i % pixels * levels;
        drawn[i] = 0;
        for (double sum = probability[at]; noise >= sum && drawn[i] < levels - 1; sum += probability[at + drawn[i]]) {
          drawn[i]++;
        }
      }
    }
    return drawn;
  }
}
