package org.lathe.compiler.pass;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Graph;
import org.lathe.hal.device.Capabilities;

/**
 * The passes between tracing and lowering, in order.
 *
 * <pre>
 * clean      common-subexpressions, fold-constants, simplify-movements, simplify, dead-code
 * raise      raise-patterns, raise-attention
 * decompose  decompose
 * clean      as above, again and again until nothing changes (at most {@link #MOST_ROUNDS} times)
 * </pre>
 */
public final class Pipeline {
  /** Each round of cleaning finds less; what is left after these costs more to find than it saves. */
  public static final int MOST_ROUNDS = 3;

  private final List<Pass> raising;
  private final List<Pass> cleaning;

  private Pipeline(List<Pass> raising, List<Pass> cleaning) {
    this.raising = raising;
    this.cleaning = cleaning;
  }

  /** The passes for a device. */
  public static Pipeline standard(Capabilities capabilities) {
    return new Pipeline(
        List.of(new RaisePatterns(), new RaiseAttention(), new Decompose(capabilities)),
        List.of(
            new CommonSubexpressions(),
            new FoldConstants(),
            new SimplifyMovements(),
            new Simplify(),
            new DeadCode()));
  }

  /** The passes in the order in which they first run. */
  public List<Pass> passes() {
    List<Pass> all = new ArrayList<>(cleaning);
    all.addAll(raising);
    return all;
  }

  /** Runs all passes; {@code observer} is told of each. */
  public Graph run(Graph graph, PassObserver observer) {
    Map<Pass, Graph> done = new HashMap<>();
    Graph g = all(cleaning, graph, done, observer);
    g = all(raising, g, done, observer);
    for (int round = 0; round < MOST_ROUNDS; round++) {
      Graph cleaner = all(cleaning, g, done, observer);
      if (cleaner == g) {
        break;
      }
      g = cleaner;
    }
    return g;
  }

  /** A pass does not run again on what it found nothing to do in. */
  private static Graph all(List<Pass> passes, Graph graph, Map<Pass, Graph> done, PassObserver observer) {
    Graph g = graph;
    for (Pass pass : passes) {
      Graph before = g;
      if (done.get(pass) == before) {
        continue;
      }
      long start = System.nanoTime();
      g = pass.apply(before);
      observer.ran(pass, before, g, System.nanoTime() - start);
      if (g == before) {
        done.put(pass, g);
      }
    }
    return g;
  }
}
