package org.lathe.models.zoo.flows;

import org.jspecify.annotations.Nullable;
import org.lathe.models.zoo.model.RequestException;

/** Two points between which a run is asked for a way: {@code between:X,Y,X,Y}. */
final class GivenEnds {
  private static final String BETWEEN = "between:";

  private GivenEnds() {}

  /**
   * The two points, [2, 2]; null where nothing is asked.
   *
   * @throws RequestException if {@code data} is something else, or does not name two points
   */
  static float @Nullable [] read(String model, @Nullable String data) {
    if (data == null) {
      return null;
    }
    if (!data.startsWith(BETWEEN)) {
      throw new RequestException(
          "--data " + data + ": model '" + model
              + "' takes between:X,Y,X,Y for a way between two points, or no --data for points drawn from it");
    }
    String[] numbers = data.substring(BETWEEN.length()).split(",", -1);
    if (numbers.length != 4) {
      throw new RequestException(
          "--data " + data + ": holds " + numbers.length + " numbers, expected the 4 of between:X,Y,X,Y");
    }
    float[] ends = new float[4];
    for (int i = 0; i < 4; i++) {
      ends[i] = number(data, numbers[i].strip());
    }
    return ends;
  }

  private static float number(String data, String text) {
    float value;
    try {
      value = Float.parseFloat(text);
    } catch (NumberFormatException e) {
      value = Float.NaN;
    }
    if (!Float.isFinite(value)) {
      throw new RequestException("--data " + data + ": '" + text + "' is not a finite number");
    }
    return value;
  }
}
