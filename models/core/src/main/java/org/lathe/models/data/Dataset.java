package org.lathe.models.data;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Examples in host memory, column by column. Immutable; any thread.
 *
 * @param name what it is and where it came from, for people
 */
public record Dataset(String name, List<Column> columns) {
  public Dataset {
    columns = List.copyOf(columns);
    for (Column c : columns) {
      if (c.size() != columns.getFirst().size()) {
        throw new IllegalArgumentException(
            "dataset '" + name + "': column '" + c.name() + "' has " + c.size() + " examples, '"
                + columns.getFirst().name() + "' has " + columns.getFirst().size());
      }
    }
  }

  public int size() {
    return columns.getFirst().size();
  }

  public Column column(String column) {
    return columns.stream()
        .filter(c -> c.name().equals(column))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException(
                "dataset '" + name + "' has no column '" + column + "', it has "
                    + columns.stream().map(Column::name).toList()));
  }

  /** The examples at {@code indices}, in that order. */
  public Dataset select(int[] indices) {
    return new Dataset(name, columns.stream().map(c -> c.select(indices)).toList());
  }

  /** The examples from {@code from} (inclusive) to {@code to} (exclusive). */
  public Dataset range(int from, int to) {
    return select(IntStream.range(from, to).toArray());
  }

  /**
   * These examples, and then those of {@code other}, which has these columns and perhaps more; under this name.
   *
   * @throws IllegalArgumentException if it lacks a column, or has one of another kind or shape
   */
  public Dataset and(Dataset other) {
    return new Dataset(name, columns.stream().map(c -> c.and(other.column(c.name()))).toList());
  }

  /** The same examples in another order. */
  public Dataset shuffled(RandomGenerator random) {
    return select(permutation(size(), random));
  }

  /** Cuts the examples, in their order, into parts of the given fractions; the last part takes what is left. */
  public List<Dataset> split(double... fractions) {
    int[] cuts = new int[fractions.length + 1];
    double sum = 0;
    for (int i = 0; i < fractions.length; i++) {
      sum += fractions[i];
      cuts[i + 1] = i == fractions.length - 1 ? size() : (int) Math.round(Math.min(1, sum) * size());
    }
    return IntStream.range(0, fractions.length).mapToObj(i -> range(cuts[i], cuts[i + 1])).toList();
  }

  /** Fold {@code fold} of {@code folds} held out: the rest, and the fold. */
  public Fold fold(int fold, int folds) {
    if (fold < 0 || fold >= folds || folds > size()) {
      throw new IllegalArgumentException("fold " + fold + " of " + folds + " over " + size() + " examples");
    }
    int from = (int) ((long) size() * fold / folds);
    int to = (int) ((long) size() * (fold + 1) / folds);
    int[] rest = IntStream.concat(IntStream.range(0, from), IntStream.range(to, size())).toArray();
    return new Fold(select(rest), range(from, to));
  }

  /** One round of a k-fold cross-validation. */
  public record Fold(Dataset train, Dataset held) {}

  /** A uniformly random order of {@code n} things (Fisher-Yates). */
  static int[] permutation(int n, RandomGenerator random) {
    int[] order = IntStream.range(0, n).toArray();
    for (int i = n - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return order;
  }
}
