package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScoreMath} of f32 on the Vector API. The sum of a query's weights is kept as a vector of partial sums, so that
 * no step adds across lanes.
 */
final class VectorScoreMath implements ScoreMath {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  // The state of a query: its largest score, the largest after one more tile, what its output is multiplied with in the
  // end, and at 64 bytes a vector of sums.
  private static final int LARGEST = 4;
  private static final int FACTOR = 8;
  private static final int SUMS = 64;
  private static final long STATE_BYTES = 4L * stateLength();
  private static final float NONE = Float.NEGATIVE_INFINITY;

  private static final Outlined ZERO_TIMES = new Outlined(MethodHandles.lookup(), "zeroTimesLoop", 2);
  private static final Outlined SCALE = new Outlined(MethodHandles.lookup(), "scaleLoop", 2);
  private static final Outlined ADD = new Outlined(MethodHandles.lookup(), "addLoop", 3);
  private static final Outlined BEGIN = new Outlined(MethodHandles.lookup(), "beginLoop", 1);
  private static final Outlined FIND_LARGEST = new Outlined(MethodHandles.lookup(), "largestLoop", 6);
  private static final Outlined RESCALE = new Outlined(MethodHandles.lookup(), "rescaleLoop", 4);
  private static final Outlined WEIGHTS = new Outlined(MethodHandles.lookup(), "weightsLoop", 4);
  private static final Outlined SCALE_ROWS = new Outlined(MethodHandles.lookup(), "scaleRowsLoop", 4);
  private static final Outlined PROBABILITIES = new Outlined(MethodHandles.lookup(), "probabilitiesLoop", 8);

  private static long bits(double x) {
    return Float.floatToRawIntBits((float) x);
  }

  private static float float32(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  @Override
  public int slack() {
    return 2 * L;
  }

  @Override
  public void put(long address, double value) {
    Memory.putFloat(address, (float) value);
  }

  @Override
  public boolean finite(long x, int n, long spare) {
    ZERO_TIMES.run(x, spare, n);
    float sum = 0;
    for (int i = 0; i < L; i++) {
      sum += Memory.getFloat(spare + 4L * i);
    }
    return sum == 0;
  }

  /** Lanes of 0, but NaN where one of the elements is not finite. */
  private static void zeroTimesLoop(long x, long spare, int n) {
    FloatVector sum = FloatVector.zero(S);
    for (int i = 0; i < n; i += L) {
      sum = load(x + 4L * i).mul(0).add(sum);
    }
    sum.intoMemorySegment(ALL, spare, ORDER);
  }

  @Override
  public void scale(long x, double factor, int n) {
    SCALE.run(x, bits(factor), n);
  }

  private static void scaleLoop(long x, long factorBits, int n) {
    float factor = float32(factorBits);
    FloatVector f = FloatVector.broadcast(S, factor);
    int i = 0;
    for (; i < S.loopBound(n); i += L) {
      load(x + 4L * i).mul(f).intoMemorySegment(ALL, x + 4L * i, ORDER);
    }
    for (; i < n; i++) {
      Memory.putFloat(x + 4L * i, Memory.getFloat(x + 4L * i) * factor);
    }
  }

  @Override
  public void addSteps(long x, long y, long yStep, int n) {
    ADD.run(x, y, yStep, n);
  }

  private static void addLoop(long x, long y, long yStep, int n) {
    int i = 0;
    if (yStep == Float.BYTES) {
      for (; i < S.loopBound(n); i += L) {
        load(x + 4L * i).add(load(y + 4L * i)).intoMemorySegment(ALL, x + 4L * i, ORDER);
      }
    }
    for (; i < n; i++) {
      Memory.putFloat(x + 4L * i, Memory.getFloat(x + 4L * i) + Memory.getFloat(y + i * yStep));
    }
  }

  @Override
  public double dot(long x, long xStep, long y, long yStep, int n) {
    // Not reduceLanes: the order in which it adds differs between interpreted and compiled code.
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 4 <= n; i += 4) {
      s0 += product(x + i * xStep, y + i * yStep);
      s1 += product(x + (i + 1) * xStep, y + (i + 1) * yStep);
      s2 += product(x + (i + 2) * xStep, y + (i + 2) * yStep);
      s3 += product(x + (i + 3) * xStep, y + (i + 3) * yStep);
    }
    for (; i < n; i++) {
      s0 += product(x + i * xStep, y + i * yStep);
    }
    return s0 + s1 + (s2 + s3);
  }

  private static double product(long x, long y) {
    return (double) Memory.getFloat(x) * Memory.getFloat(y);
  }

  @Override
  public int stateElements() {
    return stateLength();
  }

  @Override
  public void begin(long states, int n) {
    BEGIN.run(states, n);
  }

