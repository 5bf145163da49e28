package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.Shapes;
import org.lathe.models.data.TrainTest;
import org.lathe.models.train.Field;

/**
 * Pictures in classes, as columns {@code image} f32 [channels, side, side] in 0..1 and {@code label} i32: their shape, and
 * where they come from.
 */
public sealed interface Pictures {
  /** Grey digits of 28 x 28, made or of {@code mnist:DIR}. */
  Pictures DIGITS = new OfDigits();

  /** Colour pictures of figures, or those of {@code images:DIR}; at 32 x 32 also of {@code cifar10:DIR}. */
  static Pictures shapes(int side) {
    return new OfShapes(side);
  }

  long channels();

  int side();

  /** How many classes a model of these pictures tells apart. */
  int classes();

  /** What {@code --data} may name, for people. */
  String accepted();

  /**
   * Examples and what their labels mean.
   *
   * @param classes names in the order of the labels, {@link Pictures#classes} of them
   */
  record Labelled(TrainTest data, List<String> classes) {}

  /**
   * Examples to train on and others to test on.
   *
   * @param data such as {@code mnist:DIR}; null to make them
   * @param train how many are made
   * @param test likewise
   * @param leastTrain fewer pictures to train on are refused
   * @param leastTest fewer to test on, likewise
   */
  Labelled load(
      String model, @Nullable String data, int train, int test, long seed, int leastTrain, int leastTest)
      throws IOException;

  /** The first {@code count} pictures that no training sees, as the test set. */
  default Labelled loadTest(String model, @Nullable String data, int count, long seed) throws IOException {
    Labelled all = load(model, data, 1, count, seed, 1, count);
    return new Labelled(new TrainTest(all.data().train(), all.data().test().range(0, count)), all.classes());
  }

  default Field field(long batch) {
    return Field.floats("image", batch, channels(), side(), side());
  }

  /** See {@link #DIGITS}. */
  record OfDigits() implements Pictures {
    @Override
    public long channels() {
      return 1;
    }

    @Override
    public int side() {
      return Digits.SIDE;
    }

    @Override
    public int classes() {
      return 10;
    }

    @Override
    public String accepted() {
      return "digits, or mnist:DIR";
    }

    @Override
    public Labelled load(
        String model, @Nullable String data, int train, int test, long seed, int leastTrain, int leastTest)
        throws IOException {
      return new Labelled(DataSource.digits(model, data, train, test, seed, leastTrain, leastTest), DIGIT_NAMES);
    }
  }

  /** The names of the digits' classes. */
  List<String> DIGIT_NAMES = List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");

  /** See {@link #shapes}. */
  record OfShapes(int side) implements Pictures {
    @Override
    public long channels() {
      return 3;
    }

    @Override
    public int classes() {
      return Shapes.classes().size();
    }

    @Override
    public String accepted() {
      return side == 32 ? "shapes, cifar10:DIR or images:DIR" : "shapes, or images:DIR";
    }

    @Override
    public Labelled load(
        String model, @Nullable String data, int train, int test, long seed, int leastTrain, int leastTest)
        throws IOException {
      return DataSource.shapes(model, data, this, train, test, seed, leastTrain, leastTest);
    }
  }
}
