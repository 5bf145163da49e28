package org.lathe.cli;

import java.util.Locale;

/** Numbers for people. */
final class Units {
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB"};
  private static final String[] DECIMAL = {"", " k", " M", " G", " T"};

  private Units() {}

  /** Such as {@code 12.3 MiB}. */
  static String bytes(double bytes) {
    int u = 0;
    while (bytes >= 1024 && u < BINARY.length - 1) {
      bytes /= 1024;
      u++;
    }
    return String.format(Locale.ROOT, u == 0 ? "%.0f %s" : "%.1f %s", bytes, BINARY[u]);
  }

  /** Such as {@code 61.7 k}. */
  static String count(double count) {
    int u = 0;
    while (count >= 1000 && u < DECIMAL.length - 1) {
      count /= 1000;
      u++;
    }
    return String.format(Locale.ROOT, u == 0 ? "%.0f%s" : "%.1f%s", count, DECIMAL[u]);
  }

  /** With three digits that count. */
  static String significant(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return String.valueOf(value);
    }
    int digits = Math.max(0, 2 - (int) Math.floor(Math.log10(Math.abs(value))));
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  /** A share as a percentage. */
  static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f%%", 100 * share);
  }
}
