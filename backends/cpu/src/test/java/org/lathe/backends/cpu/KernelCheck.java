package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.device.HostBlock;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.reference.Elements;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Runs a kernel by one worker and by more, and compares with the reference: what lies behind the outputs too. */
final class KernelCheck {
  private static final int GUARD = 8;
  private static final byte PATTERN = 0x3c;

  private KernelCheck() {}

  /** Results that round as the expressions say: to the bit. */
  static void exact(Kernel kernel, KernelSpec spec, List<Elements> in) {
    check(kernel, spec, in, true, 2);
  }

  /** Results near those of the reference, and the same bits for every number of workers. */
  static void near(Kernel kernel, KernelSpec spec, List<Elements> in) {
    check(kernel, spec, in, false, 3);
  }

  private static void check(Kernel kernel, KernelSpec spec, List<Elements> in, boolean exact, int mostWorkers) {
    List<Elements> expected = new ArrayList<>();
    for (Operand o : spec.outputs()) {
      Elements e = Elements.poisoned(o.dtype(), o.elements() + GUARD);
      e.segment().fill(PATTERN);
      expected.add(e);
    }
    SpecReference.run(spec, in, expected);
    try (Arena arena = Arena.ofShared()) {
      int k = in.size();
      long[] operands = new long[k + expected.size()];
      for (int i = 0; i < k; i++) {
        MemorySegment operand = in.get(i).segment();
        // Behind an operand lie NaNs, which no result may show.
        operands[i] = arena.allocate(operand.byteSize() + HostBlock.READABLE_BEHIND, 64)
            .fill((byte) -1)
            .copyFrom(operand)
            .address();
      }
      long[] first = new long[expected.size()];
      for (int workers = 1; workers <= mostWorkers; workers++) {
        for (int j = 0; j < expected.size(); j++) {
          long bytes = expected.get(j).segment().byteSize();
          operands[k + j] = arena.allocate(bytes, 64).fill(PATTERN).address();
        }
        TestRun.run(kernel, operands, workers);
        for (int j = 0; j < expected.size(); j++) {
          DType type = expected.get(j).dtype();
          String what = spec + " as " + kernel.variant() + ", output " + j;
          if (workers == 1) {
            first[j] = operands[k + j];
            compare(what, spec, expected.get(j), At.elements(type, first[j], expected.get(j).size()), exact);
          } else {
            SameBits.check(type, expected.get(j).size(), first[j], operands[k + j], what + " by " + workers);
          }
        }
      }
    }
  }

  private static void compare(String what, KernelSpec spec, Elements expected, Elements found, boolean exact) {
    if (!exact) {
      Tolerance.of(spec, expected.dtype()).check(what, expected, found);
      return;
    }
    for (long i = 0; i < expected.size(); i++) {
      long element = i;
      assertEquals(expected.get(i), found.get(i), () -> "element " + element + " of " + what);
    }
  }
}
