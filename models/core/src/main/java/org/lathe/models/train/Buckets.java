package org.lathe.models.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * A training over sequences of different lengths: examples are sorted into buckets by length, each filled up to the
 * bucket's own, and each bucket has the step compiled for its shape. All steps share one state, and count as one if they
 * have one name. Batches of all buckets come mixed, in an order that is a function of the seed and the epoch's number.
 */
public final class Buckets implements TrainingTask {
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
}
