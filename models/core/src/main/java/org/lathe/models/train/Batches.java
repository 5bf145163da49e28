package org.lathe.models.train;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.lathe.compiler.runtime.Array;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;

/**
 * Hands a dataset to a step, batch by batch. The order of an epoch is a function of the seed and the epoch's number, so
 * that a resumed run sees what the unstopped one would have seen. The examples that do not fill a last batch wait for
 * another epoch's order. Filling allocates nothing. One thread.
 */
public final class Batches {
  private final int size;
  private final int batch;
  private final long seed;
  private final int[] order;
  private final List<Feed> feeds = new ArrayList<>();

  /** Copies the rows of one column into one array. */
  private record Feed(Object data, int width, Object staging, MemorySegment segment, Array target) {
    void put(int from, int to) {
      System.arraycopy(data, from * width, staging, to * width, width);
    }
  }

  /**
   * @param step receives each column of {@code data} in its input of the same name; inputs [batch, ...] fix the batch size
   */
  public Batches(Dataset data, BoundStep step, long seed) {
    this.size = data.size();
    this.seed = seed;
    this.order = new int[size];
    int found = -1;
    for (Field f : step.graph().inputs()) {
      if (data.columns().stream().noneMatch(c -> c.name().equals(f.name()))) {
        continue;
      }
      Column column = data.column(f.name());
      Dims expected = f.type().shape().slice(1, f.type().rank());
      if (!column.shape().equals(expected) || column.dtype() != f.type().dtype()) {
        throw new IllegalArgumentException(
            "column '" + f.name() + "' of " + data.name() + " is " + column.dtype() + column.shape()
                + " for each example; the model takes "
                + f.type().dtype() + expected);
      }
      found = Math.toIntExact(f.type().dim(0));
      feeds.add(feed(column, found, step.input(f.name())));
    }
    if (found <= 0) {
      throw new IllegalArgumentException(
          "dataset '" + data.name() + "' has none of the inputs of step '" + step.graph().name() + "'");
    }
    if (found > size) {
      throw new IllegalArgumentException(
          "dataset '" + data.name() + "' has " + size + " examples, fewer than one batch of " + found);
    }
    this.batch = found;
    beginEpoch(0);
  }

  private static Feed feed(Column column, int batch, Array target) {
    int width = Math.toIntExact(column.shape().product());
    return switch (column) {
      case Column.Floats(String name, Dims shape, float[] data) -> {
        float[] staging = new float[batch * width];
        yield new Feed(data, width, staging, MemorySegment.ofArray(staging), target);
      }
      case Column.Ints(String name, Dims shape, int[] data) -> {
        int[] staging = new int[batch * width];
        yield new Feed(data, width, staging, MemorySegment.ofArray(staging), target);
      }
    };
  }

  /** Full batches in an epoch. */
  public int count() {
    return size / batch;
  }

  public int batchSize() {
    return batch;
  }

  /** Shuffles for this epoch. */
  public void beginEpoch(int epoch) {
    SplittableRandom random = new SplittableRandom(StateEntry.mix(seed + epoch, "batches"));
    for (int i = 0; i < size; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
  }

  /** Writes batch {@code index} of the epoch into the step's inputs. */
  public void fill(int index) {
    int first = index * batch;
    if (index < 0 || first + batch > size) {
      throw new IndexOutOfBoundsException("batch " + index + " of " + count());
    }
    for (int f = 0; f < feeds.size(); f++) {
      Feed feed = feeds.get(f);
      for (int i = 0; i < batch; i++) {
        feed.put(order[first + i], i);
      }
      feed.target.write(feed.segment);
    }
  }

  /** Writes the examples from {@code first} on, in the dataset's order, repeating the last; how many are no repeats. */
  public int fillInOrder(int first) {
    for (int f = 0; f < feeds.size(); f++) {
      Feed feed = feeds.get(f);
      for (int i = 0; i < batch; i++) {
        feed.put(Math.min(first + i, size - 1), i);
      }
      feed.target.write(feed.segment);
    }
    return Math.min(batch, size - first);
  }
}
