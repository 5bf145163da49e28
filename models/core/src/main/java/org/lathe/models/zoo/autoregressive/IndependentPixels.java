package org.lathe.models.zoo.autoregressive;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;

/**
 * The factorised baseline of models of pixels: every pixel has a distribution of levels of its own, whatever the others are;
 * one for each class if it is told the class. It is counted, with one more of each level than was seen.
 */
final class IndependentPixels {
  private final int pixels;
  private final int levels;
  private final int classes;
  private final double[] probability;

  /**
   * Counts column {@code level} of {@code train}.
   *
   * @param classes of column {@code label}; 0 if the baseline is not to know them
   */
  IndependentPixels(Dataset train, int levels, int classes) {
    int[] level = levels(train);
    this.levels = levels;
    this.pixels = level.length / train.size();
    this.classes = classes;
    int[] labels = labels(train);
    double[] count = new double[Math.max(1, classes)];
    probability = new double[count.length * pixels * levels];
    Arrays.fill(count, levels);
    Arrays.fill(probability, 1);
    for (int i = 0; i < level.length; i++) {
      probability[at(labels, i) + level[i]]++;
      if (i % pixels == 0) {
        count[labels[i / pixels]]++;
      }
    }
    for (int i = 0; i < probability.length; i++) {
      probability[i] /= count[i / (pixels * levels)];
    }
  }

  /** Where the distribution of value i of [count, pixels] begins. */
  private int at(int[] labels, int i) {
    return (labels[i / pixels] * pixels + i % pixels) * levels;
  }

  private static int[] levels(Dataset data) {
    return ((Column.Ints) data.column("level")).data();
  }

  /** All are of one class where the classes are not known. */
  private int[] labels(Dataset data) {
    return classes == 0 ? new int[data.size()] : ((Column.Ints) data.column("label")).data();
  }

  /** The mean negative log-likelihood of the pictures of {@code data}, for each pixel, in bits. */
  double bitsPerPixel(Dataset data) {
    int[] level = levels(data);
    int[] labels = labels(data);
    double sum = 0;
    for (int i = 0; i < level.length; i++) {
      sum -= Math.log(probability[at(labels, i) + level[i]]);
    }
    return sum / Math.log(2) / level.length;
  }

  /**
   * Draws what is not given.
   *
   * @param given [count, pixels], {@code free} where a level is to be drawn
   * @param of the pictures whose classes it is told, if it is
   */
  int[] draw(int[] given, int free, Dataset of, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] labels = labels(of);
    int[] drawn = given.clone();
    for (int i = 0; i < drawn.length; i++) {
      double noise = random.nextDouble();
      if (drawn[i] == free) {
        int at = at(labels, i);
        drawn[i] = 0;
        for (double sum = probability[at]; noise >= sum && drawn[i] < levels - 1; sum += probability[at + drawn[i]]) {
          drawn[i]++;
        }
      }
    }
    return drawn;
  }
}
