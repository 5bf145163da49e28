package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScoreMath} of f32 on the Vector API. The state of a query is the largest score in all lanes of one vector, then
 * a vector of partial sums, so that no step adds across lanes.
 */
final class VectorScoreMath implements ScoreMath {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  private static final int VECTOR = S.vectorByteSize();
  private static final float NONE = Float.NEGATIVE_INFINITY;

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  @Override
  public int slack() {
    return L;
  }

  @Override
  public double get(long address) {
    return Memory.getFloat(address);
  }

  @Override
  public void scale(long x, double factor, int n) {
    FloatVector f = FloatVector.broadcast(S, (float) factor);
    int i = 0;
    for (; i < S.loopBound(n); i += L) {
      load(x + 4L * i).mul(f).intoMemorySegment(ALL, x + 4L * i, ORDER);
    }
    for (; i < n; i++) {
      Memory.putFloat(x + 4L * i, Memory.getFloat(x + 4L * i) * (float) factor);
    }
  }

  @Override
  public void addSteps(long x, long y, long yStep, int n) {
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
    return Math.max(2 * L, 16);
  }

  @Override
  public void begin(long state) {
    FloatVector.broadcast(S, NONE).intoMemorySegment(ALL, state, ORDER);
    FloatVector.zero(S).intoMemorySegment(ALL, state + VECTOR, ORDER);
  }

  @Override
  public void softmax(long scores, int n, long state, long out, int columns) {
    // The end of the last vector counts as masked.
    FloatVector.broadcast(S, NONE).intoMemorySegment(ALL, scores + 4L * n, ORDER);
    FloatVector before = load(state);
    FloatVector most = before;
    for (int i = 0; i < n; i += L) {
      FloatVector x = load(scores + 4L * i);
      // Unlike max, this leaves NaN out, and it is two instructions.
      most = most.blend(x, x.compare(VectorOperators.GT, most));
    }
    float largest = most.reduceLanes(VectorOperators.MAX);
    float shift = largest == NONE ? 0 : largest;
    FloatVector sum = load(state + VECTOR);
    if (largest != before.lane(0)) {
      FloatVector factor = VectorFunctions.expOfNegative(before.sub(shift));
      sum = sum.mul(factor);
      for (int i = 0; i < columns; i += L) {
        load(out + 4L * i).mul(factor).intoMemorySegment(ALL, out + 4L * i, ORDER);
      }
    }
    for (int i = 0; i < n; i += L) {
      FloatVector e = VectorFunctions.expOfNegative(load(scores + 4L * i).sub(shift));
      sum = sum.add(e);
      e.intoMemorySegment(ALL, scores + 4L * i, ORDER);
    }
    FloatVector.broadcast(S, largest).intoMemorySegment(ALL, state, ORDER);
    sum.intoMemorySegment(ALL, state + VECTOR, ORDER);
  }

  @Override
  public double maximum(long state) {
    return Memory.getFloat(state);
  }

  @Override
  public double sum(long state) {
    double sum = 0;
    for (int i = 0; i < L; i++) {
      sum += Memory.getFloat(state + VECTOR + 4L * i);
    }
    return sum;
  }

  @Override
  public void probabilities(
      long scores, long gradients, int n, int total, double logSum, double delta, double scale) {
    float shift = logSum == Double.NEGATIVE_INFINITY ? 0 : (float) logSum;
    float d = (float) delta;
    FloatVector factor = FloatVector.broadcast(S, (float) scale);
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
