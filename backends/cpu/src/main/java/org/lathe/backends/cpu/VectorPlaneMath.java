package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link PlaneMath} on the Vector API: small loops, each compiled by itself. */
final class VectorPlaneMath implements PlaneMath {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final int L = S.length();

  private static final Outlined MAX = new Outlined(MethodHandles.lookup(), "maxLoop", 4);
  private static final Outlined SUM2 = new Outlined(MethodHandles.lookup(), "sum2Loop", 3);
  private static final Outlined SUM3 = new Outlined(MethodHandles.lookup(), "sum3Loop", 4);
  private static final Outlined DIVIDE = new Outlined(MethodHandles.lookup(), "divideLoop", 3);
  private static final Outlined KEYS = new Outlined(MethodHandles.lookup(), "keysLoop", 2);
  private static final Outlined PICK = new Outlined(MethodHandles.lookup(), "pickLoop", 5);
  private static final Outlined ROUTE1 = new Outlined(MethodHandles.lookup(), "route1Loop", 5);
  private static final Outlined ROUTE2 = new Outlined(MethodHandles.lookup(), "route2Loop", 5);
  private static final Outlined ROUTE3 = new Outlined(MethodHandles.lookup(), "route3Loop", 5);

  private static final VectorPlaneMath INSTANCE = new VectorPlaneMath();
  private static final WarmUp.Flag COMPILED = new WarmUp.Flag(VectorPlaneMath::warm);

  private VectorPlaneMath() {}

  static PlaneMath now() {
    return COMPILED.now() ? INSTANCE : ScalarPlaneMath.INSTANCE;
  }

