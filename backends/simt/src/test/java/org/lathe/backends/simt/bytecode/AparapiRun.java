package org.lathe.backends.simt.bytecode;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.Dims;
import org.lathe.reference.Elements;

/** Runs plans as classes of the Aparapi dialect in this JVM. */
final class AparapiRun {
  private AparapiRun() {}

  /** Runs the plan on copies of the inputs in byte arrays; the outputs keep what no kernel writes. */
  static void run(KernelPlan plan, List<Elements> in, List<Elements> out) {
    List<byte[]> inputs = in.stream().map(AparapiRun::bytes).toList();
    List<byte[]> outputs = out.stream().map(AparapiRun::bytes).toList();
    List<byte[]> workspaces = plan.workspaces().stream().map(b -> new byte[Math.toIntExact(b)]).toList();
    for (Launch l : plan.launches()) {
      List<byte[]> arrays = new ArrayList<>();
      long[] numbers = new long[l.arguments().size()];
      for (int i = 0; i < l.arguments().size(); i++) {
        switch (l.arguments().get(i)) {
          case Argument.Input(int o) -> arrays.add(inputs.get(o));
          case Argument.Output(int o) -> arrays.add(outputs.get(o));
          case Argument.Workspace(int w) -> arrays.add(workspaces.get(w));
          case Argument.Number(long v) -> numbers[i] = v;
        }
      }
      launch(l, arrays, numbers);
    }
    for (int j = 0; j < out.size(); j++) {
      MemorySegment.copy(MemorySegment.ofArray(outputs.get(j)), 0, out.get(j).segment(), 0,
          out.get(j).segment().byteSize());
    }
  }

  private static byte[] bytes(Elements e) {
    return e.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
  }

  static void launch(Launch l, List<byte[]> arrays, long[] numbers) {
    List<Integer> arenas = AparapiClass.arenas(arrays);
    byte[][] distinct = new byte[arenas.stream().mapToInt(a -> a + 1).max().orElse(0)][];
    for (int i = 0; i < arrays.size(); i++) {
      distinct[arenas.get(i)] = arrays.get(i);
    }
    KernelClass k = AparapiClass.forJvm(l.kernel(), arenas);
    WorkItem first = (WorkItem) Classes.instance(k);
    first.bind(distinct, numbers);
    Dims local = l.kernel().local();
    List<JvmItems.Item> items = new ArrayList<>();
    for (int i = 0; i < l.kernel().groupSize(); i++) {
      WorkItem item = first.fork();
      items.add((place, barrier) -> {
        for (int d = 0; d < 3; d++) {
          item.stand(d, (int) local.get(d), place.group()[d], place.local()[d]);
        }
        item.meetAt(barrier);
        item.run();
      });
    }
    JvmItems.run(l.kernel(), l.global(), _ -> {}, items);
  }

}
