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
  // The state of a query: its largest score, the largest after one more tile, and at 64 bytes a vector of sums.
  private static final int LARGEST = 4;
  private static final int SUMS = 64;
  private static final float NONE = Float.NEGATIVE_INFINITY;

  private static final Outlined ZERO_TIMES = new Outlined(MethodHandles.lookup(), "zeroTimesLoop", 2);
  private static final Outlined SCALE = new Outlined(MethodHandles.lookup(), "scaleLoop", 2);
  private static final Outlined ADD = new Outlined(MethodHandles.lookup(), "addLoop", 3);
  private static final Outlined BEGIN = new Outlined(MethodHandles.lookup(), "beginLoop", 1);
  private static final Outlined FIND_LARGEST = new Outlined(MethodHandles.lookup(), "largestLoop", 2);
  private static final Outlined RESCALE = new Outlined(MethodHandles.lookup(), "rescaleLoop", 3);
  private static final Outlined WEIGHTS = new Outlined(MethodHandles.lookup(), "weightsLoop", 3);
  private static final Outlined PROBABILITIES = new Outlined(MethodHandles.lookup(), "probabilitiesLoop", 6);

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
  public double get(long address) {
    return Memory.getFloat(address);
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
    long bytes = 4L * stateLength();
    for (int i = 0; i < n; i++) {
      Memory.putFloat(states + i * bytes, NONE);
      FloatVector.zero(S).intoMemorySegment(ALL, states + i * bytes + SUMS, ORDER);
    }
  }

  private static int stateLength() {
    return 16 + Math.max(L, 16);
  }

  @Override
  public void softmax(long scores, int n, int total, long state, long out, int columns) {
    FIND_LARGEST.run(scores, state, n);
    float before = Memory.getFloat(state);
    float most = Memory.getFloat(state + LARGEST);
    float shift = most == NONE ? 0 : most;
    if (most != before) {
      Memory.putFloat(state, most);
      if (before != NONE) {
        RESCALE.run(state, bits(before - shift), out, columns);
      }
    }
    WEIGHTS.run(scores, bits(shift), state + SUMS, total);
  }

  private static void largestLoop(long scores, long state, int n) {
    // What the query does not see counts as masked: the end of the last vector, and as much as a register tile has rows.
    FloatVector none = FloatVector.broadcast(S, NONE);
    none.intoMemorySegment(ALL, scores + 4L * n, ORDER);
    none.intoMemorySegment(ALL, scores + 4L * (n + L), ORDER);
    FloatVector most = FloatVector.broadcast(S, Memory.getFloat(state));
    for (int i = 0; i < n; i += L) {
      FloatVector x = load(scores + 4L * i);
      // Unlike max, this leaves NaN out, and it is two instructions.
      most = most.blend(x, x.compare(VectorOperators.GT, most));
    }
    Memory.putFloat(state + LARGEST, most.reduceLanes(VectorOperators.MAX));
  }

  private static void rescaleLoop(long state, long differenceBits, long out, int columns) {
    FloatVector factor = VectorFunctions.expOfNegative(FloatVector.broadcast(S, float32(differenceBits)));
    load(state + SUMS).mul(factor).intoMemorySegment(ALL, state + SUMS, ORDER);
    for (int i = 0; i < columns; i += L) {
      load(out + 4L * i).mul(factor).intoMemorySegment(ALL, out + 4L * i, ORDER);
    }
  }

  private static void weightsLoop(long scores, long shiftBits, long sums, int n) {
    float shift = float32(shiftBits);
    FloatVector sum = load(sums);
    for (int i = 0; i < n; i += L) {
      FloatVector e = VectorFunctions.expOfNegative(load(scores + 4L * i).sub(shift));
      sum = sum.add(e);
      e.intoMemorySegment(ALL, scores + 4L * i, ORDER);
    }
    sum.intoMemorySegment(ALL, sums, ORDER);
  }

  @Override
  public double maximum(long state) {
    return Memory.getFloat(state);
  }

  @Override
  public double sum(long state) {
    double sum = 0;
    for (int i = 0; i < L; i++) {
      sum += Memory.getFloat(state + SUMS + 4L * i);
    }
    return sum;
  }

  @Override
  public void probabilities(
      long scores, long gradients, int n, int total, double logSum, double delta, double scale) {
    double shift = logSum == Double.NEGATIVE_INFINITY ? 0 : logSum;
    PROBABILITIES.run(scores, gradients, total, bits(shift), bits(delta), bits(scale), n);
  }

  private static void probabilitiesLoop(
      long scores, long gradients, long total, long shiftBits, long deltaBits, long scaleBits, int n) {
    float shift = float32(shiftBits);
    float d = float32(deltaBits);
    FloatVector factor = FloatVector.broadcast(S, float32(scaleBits));
    for (int i = 0; i < n; i += L) {
      // Rounding may leave a score a little above its log-sum, where the polynomial still holds.
      FloatVector p = VectorFunctions.expOfNegative(load(scores + 4L * i).sub(shift));
      load(gradients + 4L * i).sub(d).mul(p).mul(factor).intoMemorySegment(ALL, gradients + 4L * i, ORDER);
      p.intoMemorySegment(ALL, scores + 4L * i, ORDER);
    }
    for (int i = n; i < total; i += L) {
      FloatVector.zero(S).intoMemorySegment(ALL, scores + 4L * i, ORDER);
      FloatVector.zero(S).intoMemorySegment(ALL, gradients + 4L * i, ORDER);
    }
  }
}
