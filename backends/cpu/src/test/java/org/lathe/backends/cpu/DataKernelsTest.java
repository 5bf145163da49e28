package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;

class DataKernelsTest {
  @BeforeAll
  static void useVectorForms() {
    LoopCompiler.eager = true;
  }

  private static void philox(long key, long stream, long counter, int... words) {
    try (Arena arena = Arena.ofConfined()) {
      long at = arena.allocate(16, 16).address();
      RandomKernel.block(key, stream, counter, at);
      for (int w = 0; w < 4; w++) {
        assertEquals(Integer.toHexString(words[w]), Integer.toHexString(Memory.getInt(at + 4L * w)));
      }
    }
  }

  @Test
  void knownAnswersOfRandom123() {
    philox(0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    philox(-1, -1, -1, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    philox(0x299f31d0a4093822L, 0x0370734413198a2eL, 0x85a308d3243f6a88L, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
        0x24126ea1);
  }

  @Test
  void randomBitsOfAnyCount() {
    Random r = new Random(40);
    for (int count : new int[]{0, 1, 4, 13, 207, 1000}) {
      try (Arena arena = Arena.ofShared()) {
        long in = arena.allocate(16, 16).address();
        long block = arena.allocate(16, 16).address();
        Memory.putLong(in, r.nextLong());
        Memory.putLong(in + 8, r.nextLong());
        for (int workers = 1; workers <= 2; workers++) {
          long out = MapKernelTest.allocate(arena, DType.I32, count, null);
          TestRun.run(RandomKernel.of(new RandomBits(count)), new long[]{in, out}, workers);
          for (int i = 0; i < count; i++) {
            RandomKernel.block(Memory.getLong(in), Memory.getLong(in + 8), i / 4, block);
            assertEquals(Memory.getInt(block + 4L * (i % 4)), Memory.getInt(out + 4L * i));
          }
          assertEquals(0x3c3c3c3c, Memory.getInt(out + 4L * count));
        }
      }
    }
  }

  @Test
  void gatherAndScatterOfEveryType() {
    Random r = new Random(41);
    for (DType t : DType.values()) {
      for (DType index : List.of(DType.I32, DType.I64)) {
        for (int[] shape : new int[][]{{5, 3, 17}, {33, 1, 40}, {7, 300, 13}, {4, 8, 0}}) {
          gatherAndScatter(t, index, shape[0], shape[1], shape[2], r);
        }
      }
    }
  }

  private static void gatherAndScatter(DType t, DType indexType, int rows, int width, int count, Random r) {
    try (Arena arena = Arena.ofShared()) {
      long table = MapKernelTest.allocate(arena, t, (long) rows * width, r);
      long updates = MapKernelTest.allocate(arena, t, (long) count * width, r);
      long indices = MapKernelTest.allocate(arena, indexType, count, null);
      int[] row = new int[count];
      for (int i = 0; i < count; i++) {
        int index = r.nextInt(rows + 4) - 2;
        row[i] = Math.max(0, Math.min(rows - 1, index));
        Reference.store(indexType, indices + (long) i * indexType.bytes(), Reference.Value.of(indexType, (long) index));
      }
      for (int workers = 1; workers <= 2; workers++) {
        long out = MapKernelTest.allocate(arena, t, (long) count * width, null);
        TestRun.run(GatherKernel.of(new Gather(t, indexType, rows, width, count)), new long[]{table, indices, out},
            workers);
        for (int i = 0; i < count * width; i++) {
          assertEquals(load(t, table, row[i / width] * width + i % width), load(t, out, i));
        }
        for (Combiner c : List.of(Combiner.SUM, Combiner.MAX, Combiner.MIN)) {
          for (boolean base : new boolean[]{true, false}) {
            if (t == DType.BOOL && c == Combiner.SUM || !base && c != Combiner.SUM) {
              continue;
            }
            scatter(new Scatter(c, base, t, indexType, rows, width, count), table, indices, updates, row, workers,
                arena);
          }
        }
      }
    }
  }

  private static void scatter(
      Scatter spec, long table, long indices, long updates, int[] row, int workers, Arena arena) {
    DType t = spec.dtype();
    int width = (int) spec.width();
    int n = (int) (spec.rows() * width);
    Reference.Value[] want = new Reference.Value[n];
    for (int i = 0; i < n; i++) {
      want[i] = spec.hasBase() ? load(t, table, i) : Reference.Value.number(t, 0);
    }
    BinaryOp op = Exprs.operation(spec.combiner());
    for (int i = 0; i < row.length * width; i++) {
      int at = row[i / width] * width + i % width;
      Reference.Value v = Reference.binary(op, t, want[at], load(t, updates, i));
      want[at] = Reference.half(t) ? new Reference.Value(Reference.roundHalf(t, v.real()), 0) : v;
    }
    long out = MapKernelTest.allocate(arena, t, n, null);
    long[] operands = spec.hasBase() ? new long[]{table, indices, updates, out} : new long[]{indices, updates, out};
    TestRun.run(ScatterKernel.of(spec), operands, workers);
    for (int i = 0; i < n; i++) {
      int at = i;
      assertEquals(want[i], load(t, out, i), () -> "element " + at + " of " + spec);
    }
  }

  private static Reference.Value load(DType t, long base, long i) {
    return Reference.load(t, base + i * t.bytes());
  }

  @Test
  void sortsAndTopKOfEveryType() {
    Random r = new Random(42);
    for (DType t : DType.values()) {
      for (int columns : new int[]{0, 1, 3, 17, 33, 207}) {
        sortAndTopK(t, 3, columns, r);
      }
    }
  }

  private static void sortAndTopK(DType t, int rows, int columns, Random r) {
    try (Arena arena = Arena.ofShared()) {
      long in = MapKernelTest.allocate(arena, t, (long) rows * columns, r);
      for (boolean descending : new boolean[]{false, true}) {
        long values = MapKernelTest.allocate(arena, t, (long) rows * columns, null);
        long positions = MapKernelTest.allocate(arena, DType.I32, (long) rows * columns, null);
        TestRun.run(SortKernel.of(new Sort(t, rows, columns, descending)), new long[]{in, values, positions}, 2);
        for (int row = 0; row < rows; row++) {
          List<Integer> want = order(t, in, row, columns, descending, true);
          for (int i = 0; i < columns; i++) {
            assertEquals(want.get(i), Memory.getInt(positions + 4L * (row * columns + i)));
            assertEquals(load(t, in, row * columns + want.get(i)), load(t, values, row * columns + i));
          }
        }
      }
      for (int k : new int[]{0, 1, Math.min(5, columns), columns}) {
        if (k > columns) {
          continue;
        }
        long values = MapKernelTest.allocate(arena, t, (long) rows * k, null);
        long positions = MapKernelTest.allocate(arena, DType.I32, (long) rows * k, null);
        TestRun.run(TopKKernel.of(new TopK(t, rows, columns, k)), new long[]{in, values, positions}, 2);
        for (int row = 0; row < rows; row++) {
          List<Integer> want = order(t, in, row, columns, true, true);
          for (int i = 0; i < k; i++) {
            assertEquals(want.get(i), Memory.getInt(positions + 4L * (row * k + i)));
            assertEquals(load(t, in, row * columns + want.get(i)), load(t, values, row * k + i));
          }
        }
      }
    }
  }

  private static List<Integer> order(DType t, long in, int row, int columns, boolean descending, boolean nanLast) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      order.add(i);
    }
    Comparator<Integer> byValue = (a, b) -> {
      Reference.Value x = load(t, in, row * columns + a);
      Reference.Value y = load(t, in, row * columns + b);
      if (t.isFloating() && (Double.isNaN(x.real()) || Double.isNaN(y.real()))) {
        return Boolean.compare(Double.isNaN(x.real()), Double.isNaN(y.real()));
      }
      int c = t.isFloating() ? Double.compare(x.real() + 0.0, y.real() + 0.0) : Long.compare(x.whole(), y.whole());
      return descending ? -c : c;
    };
    order.sort(byValue);
    return order;
  }

