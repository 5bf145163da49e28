package org.lathe.models.zoo.adversarial;

import org.jspecify.annotations.Nullable;
import org.lathe.models.zoo.model.RequestException;

/**
 * What a run is asked for: classes, and how far its noise is truncated, {@code class:3,7@0.5} or {@code @0.5} for all classes.
 *
 * @param classes without what follows the {@code @}; null where none is asked for
 * @param truncation see {@link Noise#truncated}
 */
record Wish(@Nullable String classes, double truncation) {
  private static final char MARK = '@';

  /**
   * @param usual the truncation where none is asked for; infinity for a model that does not truncate
   * @throws RequestException if the truncation is not a number, or too low
   */
  static Wish read(String model, @Nullable String data, double usual) {
    int mark = data == null || Double.isInfinite(usual) ? -1 : data.lastIndexOf(MARK);
    if (data == null || mark < 0) {
      return new Wish(data, usual);
    }
    String number = data.substring(mark + 1);
    double threshold = threshold(number);
    if (!(threshold >= Noise.LEAST)) {
      throw new RequestException(
          "--data " + data + ": model '" + model + "' truncates its noise at a number of at least " + Noise.LEAST
              + ", not at '" + number + "'; ask as in class:3,7" + MARK + "0.5");
    }
    return new Wish(mark == 0 ? null : data.substring(0, mark), threshold);
  }

  private static double threshold(String number) {
    try {
      return Double.parseDouble(number);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }
}
