package org.lathe.compiler.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.program.Slice;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.View;

/** The planner's promise: what is alive at one time does not share memory, and little is wasted. */
class MemoryPlanTest {

  @Test
  void livesThatMeetDoNotOverlap() {
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      List<MemoryPlan.Life> lives = new ArrayList<>();
      int n = 1 + random.nextInt(40);
      for (int i = 0; i < n; i++) {
        int from = random.nextInt(30);
        lives.add(new MemoryPlan.Life(from, from + random.nextInt(10), 128 * (1 + random.nextInt(20))));
      }
      long[] offsets = MemoryPlan.place(lives);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) {
          boolean apart = offsets[i] + lives.get(i).bytes() <= offsets[j]
              || offsets[j] + lives.get(j).bytes() <= offsets[i];
          assertTrue(apart || !lives.get(i).overlaps(lives.get(j)),
              lives + " at " + java.util.Arrays.toString(offsets));
        }
      }
    }
  }

  private static KernelSpec add(long n) {
    Expr.Builder b = Expr.builder();
    Expr sum = b.build(List.of(b.binary(BinaryOp.ADD, b.input(0, DType.F32), b.input(1, DType.F32))));
    View v = View.of(DType.F32, 1);
    return new org.lathe.hal.spec.Map(Dims.of(n), List.of(v, v), sum, List.of(v));
  }

  private static Work run(Storage a, Storage b, Storage out) {
    return new Work.Run(
        add(out.bytes() / 4), List.of(Region.of(a), Region.of(b)), List.of(Region.of(out)), "add");
  }

  /** Random chains: executes the plan on symbolic contents and sees that every read finds what was written last. */
  @Test
  void everyReadFindsWhatWasWritten() {
    Random random = new Random(2);
    for (int round = 0; round < 200; round++) {
      List<Storage> made = new ArrayList<>(List.of(Storage.declared(64, 0), Storage.declared(4096, 1)));
      List<Work> work = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        Storage a = made.get(random.nextInt(made.size()));
        List<Storage> same = made.stream().filter(s -> s.bytes() == a.bytes()).toList();
        Storage out = Storage.temporary(a.bytes(), 0);
        work.add(run(a, same.get(random.nextInt(same.size())), out));
        made.add(out);
        if (random.nextInt(6) == 0) {
          made.remove(2 + random.nextInt(made.size() - 2));
        }
      }
      MemoryPlan plan = new MemoryPlan(work);
      Map<Long, Storage> bytes = new HashMap<>();
      for (Work w : work) {
        Work.Run r = (Work.Run) w;
        for (Region in : r.inputs()) {
          if (in.storage().isTemporary()) {
            long at = plan.offset(in.storage());
            for (long b = at; b < at + in.bytes(); b += 64) {
              assertEquals(in.storage(), bytes.get(b));
            }
          }
        }
        Region out = r.outputs().getFirst();
        long at = plan.offset(out.storage());
        assertEquals(0, at % Slice.ALIGNMENT);
        assertTrue(at + out.bytes() <= plan.scratchBytes());
        for (long b = at; b < at + out.bytes(); b += 64) {
          bytes.put(b, out.storage());
        }
      }
      assertTrue(plan.scratchBytes() <= 1.2 * plan.peakBytes(), plan.scratchBytes() + " of " + plan.peakBytes());
    }
  }

  @Test
  void aChainStaysInOnePlace() {
    Storage in = Storage.declared(1024, 0);
    List<Work> work = new ArrayList<>();
    Storage last = in;
    for (int i = 0; i < 10; i++) {
      Storage next = Storage.temporary(1024, 0);
      work.add(run(last, last, next));
      last = next;
    }
    assertEquals(1024, new MemoryPlan(work).scratchBytes());
  }

  @Test
  void whatALoopReadsOutlivesIt() {
    Storage in = Storage.declared(1024, 0);
    Storage outer = Storage.temporary(1024, 0);
    Storage inner = Storage.temporary(1024, 1);
    Storage later = Storage.temporary(1024, 1);
    Storage sink = Storage.temporary(1024, 0);
    List<Work> body = List.of(run(outer, outer, inner), run(inner, inner, later), run(later, later, sink));
    MemoryPlan plan = new MemoryPlan(
        List.of(run(in, in, outer), new Work.Repeat(3, body), run(sink, sink, Storage.temporary(1024, 0))));
    assertFalse(plan.offset(outer) == plan.offset(inner));
    assertFalse(plan.offset(outer) == plan.offset(later));
    assertFalse(plan.offset(outer) == plan.offset(sink));
    assertEquals(plan.offset(inner), plan.offset(later));
    assertFalse(plan.offset(inner) == plan.offset(sink));
  }
}
