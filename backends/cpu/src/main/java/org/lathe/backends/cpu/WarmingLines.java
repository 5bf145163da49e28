package org.lathe.backends.cpu;

import java.lang.foreign.Arena;

/** {@link Lines} of one vector length, and whether they are compiled. */
final class WarmingLines {
  /** The shortest lines, or halves of zipped ones, that vectors are quicker for; no vector of this is longer than a line. */
  private static final int SHORTEST = 4;

  private static final WarmingLines SCALAR = new WarmingLines(ScalarLines.INSTANCE, 1);

  private final Lines lines;
  private final int lanes;
  private final WarmUp.Flag compiled;

  WarmingLines(Lines lines, int lanes) {
    this.lines = lines;
    this.lanes = lanes;
    this.compiled = new WarmUp.Flag(this::warm);
  }

  /**
   * For lines of n elements.
   *
   * @param zipped whether a step takes two vectors: for all but copies
   */
  static WarmingLines of(boolean vector, int n, boolean zipped) {
    int most = zipped ? n / 2 : n;
    return vector && most >= SHORTEST ? VectorLines.WARMING : SCALAR;
  }

  /** The vector form once it is compiled, until then the scalar form. */
  Lines now() {
    return this == SCALAR || compiled.now() ? lines : ScalarLines.INSTANCE;
  }

  private void warm() {
    int n = 4 * lanes;
    int few = lanes - 1;
    long step = 4L * n;
    try (Arena arena = Arena.ofConfined()) {
      long a = arena.allocate(2 * step, 64).address();
      long b = arena.allocate(2 * step, 64).address();
      WarmUp.until(
          2000,
          () -> {
            lines.copy(a, step, b, step, 2, n);
            lines.unzip(a, step, b, b + step / 2, step, 2, n);
            lines.zip(b, b + step / 2, step, a, step, 2, n);
            lines.copy(a, step, b, step, 2, few);
            lines.unzip(a, step, b, b + step / 2, step, 2, few);
            lines.zip(b, b + step / 2, step, a, step, 2, few);
          });
    }
  }
}
