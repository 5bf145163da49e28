package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.bytecode.AparapiClass;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.Bound;
import org.lathe.backends.simt.program.RecordedStep.Movable;

/** One kernel over a range, with its memory. */
final class RecordedLaunch implements Movable {
  private final Launch launch;
  /** For each parameter its memory; null for a scalar. */
  private final List<@Nullable Bound<ArenaBuffer>> memories;
  /** For each parameter the offset in bytes within the program's buffer, or the scalar. */
  private final long[] places;
  private final int[] elementBytes;
  private final long[] numbers;
  private boolean byAddress;
  private List<Integer> arenas = List.of();
  private byte[][] arrays = {};
  private Executables.@Nullable Entry compiled;

  RecordedLaunch(Launch launch, List<@Nullable Bound<ArenaBuffer>> memories, long[] places) {
    this.launch = launch;
    this.memories = memories;
    this.places = places;
    this.numbers = new long[places.length];
    this.elementBytes = launch.kernel().parameters().stream()
        .mapToInt(p -> p instanceof Parameter.Global g ? g.dtype().bytes() : 1).toArray();
  }

  void compile(Executables.Lease executables, Route route) {
    byAddress = route == Route.SOURCE;
    arenas = arenas();
    arrays = new byte[arenas.stream().mapToInt(a -> a + 1).max().orElse(0)][];
    compiled = executables.get(new Request(launch.kernel(), arenas, route));
  }

  private List<Integer> arenas() {
    List<Object> all = new ArrayList<>();
    for (Bound<ArenaBuffer> m : memories) {
      if (m != null && !byAddress) {
        all.add(m.buffer().array());
      }
    }
    return AparapiClass.arenas(all);
  }

  /** Whether what is bound now shares arrays as what was bound when this was compiled. */
  boolean stillFits() {
    return arenas.equals(arenas());
  }

  @Override
  public void move(int argument, long bytes) {
    places[argument] += bytes;
  }

  void run() {
    Executables.Entry entry = compiled;
    if (entry == null) {
      throw new IllegalStateException("a launch of " + launch.kernel().name() + " is run before it is compiled");
    }
    int next = 0;
    for (int i = 0; i < memories.size(); i++) {
      Bound<ArenaBuffer> memory = memories.get(i);
      if (memory == null) {
        numbers[i] = places[i];
      } else if (byAddress) {
        numbers[i] = memory.buffer().address() + memory.offset() + places[i];
      } else {
        arrays[arenas.get(next++)] = memory.buffer().array();
        numbers[i] = (memory.offset() + places[i]) / elementBytes[i];
      }
    }
    entry.lock.lock();
    try {
      entry.executable().run(arrays, numbers, launch.global());
    } finally {
      entry.lock.unlock();
    }
  }
}
