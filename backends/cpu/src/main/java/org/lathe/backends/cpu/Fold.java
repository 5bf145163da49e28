package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;

/**
 * The partial results of one combiner in memory, and the fixed order in which they become one.
 *
 * <p>A loop folds point i of a call into lane i mod 32. The lanes are joined by halves (lane i and lane i + 16, and so
 * on), then added to a total, which for sums of f32 is an f64. So the result depends neither on the width of the
 * machine's vectors nor on which thread does the work.
 *
 * <p>Values of {@code dtype} are combined as {@code type}: half types as f32, 8-bit types as i32.
 *
 * <p>A total is 16 bytes: the value as f64 or i64, then the position of an index combiner.
 */
record Fold(Combiner combiner, DType dtype, DType type) {
  static final int TOTAL_BYTES = 16;
  /** A sum is moved from its lanes to its total after so many points. */
  static final int BLOCK = 4096;

  private static final int LANES = LoopSpec.LANES;

  static Fold of(Combiner combiner, DType dtype) {
    return new Fold(combiner, dtype, ScalarTypes.partial(dtype));
  }

  boolean isArg() {
    return combiner == Combiner.ARGMAX || combiner == Combiner.ARGMIN;
  }

  /** The type in which the combined value is handed on. */
  DType resultType() {
    return isArg() ? DType.I32 : type;
  }

  int laneBytes() {
    return LANES * type.bytes() + (isArg() ? LANES * 4 : 0);
  }

  private boolean isUp() {
    return combiner == Combiner.MAX || combiner == Combiner.ARGMAX;
  }

  double realIdentity() {
    return switch (combiner) {
      case SUM -> 0;
      case PRODUCT -> 1;
      case MAX, ARGMAX -> Double.NEGATIVE_INFINITY;
      case MIN, ARGMIN -> Double.POSITIVE_INFINITY;
    };
  }

  long wholeIdentity() {
    return switch (combiner) {
      case SUM -> 0;
      case PRODUCT -> 1;
      case MAX, ARGMAX -> switch (dtype) {
        case I64 -> Long.MIN_VALUE;
        case U8, BOOL -> 0;
        default -> Integer.MIN_VALUE;
      };
      case MIN, ARGMIN -> switch (dtype) {
        case I64 -> Long.MAX_VALUE;
        case U8 -> 255;
        case BOOL -> 1;
        default -> Integer.MAX_VALUE;
      };
    };
  }

  /** Sets all lanes to the identity; positions to the greatest, which loses every tie. */
  void resetLanes(long lanes) {
    switch (type) {
      case F32 -> {
        float v = (float) realIdentity();
        for (int i = 0; i < LANES; i++) {
          Memory.putFloat(lanes + 4L * i, v);
        }
      }
      case F64 -> {
        double v = realIdentity();
        for (int i = 0; i < LANES; i++) {
          Memory.putDouble(lanes + 8L * i, v);
        }
      }
      case I64 -> {
        long v = wholeIdentity();
        for (int i = 0; i < LANES; i++) {
          Memory.putLong(lanes + 8L * i, v);
        }
      }
      default -> {
        int v = (int) wholeIdentity();
        for (int i = 0; i < LANES; i++) {
          Memory.putInt(lanes + 4L * i, v);
        }
      }
    }
    if (isArg()) {
      long positions = lanes + (long) LANES * type.bytes();
      for (int i = 0; i < LANES; i++) {
        Memory.putInt(positions + 4L * i, Integer.MAX_VALUE);
      }
    }
  }

  void resetTotal(long total) {
    if (type.isFloating()) {
      Memory.putDouble(total, realIdentity());
    } else {
      Memory.putLong(total, wholeIdentity());
    }
    Memory.putLong(total + 8, Integer.MAX_VALUE);
  }

