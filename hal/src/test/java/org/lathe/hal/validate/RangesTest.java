package org.lathe.hal.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.program.Slice;
import org.lathe.hal.spec.View;

/** Byte sets, accesses and overlaps, against one byte and one iteration at a time. */
class RangesTest {
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  private static BitSet bits(Ranges r) {
    BitSet b = new BitSet();
    for (int i = 0; i < 400; i++) {
      b.set(i, r.firstMissing(i, i + 1) == i + 1);
    }
    return b;
  }

  private Ranges random(BitSet bits) {
    Ranges r = Ranges.none();
    for (int n = random.nextInt(12); n > 0; n--) {
      int start = random.nextInt(200);
      int end = start + random.nextInt(30);
      r.add(start, end);
      bits.set(start, end);
    }
    return r;
  }

  @Test
  void rangesAreSetsOfBytes() {
    for (int i = 0; i < 500; i++) {
      BitSet a = new BitSet();
      BitSet b = new BitSet();
      Ranges ra = random(a);
      Ranges rb = random(b);
      assertEquals(a, bits(ra));
      for (int start = 0; start < 250; start += 3) {
        int end = start + random.nextInt(60);
        assertEquals(Math.min(end, a.nextClearBit(start)), ra.firstMissing(start, end));
        int set = a.nextSetBit(start);
        assertEquals(set < 0 ? end : Math.min(end, set), ra.firstPresent(start, end));
      }
      a.and(b);
      assertEquals(a, bits(ra.intersect(rb)), "seed " + seed);
    }
  }

  @Test
  void accessesTouchTheBytesOfTheirPoints() {
    for (int i = 0; i < 2000; i++) {
      int rank = random.nextInt(4);
      Dims space = Dims.filled(rank, 0).map(_ -> random.nextInt(5));
      Dims strides = Dims.filled(rank, 0).map(_ -> random.nextInt(13) - 4);
      View.Guard guard = random.nextBoolean()
          ? null
          : new View.Guard(Dims.filled(rank, 0).map(_ -> random.nextInt(3) - 1),
              space.map(n -> n + 1 - random.nextInt(3)), 0);
      View v = new View(random.nextBoolean() ? DType.F32 : DType.U8, 60, strides, guard);
      BitSet expected = new BitSet();
      boolean injective = true;
      for (long p = 0; p < space.product(); p++) {
        long element = v.offset();
        boolean inside = true;
        long left = p;
        for (int d = 0; d < rank; d++) {
          long index = left % space.get(d);
          left /= space.get(d);
          element += index * strides.get(d);
          inside &= guard == null || (index >= guard.low().get(d) && index < guard.high().get(d));
        }
        int first = (int) element * v.dtype().bytes();
        if (inside) {
          injective &= !expected.get(first);
          expected.set(first, first + v.dtype().bytes());
        }
      }
      Access a = Access.of(v, space);
      BitSet actual = new BitSet();
      a.forEachRun(first -> actual.set((int) first, (int) (first + a.run())));
      String what = v + " over " + space + ", seed " + seed;
      assertEquals(expected, actual, what);
      assertEquals(injective, v.isInjective(space), what);
      assertEquals(expected.length(), a.end(), what);
      assertEquals(expected.length(), v.span(space) * v.dtype().bytes(), what);
      assertEquals(Math.max(0, expected.nextSetBit(0)), v.start(space) * v.dtype().bytes(), what);
    }
  }

  @Test
  void slicesMeetWhenSomeIterationMakesThem() {
    for (int i = 0; i < 3000; i++) {
      int loops = random.nextInt(4);
      List<Long> trips = LongStream.generate(() -> random.nextInt(6)).limit(loops).boxed().toList();
      Slice a = slice(loops);
      Slice b = slice(loops);
      boolean meet = false;
      long all = trips.stream().reduce(1L, (x, y) -> x * y);
      for (long n = 0; n < all; n++) {
        long[] at = new long[loops];
        long left = n;
        for (int k = 0; k < loops; k++) {
          at[k] = left % trips.get(k);
          left /= trips.get(k);
        }
        long oa = Overlap.offset(a, at);
        long ob = Overlap.offset(b, at);
        meet |= a.buffer() == b.buffer() && oa < ob + b.bytes() && ob < oa + a.bytes() && a.bytes() > 0
            && b.bytes() > 0;
      }
      assertEquals(meet, Overlap.of(a, b, trips), a + " and " + b + " in " + trips);
    }
    assertTrue(Overlap.isSame(new Slice(0, 4, 8), new Slice(0, 4, 8, Dims.of(0, 0))));
  }

  private Slice slice(int loops) {
    return new Slice(random.nextInt(3) == 0 ? 1 : 0, random.nextInt(100), random.nextInt(12),
        Dims.filled(random.nextInt(loops + 1), 0).map(_ -> random.nextInt(41) - 20));
  }
}
