package org.lathe.models.zoo;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.Idx;
import org.lathe.models.data.TrainTest;

/** What {@code --data} names. */
final class DataSource {
  /** The seed of the test set: no training set is made from the same. */
  private static final long TEST = 0x7e57;

  private DataSource() {}

  /**
   * Grey pictures of 28 x 28 in ten classes, as columns {@code image} f32 [1, 28, 28] and {@code label} i32: made from the
   * seed, or read from {@code mnist:DIR}.
   */
  static TrainTest digits(String model, @Nullable String data, int train, int test, long seed) throws IOException {
    if (data == null) {
      return new TrainTest(Digits.generate(train, seed), Digits.generate(test, seed ^ TEST << 32));
    }
    if (!data.startsWith("mnist:")) {
      throw new IllegalArgumentException("--data " + data + ": model '" + model + "' takes mnist:DIR, or no --data for its own digits");
    }
    Path directory = path(data, "mnist:");
    TrainTest mnist = Idx.readMnist(directory);
    for (Dataset part : List.of(mnist.train(), mnist.test())) {
      Column image = part.column("image");
      if (!image.shape().equals(Dims.of(1, Digits.SIDE, Digits.SIDE))) {
        throw new IllegalArgumentException(
            "--data " + data + ": the pictures are " + image.shape() + ", model '" + model + "' takes [1, 28, 28]");
      }
      int[] labels = ((Column.Ints) part.column("label")).data();
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] > 9) {
          throw new IllegalArgumentException(
              "--data " + data + ": label " + i + " of " + part.name() + " is " + labels[i] + ", expected 0 to 9");
        }
      }
    }
    return mnist;
  }

  private static Path path(String data, String prefix) {
    try {
      return Path.of(data.substring(prefix.length()));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("--data " + data + ": not a path: " + e.getReason());
    }
  }

  /** For a model that has only its own data. */
  static void none(String model, @Nullable String data) {
    if (data != null) {
      throw new IllegalArgumentException("--data " + data + ": model '" + model + "' is trained on data of its own; leave --data away");
    }
  }
}
