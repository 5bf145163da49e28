package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.Dims;
import org.lathe.models.data.Cifar10;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.Idx;
import org.lathe.models.data.ImageFolder;
import org.lathe.models.data.Shapes;
import org.lathe.models.data.TrainTest;
import org.lathe.models.zoo.model.RequestException;

/** What {@code --data} names. */
public final class DataSource {
  /** The seed of the test set: no training set is made from the same. */
  private static final long TEST = 0x7e57;

  private DataSource() {}

  /**
   * Grey pictures of 28 x 28 in ten classes, as columns {@code image} f32 [1, 28, 28] and {@code label} i32: made from the
   * seed, or read from {@code mnist:DIR}.
   *
   * @param leastTrain fewer pictures to train on are refused
   * @param leastTest fewer to test on, likewise
   */
  public static TrainTest digits(
      String model, @Nullable String data, int train, int test, long seed, int leastTrain, int leastTest)
      throws IOException {
    if (data == null) {
      return new TrainTest(Digits.generate(train, seed), madeTest(test, seed));
    }
    TrainTest mnist = mnist(model, data);
    checkSize(data, mnist.train(), leastTrain);
    checkSize(data, mnist.test(), leastTest);
    return mnist;
  }

  /** The first {@code count} pictures that no training sees. */
  public static Dataset digitsToTest(String model, @Nullable String data, int count, long seed) throws IOException {
    if (data == null) {
      return madeTest(count, seed);
    }
    Dataset test = mnist(model, data).test();
    checkSize(data, test, count);
    return test.range(0, count);
  }

  /**
   * Colour pictures in at most as many classes as {@code kind} has, columns {@code image} f32 [3, side, side] and
   * {@code label} i32: made from the seed, with the other columns of {@link Shapes}, or read from {@code images:DIR}, of
   * which a fifth is to test on, or {@code cifar10:DIR}.
   */
  static Pictures.Labelled shapes(
      String model, @Nullable String data, Pictures kind, int train, int test, long seed, int leastTrain, int leastTest)
      throws IOException {
    if (data == null) {
      Shapes.Options options = Shapes.Options.of(kind.side());
      return new Pictures.Labelled(
          new TrainTest(Shapes.generate(train, options, seed), Shapes.generate(test, options, testSeed(seed))),
          Shapes.classes());
    }
    Pictures.Labelled read = readColoured(model, data, kind, seed);
    checkSize(data, read.data().train(), leastTrain);
    checkSize(data, read.data().test(), leastTest);
    return read;
  }

  private static Pictures.Labelled readColoured(String model, String data, Pictures kind, long seed)
      throws IOException {
    if (data.startsWith("cifar10:") && kind.side() == Cifar10.SIDE) {
      return new Pictures.Labelled(Cifar10.read(path(data, "cifar10:")), Cifar10.CLASSES);
    }
    if (!data.startsWith("images:")) {
      throw new RequestException("--data " + data + ": model '" + model + "' takes " + kind.accepted());
    }
    ImageFolder.Labelled folder = ImageFolder.read(path(data, "images:"), 3, kind.side(), kind.side());
    if (folder.classes().size() > kind.classes()) {
      throw new RequestException(
          "--data " + data + ": there are " + folder.classes().size() + " folders, model '" + model + "' tells "
              + kind.classes() + " classes apart");
    }
    List<Dataset> parts = folder.data().shuffled(new SplittableRandom(seed)).split(0.8, 0.2);
    List<String> names = new ArrayList<>(folder.classes());
    while (names.size() < kind.classes()) {
      names.add("none-" + names.size());
    }
    return new Pictures.Labelled(new TrainTest(parts.get(0), parts.get(1)), names);
  }

  /** The seed of what is tested on, where {@code seed} made what is trained on. */
  public static long testSeed(long seed) {
    return seed ^ TEST << 32;
  }

  private static Dataset madeTest(int count, long seed) {
    return Digits.generate(count, testSeed(seed));
  }

  private static void checkSize(String data, Dataset part, int least) {
    if (part.size() < least) {
      throw new RequestException(
          "--data " + data + ": " + part.name() + " has " + part.size() + " pictures, at least " + least
              + " are needed");
    }
  }

  private static TrainTest mnist(String model, String data) throws IOException {
    if (!data.startsWith("mnist:")) {
      throw new RequestException(
          "--data " + data + ": model '" + model + "' takes mnist:DIR, or no --data for its own digits");
    }
    Path directory = path(data, "mnist:");
    TrainTest mnist = Idx.readMnist(directory);
    for (Dataset part : List.of(mnist.train(), mnist.test())) {
      Column image = part.column("image");
      if (!image.shape().equals(Dims.of(1, Digits.SIDE, Digits.SIDE))) {
        throw new RequestException(
            "--data " + data + ": the pictures are " + image.shape() + ", model '" + model + "' takes [1, 28, 28]");
      }
      int[] labels = ((Column.Ints) part.column("label")).data();
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] > 9) {
          throw new RequestException(
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
      throw new RequestException("--data " + data + ": not a path: " + e.getReason());
    }
  }

  /** For a model that has only its own data. */
  public static void none(String model, @Nullable String data) {
    if (data != null) {
      throw new RequestException(
          "--data " + data + ": model '" + model + "' is trained on data of its own; leave --data away");
    }
  }
}
