package org.lathe.backends.cpu;

/** {@link Lines} one element at a time. */
final class ScalarLines implements Lines {
  static final ScalarLines INSTANCE = new ScalarLines();

  private ScalarLines() {}

  @Override
  public void copy(long from, long fromStep, long to, long toStep, long lines, int n) {
    Lines.stride(from, 4, fromStep, to, 4, toStep, lines, n);
  }

  @Override
  public void unzip(long from, long fromStep, long even, long odd, long toStep, long lines, int n) {
    for (long y = 0; y < lines; y++) {
      long line = from + y * fromStep;
      long at = y * toStep;
      for (int i = 0; i < n / 2; i++, at += 4) {
        Memory.putInt(even + at, Memory.getInt(line + 8L * i));
        Memory.putInt(odd + at, Memory.getInt(line + 8L * i + 4));
      }
      if (n % 2 == 1) {
        Memory.putInt(even + at, Memory.getInt(line + 4L * (n - 1)));
      }
    }
  }

  @Override
  public void zip(long even, long odd, long fromStep, long to, long toStep, long lines, int n) {
    for (long y = 0; y < lines; y++) {
      long line = to + y * toStep;
      long at = y * fromStep;
      for (int i = 0; i < n / 2; i++, at += 4) {
        Memory.putInt(line + 8L * i, Memory.getInt(even + at));
        Memory.putInt(line + 8L * i + 4, Memory.getInt(odd + at));
      }
      if (n % 2 == 1) {
        Memory.putInt(line + 4L * (n - 1), Memory.getInt(even + at));
      }
    }
  }
}
