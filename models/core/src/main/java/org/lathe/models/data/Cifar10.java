package org.lathe.models.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.Dims;

/** The binary version of CIFAR-10 (Krizhevsky 2009): records of a label byte and 3 x 32 x 32 pixel bytes. */
public final class Cifar10 {
  /** Width and height in pixels. */
  public static final int SIDE = 32;

  /** The classes' names in the order of their labels. */
  public static final List<String> CLASSES = List.of(
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private static final int PIXELS = 3 * SIDE * SIDE;
  private static final int RECORD = 1 + PIXELS;

  private Cifar10() {}

  /**
   * Reads {@code data_batch_1.bin} and so on, as many as are there, and {@code test_batch.bin}.
   *
   * <p>Columns: {@code image} f32 [3, 32, 32] in 0..1, {@code label} i32.
   *
   * @throws DataException if there is no batch, or one is malformed
   */
  public static TrainTest read(Path directory) throws IOException {
    List<Path> batches = new ArrayList<>();
    for (int b = 1; b <= 5; b++) {
      Path file = directory.resolve("data_batch_" + b + ".bin");
      if (Files.isRegularFile(file)) {
        batches.add(file);
      }
    }
    Path test = directory.resolve("test_batch.bin");
    if (batches.isEmpty() || !Files.isRegularFile(test)) {
      throw new DataException(directory, "expected data_batch_1.bin and test_batch.bin of CIFAR-10's binary version");
    }
    return new TrainTest(read(directory + " (train)", batches), read(directory + " (test)", List.of(test)));
  }

  private static Dataset read(String name, List<Path> files) throws IOException {
    List<byte[]> contents = new ArrayList<>();
    int records = 0;
    for (Path file : files) {
      byte[] bytes = Files.readAllBytes(file);
      if (bytes.length == 0 || bytes.length % RECORD != 0) {
        throw new DataException(
            file, bytes.length - bytes.length % RECORD,
            "expected records of " + RECORD + " bytes, found a rest of " + bytes.length % RECORD);
      }
      for (int r = 0; r < bytes.length / RECORD; r++) {
        if (bytes[r * RECORD] < 0 || bytes[r * RECORD] > 9) {
          throw new DataException(file, (long) r * RECORD,
              "expected a label 0..9, found " + (bytes[r * RECORD] & 0xff));
        }
      }
      contents.add(bytes);
      records += bytes.length / RECORD;
    }
    float[] pixels = new float[Math.multiplyExact(records, PIXELS)];
    int[] labels = new int[records];
    int at = 0;
    for (byte[] bytes : contents) {
      for (int r = 0; r < bytes.length / RECORD; r++, at++) {
        labels[at] = bytes[r * RECORD];
        for (int p = 0; p < PIXELS; p++) {
          pixels[at * PIXELS + p] = (bytes[r * RECORD + 1 + p] & 0xff) / 255f;
        }
      }
    }
    return new Dataset(
        name,
        List.of(new Column.Floats("image", Dims.of(3, 32, 32), pixels), new Column.Ints("label", Dims.of(), labels)));
  }
}
