package org.lathe.backends.cpu;

/** {@link PlaneMath} one element at a time. */
final class ScalarPlaneMath implements PlaneMath {
  static final ScalarPlaneMath INSTANCE = new ScalarPlaneMath();

  private ScalarPlaneMath() {}

  private static float larger(float a, float b) {
    return a >= b || a != a ? a : b;
  }

  @Override
  public void max(long a, long b, long c, long to, int n) {
    for (int x = 0; x < n; x++) {
      long i = 4L * x;
      float two = larger(Memory.getFloat(a + i), Memory.getFloat(b + i));
      Memory.putFloat(to + i, larger(two, Memory.getFloat(c + i)));
    }
  }

  @Override
  public void sum(long a, long b, long to, int n) {
    for (int x = 0; x < n; x++) {
      long i = 4L * x;
      Memory.putFloat(to + i, Memory.getFloat(a + i) + Memory.getFloat(b + i));
    }
  }

  @Override
  public void sum(long a, long b, long c, long to, int n) {
    for (int x = 0; x < n; x++) {
      long i = 4L * x;
      Memory.putFloat(to + i, Memory.getFloat(a + i) + Memory.getFloat(b + i) + Memory.getFloat(c + i));
    }
  }

  @Override
  public void divide(long a, long b, long to, int n) {
    for (int x = 0; x < n; x++) {
      long i = 4L * x;
      Memory.putFloat(to + i, Memory.getFloat(a + i) / Memory.getFloat(b + i));
    }
  }

  @Override
  public void keys(long from, long to, int n) {
    for (int x = 0; x < n; x++) {
      long i = 4L * x;
      float v = Memory.getFloat(from + i);
      int bits = Float.floatToRawIntBits(v + 0f);
      Memory.putInt(to + i, v != v ? Integer.MAX_VALUE : bits ^ (bits >> 31 & Integer.MAX_VALUE));
    }
  }

  @Override
  public void pick(long a, long b, long c, long to, long values, int n) {
    for (int x = 0; x < n; x++) {
      long i = 4L * x;
      int ka = Memory.getInt(a + i);
      int kb = Memory.getInt(b + i);
      int kc = Memory.getInt(c + i);
      long two = ka >= kb ? a : b;
      int key = Math.max(ka, kb);
      int value = Memory.getInt((key >= kc ? two : c) + i + values);
      Memory.putInt(to + i, Math.max(key, kc));
      Memory.putInt(to + i + values, value);
    }
  }

  @Override
  public void route(long picked, long gradient, long sum, long to, long first, int taps, int n) {
    for (int i = 0; i < n; i++) {
      long at = 4L * i;
      float total = Memory.getFloat(sum + at);
      for (long window = at - 4L * (taps - 1); window <= at; window += 4) {
        total += Memory.getInt(picked + window) == first + i ? Memory.getFloat(gradient + window) : 0;
      }
      Memory.putFloat(to + at, total);
    }
  }
}
