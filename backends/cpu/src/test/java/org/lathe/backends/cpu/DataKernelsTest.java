package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;

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
      RandomBits spec = new RandomBits(count);
      KernelCheck.exact(RandomKernel.of(spec), spec, Samples.inputs(spec, r));
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
    Gather gather = new Gather(t, indexType, rows, width, count);
    List<Elements> in = Samples.inputs(gather, r);
    in.set(0, MapKernelTest.random(gather.inputs(), r).getFirst());
    KernelCheck.exact(GatherKernel.of(gather), gather, in);
    for (Combiner c : List.of(Combiner.SUM, Combiner.MAX, Combiner.MIN)) {
      for (boolean base : new boolean[]{true, false}) {
        if (t == DType.BOOL && c == Combiner.SUM || !base && c != Combiner.SUM) {
          continue;
        }
        Scatter scatter = new Scatter(c, base, t, indexType, rows, width, count);
        List<Elements> operands = MapKernelTest.random(scatter.inputs(), r);
        operands.set(base ? 1 : 0, in.get(1));
        KernelCheck.exact(ScatterKernel.of(scatter), scatter, operands);
      }
    }
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
    for (boolean descending : new boolean[]{false, true}) {
      Sort sort = new Sort(t, rows, columns, descending);
      KernelCheck.exact(SortKernel.of(sort), sort, MapKernelTest.random(sort.inputs(), r));
    }
    for (int k : new int[]{0, 1, Math.min(5, columns), columns}) {
      if (k <= columns) {
        TopK top = new TopK(t, rows, columns, k);
        KernelCheck.exact(TopKKernel.of(top), top, MapKernelTest.random(top.inputs(), r));
      }
    }
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
    List<Elements> in = MapKernelTest.random(spec.inputs(), r);
    for (Elements e : in) {
      for (long i = 0; i < e.size() && spec.dtype().isFloating(); i++) {
        e.set(i, 1 + r.nextInt(3) / 4.0);
      }
    }
    KernelCheck.near(ScanKernel.of(spec), spec, in);
  }

  @Test
  void copiesAnyNumberOfBytes() {
    Random r = new Random(44);
    for (int bytes : new int[]{0, 1, 63, 64, 65, 4098, 100_003}) {
      Copy spec = new Copy(bytes);
      KernelCheck.exact(CopyKernel.of(spec), spec, Samples.inputs(spec, r));
    }
  }
}
