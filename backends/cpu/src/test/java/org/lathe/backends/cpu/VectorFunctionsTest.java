package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.junit.jupiter.api.Test;

class VectorFunctionsTest {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final float[] EDGES = {
      0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, 1e-30f, -1e-30f, 0.34657f, -0.34658f, 87f, -87f, 88.7f, -88.8f, 104f,
      -104f, 1e30f, -1e30f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN
  };

  private interface Planes {
    void apply(long address, int n);
  }

  private static float[] through(Planes function, float[] x) {
    int n = (x.length + 63) / 64 * 64;
    try (Arena arena = Arena.ofShared()) {
      long at = arena.allocate(4L * n, 64).address();
      for (int i = 0; i < x.length; i++) {
        Memory.putFloat(at + 4L * i, x[i]);
      }
      function.apply(at, n);
      float[] y = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        y[i] = Memory.getFloat(at + 4L * i);
      }
      return y;
    }
  }

  private static void tanh(long x, int n) {
    for (int i = 0; i < n; i += S.length()) {
      store(VectorFunctions.tanh(load(x + 4L * i)), x + 4L * i);
    }
  }

  private static void sigmoid(long x, int n) {
    for (int i = 0; i < n; i += S.length()) {
      store(VectorFunctions.sigmoid(load(x + 4L * i)), x + 4L * i);
    }
  }

  private static void exp(long x, int n) {
    for (int i = 0; i < n; i += S.length()) {
      store(VectorFunctions.expOfNegative(load(x + 4L * i)), x + 4L * i);
    }
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, Memory.ALL, address, Memory.ORDER);
  }

  private static void store(FloatVector v, long address) {
    v.intoMemorySegment(Memory.ALL, address, Memory.ORDER);
  }

  /** The greatest error in units in the last place of the exact result. */
  private static double error(Planes found, DoubleUnaryOperator exact, float low, float high) {
    Random random = new Random(1);
    float[] x = new float[100_000];
    for (int i = 0; i < x.length; i++) {
      x[i] = low + (high - low) * random.nextFloat();
    }
    float[] y = through(found, x);
    double most = 0;
    for (int i = 0; i < x.length; i++) {
      double e = exact.applyAsDouble(x[i]);
      most = Math.max(most, Math.abs(y[i] - e) / Math.ulp((float) e));
    }
    return most;
  }

  @Test
  void errorsAreAsStated() {
    double exp = error(VectorFunctionsTest::exp, Math::exp, -87, 0);
    double sigmoid = error(VectorFunctionsTest::sigmoid, x -> 1 / (1 + Math.exp(-x)), -80, 30);
    double near = error(VectorFunctionsTest::sigmoid, x -> 1 / (1 + Math.exp(-x)), -5, 5);
    double tanh = error(VectorFunctionsTest::tanh, Math::tanh, -3, 3);
    double small = error(VectorFunctionsTest::tanh, Math::tanh, -1e-3f, 1e-3f);
    double far = error(VectorFunctionsTest::tanh, Math::tanh, -20, 20);
    String found = exp + " " + sigmoid + " " + near + " " + tanh + " " + small + " " + far;
    assertTrue(exp <= 1.2 && sigmoid <= 2.5 && near <= 2.5 && tanh <= 2.6 && small <= 2.6 && far <= 2.6, found);
  }

  @Test
  void edges() {
    float[] sigmoid = through(VectorFunctionsTest::sigmoid, EDGES);
    float[] tanh = through(VectorFunctionsTest::tanh, EDGES);
    float[] exp = through(VectorFunctionsTest::exp, EDGES);
    for (int i = 0; i < EDGES.length; i++) {
      float x = EDGES[i];
      double s = 1 / (1 + Math.exp(-(double) x));
      SequenceRun.near("sigmoid " + x, (float) s, sigmoid[i], Math.abs(s) < 1e-37 ? 1e-37 : 2e-7);
      float t = (float) Math.tanh(x);
      float found = tanh[i];
      assertEquals(Math.copySign(1f, t), Float.isNaN(t) ? 1f : Math.copySign(1f, found), "sign of tanh " + x);
      SequenceRun.near("tanh " + x, t, found, 2e-7);
      if (!(x > 0)) {
        SequenceRun.near("exp " + x, (float) Math.exp(x), exp[i], 2e-7);
      }
    }
  }
}
