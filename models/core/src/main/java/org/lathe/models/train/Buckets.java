package org.lathe.models.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;

/**
 * A training over sequences of different lengths: examples are sorted into buckets by length, each filled up to the
 * bucket's own, and each bucket has the step compiled for its shape. All steps share one state, and count as one if they
 * have one name. Batches of all buckets come mixed, in an order that is a function of the seed and the epoch's number.
 */
public final class Buckets implements TrainingTask, AutoCloseable {
  /**
   * @param step of the bucket's shape; its report {@code loss} is the loss
   * @param batches of this step
   */
  public record Bucket(BoundStep step, Batches batches) {}

  private final List<Bucket> buckets;
  private final long seed;
  private final Supplier<Map<String, Double>> evaluation;
  private final int[] which;
  private final int[] batch;

  /**
   * @param evaluation metrics on held-out data
   */
  public Buckets(List<Bucket> buckets, long seed, Supplier<Map<String, Double>> evaluation) {
    this.buckets = List.copyOf(buckets);
    this.seed = seed;
    this.evaluation = evaluation;
    List<int[]> all = new ArrayList<>();
    for (int b = 0; b < buckets.size(); b++) {
      for (int i = 0; i < buckets.get(b).batches().count(); i++) {
        all.add(new int[]{b, i});
      }
    }
    which = all.stream().mapToInt(pair -> pair[0]).toArray();
    batch = all.stream().mapToInt(pair -> pair[1]).toArray();
  }

  /**
   * Compiles a step for each bucket on the device of {@code state}, to be closed with this.
   *
   * @param steps one for each bucket, of one name
   * @param data the buckets' examples, as made by {@link #split}
   */
  public static Buckets bind(
      List<Step> steps, List<Dataset> data, ModelState state, long seed, Supplier<Map<String, Double>> evaluation) {
    if (steps.size() != data.size()) {
      throw new IllegalArgumentException(data.size() + " buckets need as many steps, given were " + steps.size());
    }
    List<Bucket> all = new ArrayList<>();
    for (int b = 0; b < steps.size(); b++) {
      BoundStep bound = BoundStep.bind(steps.get(b), state);
      all.add(new Bucket(bound, new Batches(data.get(b), bound, seed + b)));
    }
    return new Buckets(all, seed, evaluation);
  }

  /**
   * Sorts examples into buckets and cuts each bucket's sequences to its length.
   *
   * @param lengths the column i32 [] that holds how long each example's sequences are
   * @param bounds the longest sequence of each bucket, rising; columns [bounds' last, ..] are the sequences
   */
  public static List<Dataset> split(Dataset data, String lengths, int... bounds) {
    int[] length = ((Column.Ints) data.column(lengths)).data();
    int longest = bounds[bounds.length - 1];
    List<Dataset> buckets = new ArrayList<>();
    int above = 0;
    for (int bound : bounds) {
      int from = above;
      int[] chosen = IntStream.range(0, length.length)
          .filter(i -> length[i] > from && length[i] <= bound)
          .toArray();
      Dataset part = data.select(chosen);
      buckets.add(
          new Dataset(
              data.name() + " of " + (from + 1) + " to " + bound + " steps",
              part.columns().stream().map(c -> cut(c, longest, bound)).toList()));
      above = bound;
    }
    if (Arrays.stream(length).anyMatch(l -> l < 1 || l > longest)) {
      throw new IllegalArgumentException(
          "dataset '" + data.name() + "' has a sequence of no step or of more than " + longest);
    }
    return buckets;
  }

  private static Column cut(Column column, int longest, int bound) {
    Dims shape = column.shape();
    if (shape.rank() == 0 || shape.get(0) != longest) {
      return column;
    }
    int row = Math.toIntExact(shape.product());
    int kept = row / longest * bound;
    Dims to = shape.with(0, bound);
    int count = column.size();
    return switch (column) {
      case Column.Floats(String name, Dims s, float[] data) -> {
        float[] out = new float[count * kept];
        for (int i = 0; i < count; i++) {
          System.arraycopy(data, i * row, out, i * kept, kept);
        }
        yield new Column.Floats(name, to, out);
      }
      case Column.Ints(String name, Dims s, int[] data) -> {
        int[] out = new int[count * kept];
        for (int i = 0; i < count; i++) {
          System.arraycopy(data, i * row, out, i * kept, kept);
        }
        yield new Column.Ints(name, to, out);
      }
    };
  }

  @Override
  public int iterationsPerEpoch() {
    return which.length;
  }

  @Override
  public void beginEpoch(int epoch) {
    buckets.forEach(b -> b.batches().beginEpoch(epoch));
    int at = 0;
    for (int b = 0; b < buckets.size(); b++) {
      for (int i = 0; i < buckets.get(b).batches().count(); i++) {
        which[at] = b;
        batch[at++] = i;
      }
    }
    SplittableRandom random = new SplittableRandom(StateEntry.mix(seed + epoch, "buckets"));
    for (int i = at - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      swap(which, i, j);
      swap(batch, i, j);
    }
  }

  private static void swap(int[] array, int i, int j) {
    int kept = array[i];
    array[i] = array[j];
    array[j] = kept;
  }

  @Override
  public double iterate(int epoch, int index) {
    Bucket bucket = buckets.get(which[index]);
    bucket.batches().fill(batch[index]);
    bucket.step().run();
    return bucket.step().value("loss");
  }

  @Override
  public Map<String, Double> evaluate(int epoch) {
    return evaluation.get();
  }

  /** Closes its steps. */
  @Override
  public void close() {
    buckets.forEach(b -> b.step().close());
  }
}
