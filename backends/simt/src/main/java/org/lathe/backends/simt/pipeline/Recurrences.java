package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.pipeline.Dataflow.Source;

/**
 * The ways by which an iteration waits for earlier ones, as a graph: from what an earlier iteration made to what is made
 * of it, with the cycles that takes and the iterations that it spans. The interval between iterations is at least the
 * largest ratio of cycles to iterations around any circle of it (Rau 1994, the recurrence-constrained interval).
 */
final class Recurrences {
  private record Edge(int from, int to, int cycles, long iterations) {}

  /**
   * A circle of dependences.
   *
   * @param through the names of what carries it
   */
  record Circle(List<String> through, long cycles, long iterations) {}

  private final Map<Source, Integer> nodes = new HashMap<>();
  private final List<Source> sources = new ArrayList<>();
  private final List<Edge> edges = new ArrayList<>();

  void add(Source from, Source to, int cycles, long iterations) {
    edges.add(new Edge(node(from), node(to), cycles, iterations));
  }

  private int node(Source s) {
    return nodes.computeIfAbsent(s, x -> {
      sources.add(x);
      return sources.size() - 1;
    });
  }

  /** The circle with the most cycles an iteration, or null where nothing waits. */
  @Nullable
  Circle tightest() {
    Circle tightest = null;
    while (true) {
      Circle better = tightest == null ? longer(0, 1) : longer(tightest.cycles(), tightest.iterations());
      if (better == null) {
        return tightest;
      }
      tightest = better;
    }
  }

  /** A circle of more than {@code cycles / iterations}, by Bellman and Ford. */
  private @Nullable Circle longer(long cycles, long iterations) {
    int n = sources.size();
    long[] far = new long[n];
    @Nullable
    Edge[] by = new Edge[n];
    int last = -1;
    for (int round = 0; round <= n; round++) {
      last = -1;
      for (Edge e : edges) {
        long weight = e.cycles() * iterations - e.iterations() * cycles;
        if (far[e.from()] + weight > far[e.to()]) {
          far[e.to()] = far[e.from()] + weight;
          by[e.to()] = e;
          last = e.to();
        }
      }
      if (last < 0) {
        return null;
      }
    }
    return circle(by, last);
  }

  private Circle circle(@Nullable Edge[] by, int start) {
    boolean[] seen = new boolean[by.length];
    Arrays.fill(seen, false);
    int at = start;
    while (!seen[at]) {
      seen[at] = true;
      at = edge(by, at).from();
    }
    Set<String> through = new LinkedHashSet<>();
    long cycles = 0;
    long iterations = 0;
    int end = at;
    do {
      Edge e = edge(by, at);
      through.add(base(sources.get(at).name()));
      cycles += e.cycles();
      iterations += e.iterations();
      at = e.from();
    } while (at != end);
    return new Circle(List.copyOf(through), cycles, iterations);
  }

  /** On the way back from a node that was still moving, each has been reached. */
  private static Edge edge(@Nullable Edge[] by, int node) {
    Edge e = by[node];
    if (e == null) {
      throw new IllegalStateException("a node was moved by no edge");
    }
    return e;
  }

  /** The name without the number of the unrolled copy. */
  static String base(String name) {
    int dot = name.indexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }
}