  private static void warm() {
    int n = 4 * L;
    try (Arena arena = Arena.ofConfined()) {
      long a = arena.allocate(8L * n, 64).address();
      long b = arena.allocate(8L * n, 64).address();
      long c = arena.allocate(8L * n, 64).address();
      WarmUp.until(4000, () -> {
        INSTANCE.max(a, b, b, c, n);
        INSTANCE.sum(a, b, c, n);
        INSTANCE.sum(a, b, b, c, n);
        INSTANCE.divide(a, b, c, n);
        INSTANCE.keys(a, c, n);
        INSTANCE.pick(a, b, b, c, 4L * n, n);
        INSTANCE.route(a, b, c, c, 1, 1, n);
        INSTANCE.route(a + 4, b + 4, c, c, 1, 2, n);
        INSTANCE.route(a + 8, b + 8, c, c, 1, 3, n);
      });
    }
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  private static IntVector loadInts(long address) {
    return IntVector.fromMemorySegment(I, ALL, address, ORDER);
  }

  @Override
  public void max(long a, long b, long c, long to, int n) {
    MAX.run(a, b, c, to, n);
  }

  @Override
  public void sum(long a, long b, long to, int n) {
    SUM2.run(a, b, to, n);
  }

  @Override
  public void sum(long a, long b, long c, long to, int n) {
    SUM3.run(a, b, c, to, n);
  }

  @Override
  public void divide(long a, long b, long to, int n) {
    DIVIDE.run(a, b, to, n);
  }

  @Override
  public void keys(long from, long to, int n) {
    if (n < L) {
      ScalarPlaneMath.INSTANCE.keys(from, to, n);
    } else {
      KEYS.run(from, to, n);
    }
  }

  @Override
  public void pick(long a, long b, long c, long to, long values, int n) {
    PICK.run(a, b, c, to, values, n);
  }

  @Override
  public void route(long picked, long gradient, long sum, long to, long first, int taps, int n) {
    Outlined loop = taps == 1 ? ROUTE1 : taps == 2 ? ROUTE2 : ROUTE3;
    loop.run(picked, gradient, sum, to, first, n);
  }

  private static FloatVector larger(FloatVector a, FloatVector b) {
    return b.blend(a, a.compare(VectorOperators.GE, b).or(a.compare(VectorOperators.NE, a)));
  }

  private static void maxLoop(long a, long b, long c, long to, int n) {
    for (int i = 0; i < n; i += L) {
      long at = 4L * i;
      larger(larger(load(a + at), load(b + at)), load(c + at)).intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  private static void sum2Loop(long a, long b, long to, int n) {
    for (int i = 0; i < n; i += L) {
      long at = 4L * i;
      load(a + at).add(load(b + at)).intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  private static void sum3Loop(long a, long b, long c, long to, int n) {
    for (int i = 0; i < n; i += L) {
      long at = 4L * i;
      load(a + at).add(load(b + at)).add(load(c + at)).intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  private static void divideLoop(long a, long b, long to, int n) {
    for (int i = 0; i < n; i += L) {
      long at = 4L * i;
      load(a + at).div(load(b + at)).intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  /** The last vector overlaps the one before, and writes the same again. */
  private static void keysLoop(long from, long to, int n) {
    for (int i = 0;; i += L) {
      int first = Math.min(i, n - L);
      IntVector bits = load(from + 4L * first).add(0f).reinterpretAsInts();
      VectorMask<Integer> nan = bits.and(Integer.MAX_VALUE).compare(VectorOperators.GT, 0x7f80_0000);
      bits.lanewise(VectorOperators.XOR, bits.lanewise(VectorOperators.ASHR, 31).and(Integer.MAX_VALUE))
          .blend(Integer.MAX_VALUE, nan)
          .intoMemorySegment(ALL, to + 4L * first, ORDER);
      if (first + L >= n) {
        return;
      }
    }
  }

  private static void pickLoop(long a, long b, long c, long to, long values, int n) {
    for (int i = 0; i < n; i += L) {
      long at = 4L * i;
      IntVector ka = loadInts(a + at);
      IntVector kb = loadInts(b + at);
      VectorMask<Integer> stays = ka.compare(VectorOperators.GE, kb);
      IntVector value = loadInts(b + values + at).blend(loadInts(a + values + at), stays);
      IntVector key = ka.max(kb);
      IntVector kc = loadInts(c + at);
      loadInts(c + values + at).blend(value, key.compare(VectorOperators.GE, kc))
          .intoMemorySegment(ALL, to + values + at, ORDER);
      key.max(kc).intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  private static FloatVector routed(long picked, long gradient, IntVector place) {
    VectorMask<Integer> here = loadInts(picked).compare(VectorOperators.EQ, place);
    return IntVector.zero(I).blend(loadInts(gradient), here).reinterpretAsFloats();
  }

  private static void route1Loop(long picked, long gradient, long sum, long to, long first, int n) {
    IntVector place = IntVector.broadcast(I, (int) first).addIndex(1);
    IntVector step = IntVector.broadcast(I, L);
    for (int i = 0; i < n; i += L) {
      long p = picked + 4L * i;
      long g = gradient + 4L * i;
      FloatVector total = load(sum + 4L * i).add(routed(p, g, place));
      total.intoMemorySegment(ALL, to + 4L * i, ORDER);
      place = step.add(place);
    }
  }

  private static void route2Loop(long picked, long gradient, long sum, long to, long first, int n) {
    IntVector place = IntVector.broadcast(I, (int) first).addIndex(1);
    IntVector step = IntVector.broadcast(I, L);
    for (int i = 0; i < n; i += L) {
      long p = picked + 4L * i;
      long g = gradient + 4L * i;
      FloatVector total = load(sum + 4L * i).add(routed(p - 4, g - 4, place)).add(routed(p, g, place));
      total.intoMemorySegment(ALL, to + 4L * i, ORDER);
      place = step.add(place);
    }
  }

  private static void route3Loop(long picked, long gradient, long sum, long to, long first, int n) {
    IntVector place = IntVector.broadcast(I, (int) first).addIndex(1);
    IntVector step = IntVector.broadcast(I, L);
    for (int i = 0; i < n; i += L) {
      long p = picked + 4L * i;
      long g = gradient + 4L * i;
      FloatVector total = load(sum + 4L * i).add(routed(p - 8, g - 8, place))
          .add(routed(p - 4, g - 4, place)).add(routed(p, g, place));
      total.intoMemorySegment(ALL, to + 4L * i, ORDER);
      place = step.add(place);
    }
  }
}