  @Test
  void scansOfEveryType() {
    Random r = new Random(43);
    for (DType t : DType.values()) {
      for (Combiner c : List.of(Combiner.SUM, Combiner.PRODUCT, Combiner.MAX, Combiner.MIN)) {
        if (t == DType.BOOL && (c == Combiner.SUM || c == Combiner.PRODUCT)) {
          continue;
        }
        for (int[] shape : new int[][]{{2, 7, 3}, {3, 33, 1}, {1, 5, 130}, {2, 0, 3}}) {
          scan(new Scan(c, t, shape[0], shape[1], shape[2], r.nextBoolean(), r.nextBoolean()), r);
        }
      }
    }
  }

  private static void scan(Scan spec, Random r) {
    DType t = spec.dtype();
    int inner = (int) spec.inner();
    int length = (int) spec.length();
    try (Arena arena = Arena.ofShared()) {
      int n = (int) spec.outer() * length * inner;
      long in = MapKernelTest.allocate(arena, t, n, r);
      for (int i = 0; i < n && t.isFloating(); i++) {
        Reference.store(t, in + (long) i * t.bytes(), Reference.Value.of(DType.F32, 1 + r.nextInt(3) / 4.0));
      }
      long out = MapKernelTest.allocate(arena, t, n, null);
      TestRun.run(ScanKernel.of(spec), new long[]{in, out}, 2);
      for (int o = 0; o < spec.outer(); o++) {
        for (int c = 0; c < inner; c++) {
          ReduceKernelTest.Combined sum = new ReduceKernelTest.Combined(spec.combiner(), t);
          for (int k = 0; k < length; k++) {
            int at = (o * length + (spec.reverse() ? length - 1 - k : k)) * inner + c;
            Reference.Value before = sum.value(t);
            sum.add(load(t, in, at), k);
            Reference.Value want = spec.exclusive() ? before : sum.value(t);
            Reference.Value found = load(t, out, at);
            if (t.isFloating()) {
              double rounded = Reference.half(t) ? Reference.roundHalf(t, want.real()) : want.real();
              double eps = t == DType.F64 ? 1e-14 : t == DType.F32 ? 1e-6 : 0;
              assertEquals(rounded, found.real(), Double.isInfinite(rounded) ? 0 : eps * Math.abs(rounded));
            } else {
              assertEquals(want, found, spec::toString);
            }
          }
        }
      }
    }
  }

  @Test
  void copiesAnyNumberOfBytes() {
    Random r = new Random(44);
    for (int bytes : new int[]{0, 1, 63, 64, 65, 4098, 100_003}) {
      try (Arena arena = Arena.ofShared()) {
        long in = MapKernelTest.allocate(arena, DType.U8, bytes, r);
        long out = MapKernelTest.allocate(arena, DType.U8, bytes, null);
        TestRun.run(CopyKernel.of(new Copy(bytes)), new long[]{in, out}, 2);
        for (int i = 0; i < bytes; i++) {
          assertEquals(Memory.getByte(in + i), Memory.getByte(out + i));
        }
        assertEquals(0x3c, Memory.getByte(out + bytes));
      }
    }
  }
}
