package org.lathe.peers;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** All rounds of one row in one set-up, in their order. */
record Rounds(String config, List<Round> all) {
  Rounds {
    all = List.copyOf(all);
  }

  /** The median of the rounds' medians. */
  double median() {
    return median(all.stream().mapToDouble(Round::median).toArray());
  }

  /** The least time of all. */
  double min() {
    return all.stream().mapToDouble(Round::min).min().orElseThrow();
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  /** From the least minimum to the worst p90, and half of how far the rounds' medians lie apart. */
  String spread() {
    double low = all.stream().mapToDouble(Round::median).min().orElseThrow();
    double high = all.stream().mapToDouble(Round::median).max().orElseThrow();
    double p90 = all.stream().mapToDouble(Round::p90).max().orElseThrow();
    return String.format(Locale.ROOT, "%s–%s, ±%.0f%%", Table.ms(min()), Table.ms(p90), 50 * (high - low) / median());
  }

  static Comparator<Rounds> fastestFirst() {
    return Comparator.comparingDouble(Rounds::median);
  }
}
