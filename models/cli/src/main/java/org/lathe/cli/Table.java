package org.lathe.cli;

import java.io.PrintStream;
import java.util.List;

/** Columns of text, each as wide as its widest cell. */
final class Table {
  private Table() {}

  static void print(List<List<String>> rows, PrintStream out) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], row.get(c).length());
      }
    }
    for (int r = 0; r < rows.size(); r++) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String cell = rows.get(r).get(c);
        String blank = " ".repeat(widths[c] - cell.length());
        boolean right = isNumeric(rows, c);
        line.append(c == 0 ? "" : "  ").append(right ? blank + cell : cell + blank);
      }
      out.println(line.toString().stripTrailing());
      if (r == 0) {
        out.println("-".repeat(Math.max(1, java.util.Arrays.stream(widths).sum() + 2 * (columns - 1))));
      }
    }
  }

  private static boolean isNumeric(List<List<String>> rows, int column) {
    return rows.stream().skip(1).map(r -> r.get(column))
        .allMatch(c -> c.isEmpty() || c.equals("-") || c.matches("[-+]?[0-9].*"));
  }
}
