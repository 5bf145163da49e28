package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How often each class was taken for each. */
public final class ConfusionMatrix {
  private final List<String> classes;
  private final int[][] counts;

  public ConfusionMatrix(List<String> classes) {
    this.classes = List.copyOf(classes);
    this.counts = new int[classes.size()][classes.size()];
  }

  public void add(int actual, int predicted) {
    counts[actual][predicted]++;
  }

  public int count(int actual, int predicted) {
    return counts[actual][predicted];
  }

  /** The share that was taken for what it is. */
  public double accuracy() {
    int right = 0;
    int all = 0;
    for (int a = 0; a < counts.length; a++) {
      for (int p = 0; p < counts.length; p++) {
        all += counts[a][p];
        right += a == p ? counts[a][p] : 0;
      }
    }
    return all == 0 ? Double.NaN : (double) right / all;
  }

  /** Writes a table: a row for each actual class, a column for each predicted one, and each class's recall. */
  public void write(Path file) throws IOException {
    int width = Math.max(6, classes.stream().mapToInt(String::length).max().orElse(0) + 1);
    List<String> lines = new ArrayList<>();
    StringBuilder head = new StringBuilder(pad("is \\ as", width + 2));
    classes.forEach(c -> head.append(pad(c, width)));
    lines.add(head.append(pad("recall", width + 3)).toString());
    for (int a = 0; a < counts.length; a++) {
      StringBuilder line = new StringBuilder(pad(classes.get(a), width + 2));
      int sum = 0;
      for (int p = 0; p < counts.length; p++) {
        line.append(pad(Integer.toString(counts[a][p]), width));
        sum += counts[a][p];
      }
      double recall = sum == 0 ? Double.NaN : (double) counts[a][a] / sum;
      lines.add(line.append(pad(String.format(Locale.ROOT, "%.1f%%", 100 * recall), width + 3)).toString());
    }
    lines.add(String.format(Locale.ROOT, "accuracy %.2f%%", 100 * accuracy()));
    Files.write(file, lines);
  }

  private static String pad(String text, int width) {
    return " ".repeat(Math.max(1, width - text.length())) + text;
  }
}
