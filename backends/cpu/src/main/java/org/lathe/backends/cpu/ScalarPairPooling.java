package org.lathe.backends.cpu;

/** 2x2 pooling one window at a time. */
record ScalarPairPooling(int width) implements PairPooling {
  /** Whether a, which comes first, stays the maximum. */
  private static boolean stays(float a, float b) {
    return a >= b || a != a;
  }

  /** Which of the four elements, in row-major order, is the maximum. */
  private static int argmax(long data, long step) {
    float a = Memory.getFloat(data);
    float b = Memory.getFloat(data + 4);
    float c = Memory.getFloat(data + step);
    float d = Memory.getFloat(data + step + 4);
    int best = stays(a, b) ? 0 : 1;
    float max = best == 0 ? a : b;
    best = stays(max, c) ? best : 2;
    max = best == 2 ? c : max;
    return stays(max, d) ? best : 3;
  }

  @Override
  public void pick(long data, long other, long step, long to, int lines) {
    for (int y = 0; y < lines; y++) {
      pickLine(data + 2 * y * step, other + 2 * y * step, step, to + 4L * y * width);
    }
  }

  private void pickLine(long data, long other, long step, long to) {
    for (int x = 0; x < width; x++) {
      int best = argmax(data + 8L * x, step);
      Memory.putFloat(to + 4L * x, Memory.getFloat(other + 8L * x + (best >> 1) * step + 4 * (best & 1)));
    }
  }

  @Override
  public void route(long data, long step, long gradient, long to, int lines) {
    for (int y = 0; y < lines; y++) {
      routeLine(data + 2 * y * step, step, gradient + 4L * y * width, to + 2 * y * step);
    }
  }

  private void routeLine(long data, long step, long gradient, long to) {
    for (int x = 0; x < width; x++) {
      int best = argmax(data + 8L * x, step);
      float g = Memory.getFloat(gradient + 4L * x);
      long at = to + 8L * x;
      Memory.putFloat(at, best == 0 ? g : 0);
      Memory.putFloat(at + 4, best == 1 ? g : 0);
      Memory.putFloat(at + step, best == 2 ? g : 0);
      Memory.putFloat(at + step + 4, best == 3 ? g : 0);
    }
  }

  @Override
  public void mean(long data, long step, long to, int lines) {
    for (int y = 0; y < lines; y++) {
      meanLine(data + 2 * y * step, step, to + 4L * y * width);
    }
  }

  private void meanLine(long data, long step, long to) {
    for (int x = 0; x < width; x++) {
      long at = data + 8L * x;
      float left = Memory.getFloat(at) + Memory.getFloat(at + step);
      float right = Memory.getFloat(at + 4) + Memory.getFloat(at + step + 4);
      Memory.putFloat(to + 4L * x, (left + right) * 0.25f);
    }
  }

  @Override
  public void spread(long step, long gradient, long to, int lines) {
    for (int y = 0; y < lines; y++) {
      spreadLine(step, gradient + 4L * y * width, to + 2 * y * step);
    }
  }

  private void spreadLine(long step, long gradient, long to) {
    for (int x = 0; x < width; x++) {
      float g = Memory.getFloat(gradient + 4L * x) * 0.25f;
      long at = to + 8L * x;
      Memory.putFloat(at, g);
      Memory.putFloat(at + 4, g);
      Memory.putFloat(at + step, g);
      Memory.putFloat(at + step + 4, g);
    }
  }
}
