package org.lathe.backends.cpu;

import java.lang.foreign.Arena;

/** 2x2 pooling that takes the vector form as soon as it is compiled. */
final class WarmingPairPooling implements PairPooling {
  private final int width;
  private final boolean means;
  private PairPooling target;
  private boolean wanted;

  /** @param means whether means are wanted, else maxima */
  WarmingPairPooling(int width, boolean means) {
    this.width = width;
    this.means = means;
    this.target = new ScalarPairPooling(width);
  }

  @Override
  public void pick(long data, long other, long step, long to, int lines) {
    want();
    target.pick(data, other, step, to, lines);
  }

  @Override
  public void route(long data, long step, long gradient, long to, int lines) {
    want();
    target.route(data, step, gradient, to, lines);
  }

  @Override
  public void mean(long data, long step, long to, int lines) {
    want();
    target.mean(data, step, to, lines);
  }

  @Override
  public void spread(long step, long gradient, long to, int lines) {
    want();
    target.spread(step, gradient, to, lines);
  }

  private void want() {
    if (!wanted) {
      wanted = true;
      WarmUp.later(this::warm);
    }
  }

  private void warm() {
    PairPooling vector = new VectorPooling(width);
    try (Arena arena = Arena.ofConfined()) {
      long line = 8L * width;
      long data = arena.allocate(2 * line, 64).address();
      long other = arena.allocate(2 * line, 64).address();
      long result = arena.allocate(line, 64).address();
      WarmUp.until(
          60L * width + 600,
          () -> {
            if (means) {
              vector.mean(data, line, result, 1);
              vector.spread(line, result, other, 1);
            } else {
              vector.pick(data, data, line, result, 1);
              vector.pick(data, other, line, result, 1);
              vector.route(data, line, result, other, 1);
            }
          });
    }
    target = vector;
  }

  @Override
  public String toString() {
    return "with vectors";
  }
}