  private static void beginLoop(long states, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putFloat(states + i * STATE_BYTES, NONE);
      FloatVector.zero(S).intoMemorySegment(ALL, states + i * STATE_BYTES + SUMS, ORDER);
    }
  }

  private static int stateLength() {
    return 16 + Math.max(L, 16);
  }

  @Override
  public void softmax(
      long scores, long scoreRow, int seen, int more, int total, long states, long out, long outRow, int columns,
      int rows) {
    FIND_LARGEST.run(scores, scoreRow, states, seen, more, total, rows);
    RESCALE.run(states, out, outRow, columns, rows);
    WEIGHTS.run(scores, scoreRow, states, total, rows);
  }

  private static void largestLoop(
      long scores, long scoreRow, long states, long seen, long more, long total, int rows) {
    FloatVector none = FloatVector.broadcast(S, NONE);
    for (int r = 0; r < rows; r++) {
      int n = ScoreMath.seen(seen, more, r, (int) total);
      long row = scores + r * scoreRow;
      long state = states + r * STATE_BYTES;
      // What the query does not see counts as masked: the end of the last vector, and as much as a register tile has rows.
      none.intoMemorySegment(ALL, row + 4L * n, ORDER);
      none.intoMemorySegment(ALL, row + 4L * (n + L), ORDER);
      FloatVector most = FloatVector.broadcast(S, Memory.getFloat(state));
      for (int i = 0; i < n; i += L) {
        FloatVector x = load(row + 4L * i);
        // Unlike max, this leaves NaN out, and it is two instructions.
        most = most.blend(x, x.compare(VectorOperators.GT, most));
      }
      Memory.putFloat(state + LARGEST, most.reduceLanes(VectorOperators.MAX));
    }
  }

  /** Makes the largest score of each query the one with this tile, and scales what it has to that. */
  private static void rescaleLoop(long states, long out, long outRow, long columns, int rows) {
    for (int r = 0; r < rows; r++) {
      long state = states + r * STATE_BYTES;
      float before = Memory.getFloat(state);
      float most = Memory.getFloat(state + LARGEST);
      if (most == before) {
        continue;
      }
      Memory.putFloat(state, most);
      if (before == NONE) {
        continue;
      }
      FloatVector factor = VectorFunctions.expOfNegative(FloatVector.broadcast(S, before - most));
      load(state + SUMS).mul(factor).intoMemorySegment(ALL, state + SUMS, ORDER);
      long to = out + r * outRow;
      for (int i = 0; i < columns; i += L) {
        load(to + 4L * i).mul(factor).intoMemorySegment(ALL, to + 4L * i, ORDER);
      }
    }
  }

  private static void weightsLoop(long scores, long scoreRow, long states, long total, int rows) {
    for (int r = 0; r < rows; r++) {
      long state = states + r * STATE_BYTES;
      long row = scores + r * scoreRow;
      float most = Memory.getFloat(state);
      float shift = most == NONE ? 0 : most;
      FloatVector sum = load(state + SUMS);
      for (int i = 0; i < total; i += L) {
        FloatVector e = VectorFunctions.expOfNegative(load(row + 4L * i).sub(shift));
        sum = sum.add(e);
        e.intoMemorySegment(ALL, row + 4L * i, ORDER);
      }
      sum.intoMemorySegment(ALL, state + SUMS, ORDER);
    }
  }

  @Override
  public void finish(long states, long out, long outRow, int columns, long logSums, int rows) {
    for (int r = 0; r < rows; r++) {
      long state = states + r * STATE_BYTES;
      double sum = sum(state + SUMS);
      Memory.putFloat(state + FACTOR, (float) (sum == 0 ? 0 : 1 / sum));
      Memory.putFloat(logSums + 4L * r, sum == 0 ? NONE : (float) (Memory.getFloat(state) + Math.log(sum)));
    }
    SCALE_ROWS.run(states, out, outRow, columns, rows);
  }

  /** Not reduceLanes: the order in which it adds differs between interpreted and compiled code. */
  private static double sum(long lanes) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 4 <= L; i += 4) {
      s0 += Memory.getFloat(lanes + 4L * i);
      s1 += Memory.getFloat(lanes + 4L * i + 4);
      s2 += Memory.getFloat(lanes + 4L * i + 8);
      s3 += Memory.getFloat(lanes + 4L * i + 12);
    }
    for (; i < L; i++) {
      s0 += Memory.getFloat(lanes + 4L * i);
    }
    return s0 + s1 + (s2 + s3);
  }

  private static void scaleRowsLoop(long states, long out, long outRow, long columns, int rows) {
    for (int r = 0; r < rows; r++) {
      FloatVector factor = FloatVector.broadcast(S, Memory.getFloat(states + r * STATE_BYTES + FACTOR));
      long to = out + r * outRow;
      for (int i = 0; i < columns; i += L) {
        load(to + 4L * i).mul(factor).intoMemorySegment(ALL, to + 4L * i, ORDER);
      }
    }
  }

  @Override
  public void probabilities(
      long scores, long gradients, long scoreRow, int seen, int more, int total, long logSums, long deltas,
      double scale, int rows) {
    // Two small numbers in one long: the loop has as many parameters as there can be.
    long both = (long) total << 1 | more;
    PROBABILITIES.run(scores, gradients, scoreRow, seen, both, logSums, deltas, bits(scale), rows);
  }

  private static void probabilitiesLoop(
      long scores, long gradients, long scoreRow, long seen, long totalAndMore, long logSums, long deltas,
      long scaleBits, int rows) {
    FloatVector factor = FloatVector.broadcast(S, float32(scaleBits));
    int total = (int) (totalAndMore >> 1);
    for (int r = 0; r < rows; r++) {
      int n = ScoreMath.seen(seen, totalAndMore & 1, r, total);
      float logSum = Memory.getFloat(logSums + 4L * r);
      float shift = logSum == NONE ? 0 : logSum;
      float delta = Memory.getFloat(deltas + 4L * r);
      long score = scores + r * scoreRow;
      long gradient = gradients + r * scoreRow;
      for (int i = 0; i < n; i += L) {
        // Rounding may leave a score a little above its log-sum, where the polynomial still holds.
        FloatVector p = VectorFunctions.expOfNegative(load(score + 4L * i).sub(shift));
        load(gradient + 4L * i).sub(delta).mul(p).mul(factor).intoMemorySegment(ALL, gradient + 4L * i, ORDER);
        p.intoMemorySegment(ALL, score + 4L * i, ORDER);
      }
      for (int i = n; i < total; i += L) {
        FloatVector.zero(S).intoMemorySegment(ALL, score + 4L * i, ORDER);
        FloatVector.zero(S).intoMemorySegment(ALL, gradient + 4L * i, ORDER);
      }
    }
  }
}