  /** Combines the lanes into the total. The lanes are used up. */
  void flush(long lanes, long total) {
    switch (type) {
      case F32 -> {
        if (isArg()) {
          for (int i = 0; i < LANES; i++) {
            mergeReal(total, Memory.getFloat(lanes + 4L * i), position(lanes, i));
          }
        } else {
          mergeReal(total, joined(lanes), 0);
        }
      }
      case F64 -> {
        for (int i = 0; i < LANES; i++) {
          mergeReal(total, Memory.getDouble(lanes + 8L * i), position(lanes, i));
        }
      }
      case I64 -> {
        for (int i = 0; i < LANES; i++) {
          mergeWhole(total, Memory.getLong(lanes + 8L * i), position(lanes, i));
        }
      }
      default -> {
        for (int i = 0; i < LANES; i++) {
          mergeWhole(total, Memory.getInt(lanes + 4L * i), position(lanes, i));
        }
      }
    }
  }

  private int position(long lanes, int i) {
    return isArg() ? Memory.getInt(lanes + (long) LANES * type.bytes() + 4L * i) : 0;
  }

  /** Joins lanes of f32 by halves. */
  private float joined(long lanes) {
    for (int half = LANES / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        float a = Memory.getFloat(lanes + 4L * i);
        float b = Memory.getFloat(lanes + 4L * (i + half));
        Memory.putFloat(lanes + 4L * i, switch (combiner) {
          case SUM -> a + b;
          case PRODUCT -> a * b;
          case MAX -> Math.max(a, b);
          default -> Math.min(a, b);
        });
      }
    }
    return Memory.getFloat(lanes);
  }

  /** Combines one total into another; {@code from} stands for the later elements. */
  void merge(long from, long into) {
    if (type.isFloating()) {
      mergeReal(into, Memory.getDouble(from), (int) Memory.getLong(from + 8));
    } else {
      mergeWhole(into, Memory.getLong(from), (int) Memory.getLong(from + 8));
    }
  }

  private void mergeReal(long total, double value, int position) {
    double t = Memory.getDouble(total);
    switch (combiner) {
      case SUM -> Memory.putDouble(total, t + value);
      case PRODUCT -> Memory.putDouble(total, t * value);
      case MAX -> Memory.putDouble(total, Math.max(t, value));
      case MIN -> Memory.putDouble(total, Math.min(t, value));
      case ARGMAX, ARGMIN -> {
        boolean better = isUp() ? ScalarMath.above(value, t) : ScalarMath.below(value, t);
        boolean tie = value == t || value != value && t != t;
        if (better || tie && position < Memory.getLong(total + 8)) {
          Memory.putDouble(total, value);
          Memory.putLong(total + 8, position);
        }
      }
    }
  }

  private void mergeWhole(long total, long value, int position) {
    long t = Memory.getLong(total);
    switch (combiner) {
      case SUM -> Memory.putLong(total, t + value);
      case PRODUCT -> Memory.putLong(total, t * value);
      case MAX -> Memory.putLong(total, Math.max(t, value));
      case MIN -> Memory.putLong(total, Math.min(t, value));
      case ARGMAX, ARGMIN -> {
        boolean better = isUp() ? value > t : value < t;
        if (better || value == t && position < Memory.getLong(total + 8)) {
          Memory.putLong(total, value);
          Memory.putLong(total + 8, position);
        }
      }
    }
  }

  /** Writes a total as one element of {@link #resultType}. Nothing combined gives position 0. */
  void store(long total, long address) {
    if (isArg()) {
      long position = Memory.getLong(total + 8);
      Memory.putInt(address, position == Integer.MAX_VALUE ? 0 : (int) position);
      return;
    }
    switch (type) {
      case F32 -> Memory.putFloat(address, (float) Memory.getDouble(total));
      case F64 -> Memory.putDouble(address, Memory.getDouble(total));
      case I64 -> Memory.putLong(address, Memory.getLong(total));
      default -> Memory.putInt(address, (int) Memory.getLong(total));
    }
  }

  /** Writes the identity to {@code n} elements of the value type. */
  void fill(long address, int n) {
    for (int i = 0; i < n; i++) {
      switch (type) {
        case F32 -> Memory.putFloat(address + 4L * i, (float) realIdentity());
        case F64 -> Memory.putDouble(address + 8L * i, realIdentity());
        case I64 -> Memory.putLong(address + 8L * i, wholeIdentity());
        default -> Memory.putInt(address + 4L * i, (int) wholeIdentity());
      }
    }
  }
}
