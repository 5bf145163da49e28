package org.lathe.models.zoo.agents;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.runtime.Array;
import org.lathe.hal.DType;
import org.lathe.models.train.ModelState;
import org.lathe.models.zoo.parts.Plot;

/**
 * The returns of a training's episodes, in the order of their ends, as part of its checkpoints. It has room for {@value
 * #ROOM} numbers: when they are full, each two neighbours become their mean, and from then on each number stands for twice
 * as many episodes. Any thread.
 */
final class ReturnLog {
  private static final String NAME = "episodes.returns";
  private static final int ROOM = 4096;
  private static final int HEAD = 4;
  /** Shown as one curve: the mean of so many episodes. */
  private static final int WINDOW = 100;

  private final Array array;
  /** How many numbers, episodes for each, sum of the present one, episodes in it; then the numbers. */
  private double[] data = new double[HEAD + ROOM];

  ReturnLog(ModelState state) {
    array = state.include(NAME, TensorType.of(DType.F64, HEAD + ROOM));
    data[1] = 1;
    save();
  }

  /** Goes on from what the state holds. */
  synchronized void restore() {
    data = array.toDoubles();
  }

  /** Puts all into the state. */
  synchronized void save() {
    array.write(data);
  }

  synchronized void add(double total) {
    data[2] += total;
    data[3]++;
    if (data[3] < data[1]) {
      return;
    }
    int count = (int) data[0];
    data[HEAD + count] = data[2] / data[3];
    data[0] = count + 1;
    data[2] = 0;
    data[3] = 0;
    if (count + 1 == ROOM) {
      for (int i = 0; i < ROOM / 2; i++) {
        data[HEAD + i] = (data[HEAD + 2 * i] + data[HEAD + 2 * i + 1]) / 2;
      }
      Arrays.fill(data, HEAD + ROOM / 2, data.length, 0);
      data[0] = ROOM / 2.0;
      data[1] *= 2;
    }
  }

  /** How many episodes were added. */
  synchronized long episodes() {
    return (long) (data[0] * data[1] + data[3]);
  }

  /** A PNG: the returns over the episodes, and their running mean. Nothing without an episode. */
  synchronized void write(Path file, String title) throws IOException {
    if (episodes() == 0) {
      restore();
    }
    int count = (int) data[0];
    if (count == 0) {
      return;
    }
    double[] x = new double[count];
    double[] mean = new double[count];
    double[] y = Arrays.copyOfRange(data, HEAD, HEAD + count);
    int window = (int) Math.max(1, WINDOW / data[1]);
    double sum = 0;
    for (int i = 0; i < count; i++) {
      x[i] = (i + 1) * data[1];
      sum += y[i] - (i >= window ? y[i - window] : 0);
      mean[i] = sum / Math.min(i + 1, window);
    }
    new Plot(title, "episode", "return")
        .points(data[1] > 1 ? "return (mean of " + (int) data[1] + ")" : "return", x, y)
        .line("mean of " + WINDOW, x, mean)
        .write(file);
  }
}
