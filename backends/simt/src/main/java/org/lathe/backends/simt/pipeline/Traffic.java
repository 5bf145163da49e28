package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;

/**
 * What memory a kernel's loops need at once, and move in all. Accesses whose places differ by constants are one access
 * of several elements: compilers join those to global memory and put those to on-chip memory into banks.
 */
final class Traffic {
  /** What global memory delivers in a cycle. */
  static final int BYTES_PER_CYCLE = 64;
  /** Ports of a block of on-chip memory. */
  private static final int PORTS = 2;

  private double bytesRead;
  private double bytesWritten;
  private final Map<Memory, Integer> copies = new HashMap<>();

  /** Accesses that differ by constants only. */
  private record Group(Memory memory, boolean store, Map<Value, Long> terms) {}

  /**
   * What an iteration asks for.
   *
   * @param portInterval cycles that the writers of the busiest on-chip array need
   * @param busiest its name
   * @param globalBytes of global memory
   * @param requests apart from each other in global memory
   * @param globalCycles that these keep global memory busy
   */
  record Demand(int portInterval, String busiest, double globalBytes, int requests, double globalCycles) {}

  double bytesRead() {
    return bytesRead;
  }

  double bytesWritten() {
    return bytesWritten;
  }

  /** The bytes of on-chip memory blocks. */
  long onChipBytes(Kernel kernel, Set<Memory> registers) {
    return kernel.arrays().stream()
        .filter(a -> !registers.contains(a))
        .mapToLong(a -> a.elements() * a.dtype().bytes() * copies.getOrDefault(a, 1))
        .sum();
  }

  /**
   * Counts one piece of straight-line code.
   *
   * @param nest the loops that it is the body of, the outermost first; none for code between loops
   * @param varying whether a value changes within the nest for another reason than its counters
   * @param entries how often the nest is reached
   * @param iterations how often the code runs each time
   */
  Demand count(
      Dataflow flow, List<Dependences.Level> nest, Predicate<Value> varying, double entries,
      double iterations) {
    Map<Group, TreeSet<Long>> groups = new LinkedHashMap<>();
    flow.loads().forEach(l -> touch(groups, l.memory(), false, l.index(), l.lanes()));
    flow.stores().forEach(s -> touch(groups, s.memory(), true, s.index(), s.lanes()));
    Map<Memory, int[]> users = new LinkedHashMap<>();
    double globalBytes = 0;
    double globalCycles = 0;
    int requests = 0;
    for (var e : groups.entrySet()) {
      Group g = e.getKey();
      if (!(g.memory() instanceof Parameter.Global)) {
        users.computeIfAbsent(g.memory(), m -> new int[2])[g.store() ? 1 : 0]++;
        continue;
      }
      double share = share(g, nest, varying);
      List<Long> runs = runs(e.getValue());
      int size = g.memory().dtype().bytes();
      double bytes = (double) e.getValue().size() * size;
      double times = Math.max(entries, entries * iterations * share);
      if (g.store()) {
        bytesWritten += bytes * times;
      } else {
        bytesRead += bytes * times;
      }
      if (iterations * share <= 1) {
        continue;
      }
      globalBytes += bytes * share;
      requests += runs.size();
      long stride = nest.isEmpty()
          ? 0
          : Math.abs(g.terms().getOrDefault(new Value.Read(nest.getLast().counter()), 0L) * nest.getLast().step());
      for (long run : runs) {
        double alone = Math.ceil((double) run * size / BYTES_PER_CYCLE);
        // What the next iterations take up is fetched with it.
        double streamed = (double) Math.max(run, stride) * size / BYTES_PER_CYCLE;
        globalCycles += share * (stride == 0 ? alone : Math.min(alone, streamed));
      }
    }
    int interval = 1;
    String busiest = "";
    for (var e : users.entrySet()) {
      int reads = e.getValue()[0];
      int writes = e.getValue()[1];
      int needed = Math.ceilDiv(writes, PORTS);
      copies.merge(e.getKey(), Math.max(1, writes == 0 ? Math.ceilDiv(reads, PORTS) : reads), Math::max);
      if (needed > interval) {
        interval = needed;
        busiest = e.getKey().name();
      }
    }
    return new Demand(interval, busiest, globalBytes, requests, globalCycles);
  }

  private static void touch(
      Map<Group, TreeSet<Long>> groups, Memory memory, boolean store, Affine index, int lanes) {
    TreeSet<Long> places = groups.computeIfAbsent(new Group(memory, store, index.terms()), g -> new TreeSet<>());
    for (int i = 0; i < lanes; i++) {
      places.add(index.constant() + i);
    }
  }

  /** The lengths of the runs of elements that follow each other. */
  private static List<Long> runs(TreeSet<Long> places) {
    List<Long> runs = new ArrayList<>();
    long length = 0;
    long last = Long.MIN_VALUE;
    for (long p : places) {
      if (length > 0 && p != last + 1) {
        runs.add(length);
        length = 0;
      }
      length++;
      last = p;
    }
    runs.add(length);
    return runs;
  }

  /** In which share of a nest's iterations the access is a new one: what its inner loops do not move stays in registers. */
  private static double share(
      Group g, List<Dependences.Level> nest, Predicate<Value> varying) {
    if (g.terms().keySet().stream().anyMatch(varying)) {
      return 1;
    }
    double share = 1;
    for (Dependences.Level level : nest.reversed()) {
      if (g.terms().containsKey(new Value.Read(level.counter()))) {
        return share;
      }
      share /= Math.max(1, level.trips());
    }
    return share;
  }
}
