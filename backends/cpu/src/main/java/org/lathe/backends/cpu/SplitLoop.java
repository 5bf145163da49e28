package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;

/**
 * A loop too large for one method, as two loops one after the other over short runs of points. C2 stops inlining vector
 * operations in a graph that is too large, and compiles no method of over 8000 bytes. What the second loop needs of the
 * first goes through memory that each thread keeps.
 */
final class SplitLoop implements Loop {
  /** Points of a run, a multiple of the lanes of a fold. */
  private static final int RUN = 256;

  private final LoopSpec spec;
  private final Loop first;
  private final Loop second;
  private final int inputs;
  private final int temporaries;
  /** For each slot of the loops, behind their operands, the slot of the whole. */
  private final int[] firstIndices;
  private final int[] secondIndices;
  private final long[] steps;
  private final ThreadLocal<Room> rooms = ThreadLocal.withInitial(this::room);

  /** What a thread needs of its own. */
  private record Room(long[] first, long[] second, MemorySegment memory, long temporaries, long total) {}

  private SplitLoop(LoopSpec spec, Expr whole, int cut) {
    this.spec = spec;
    inputs = spec.inputs().size();
    List<Integer> live = live(whole, cut);
    temporaries = live.size();
    List<LoopSpec.Output> stores = new ArrayList<>();
    live.forEach(n -> stores.add(LoopSpec.store(whole.nodes().get(n).type(), 1)));
    Expr head = new Expr(whole.nodes().subList(0, cut), live);
    firstIndices = ordinals(head.nodes());
    first = LoopCompiler.compile(LoopSpec.of(head, spec.inputs(), stores, steps(firstIndices), spec.vector()));

    List<LoopSpec.Input> in = new ArrayList<>(spec.inputs());
    stores.forEach(s -> in.add(new LoopSpec.Input(s.dtype(), 1)));
    List<LoopSpec.Output> out = spec.outputs().stream()
        .map(o -> o.fold() != null ? LoopSpec.fold(o.dtype(), o.fold()) : o)
        .toList();
    Expr tail = tail(whole, cut, live);
    secondIndices = ordinals(tail.nodes());
    second = LoopCompiler.compile(
        new LoopSpec(tail, in, out, steps(secondIndices), spec.positionStep(), List.of(), spec.vector()));
    steps = new long[spec.slots()];
    for (int k = 0; k < inputs; k++) {
      steps[k] = spec.inputs().get(k).stride() * spec.inputs().get(k).dtype().bytes();
    }
    for (int j = 0; j < spec.outputs().size(); j++) {
      LoopSpec.Output o = spec.outputs().get(j);
      steps[spec.outputSlot(j)] = o.fold() != null ? 0 : o.stride() * o.dtype().bytes();
    }
    Arrays.fill(steps, spec.indexSlot(spec.indexSteps().size()), steps.length, spec.positionStep());
    for (int k = 0; k < spec.indexSteps().size(); k++) {
      steps[spec.indexSlot(k)] = spec.indexSteps().get(k);
    }
  }

  /** Splits a loop about in the middle, where the fewest values cross. */
  static Loop of(LoopSpec spec) {
    Expr whole = Exprs.widened(spec.expr());
    int[] before = new int[whole.nodes().size() + 1];
    for (int i = 0; i < whole.nodes().size(); i++) {
      before[i + 1] = before[i] + weight(whole.nodes().get(i));
    }
    int total = before[before.length - 1];
    int best = -1;
    int fewest = Integer.MAX_VALUE;
    for (int cut = 1; cut < whole.nodes().size(); cut++) {
      if (before[cut] >= total * 0.35 && before[cut] <= total * 0.65) {
        int crossing = live(whole, cut).size();
        if (crossing < fewest) {
          fewest = crossing;
          best = cut;
        }
      }
    }
    if (best < 0) {
      throw new IllegalArgumentException(
          "an expression of " + whole.nodes().size() + " nodes is too large, and has no middle to split it at");
    }
    return new SplitLoop(spec, whole, best);
  }

  private static int weight(Expr.Node node) {
    return switch (node) {
      case Expr.Unary u -> switch (u.op()) {
        case EXP, EXPM1, LOG, LOG1P, TANH, SIGMOID, ERF -> 25;
        default -> 3;
      };
      case Expr.Cast c -> c.type() == DType.F16 || c.type() == DType.BF16 ? 25 : 3;
      default -> 1;
    };
  }

  private static boolean isLeaf(Expr.Node node) {
    return node instanceof Expr.Input || node instanceof Expr.Constant || node instanceof Expr.Index;
  }

  /** The computed nodes before the cut that are needed after it. */
  private static List<Integer> live(Expr e, int cut) {
    boolean[] needed = new boolean[cut];
    for (int i = cut; i < e.nodes().size(); i++) {
      for (int o : e.nodes().get(i).operands()) {
        if (o < cut) {
          needed[o] = true;
        }
      }
    }
    for (int r : e.results()) {
      if (r < cut) {
        needed[r] = true;
      }
    }
    List<Integer> live = new ArrayList<>();
    for (int i = 0; i < cut; i++) {
      if (needed[i] && !isLeaf(e.nodes().get(i))) {
        live.add(i);
      }
    }
    return live;
  }

  private Expr tail(Expr whole, int cut, List<Integer> live) {
    Expr.Builder b = Expr.builder();
    int[] at = new int[whole.nodes().size()];
    for (int i = 0; i < at.length; i++) {
      Expr.Node n = whole.nodes().get(i);
      int temporary = live.indexOf(i);
      if (temporary >= 0) {
        at[i] = b.input(inputs + temporary, n.type());
      } else if (i >= cut || isLeaf(n)) {
        at[i] = b.add(Exprs.moved(n, at));
      }
    }
    return b.build(whole.results().stream().map(r -> at[r]).toList());
  }

  /** Which Index nodes of the whole, counted from 0, those of a part are. */
  private int[] ordinals(List<Expr.Node> part) {
    List<Expr.Node> all = spec.expr().nodes().stream().filter(n -> n instanceof Expr.Index).toList();
    return part.stream().filter(n -> n instanceof Expr.Index).mapToInt(all::indexOf).toArray();
  }

  private List<Long> steps(int[] ordinals) {
    return Arrays.stream(ordinals).mapToObj(k -> spec.indexSteps().get(k)).toList();
  }

  private Room room() {
    MemorySegment memory = Arena.ofAuto().allocate((long) temporaries * RUN * 8 + 64, 64);
    long at = memory.address();
    return new Room(new long[inputs + temporaries + firstIndices.length], new long[spec.slots() + temporaries], memory,
        at, at + (long) temporaries * RUN * 8);
  }

  @Override
  public void run(long[] a, int n) {
    Room room = rooms.get();
    boolean folds = false;
    for (int j = 0; j < spec.outputs().size(); j++) {
      LoopSpec.Output o = spec.outputs().get(j);
      if (o.whole() && o.fold() != null) {
        folds = true;
        Fold.of(o.fold(), o.dtype()).resetLanes(a[spec.place(spec.outputSlot(j))]);
      }
    }
    for (int done = 0; done < n; done += RUN) {
      points(a, done, Math.min(RUN, n - done), room);
    }
    for (int j = 0; j < spec.outputs().size() && folds; j++) {
      LoopSpec.Output o = spec.outputs().get(j);
      if (o.whole() && o.fold() != null) {
        Fold fold = Fold.of(o.fold(), o.dtype());
        long lanes = a[spec.place(spec.outputSlot(j))];
        fold.resetTotal(room.total());
        fold.flush(lanes, room.total());
        fold.store(room.total(), lanes);
      }
    }
  }

  private void points(long[] a, int from, int n, Room room) {
    long[] f = room.first();
    long[] s = room.second();
    for (int k = 0; k < inputs; k++) {
      f[k] = a[spec.place(k)] + from * steps[k];
      s[k] = f[k];
    }
    for (int t = 0; t < temporaries; t++) {
      f[inputs + t] = room.temporaries() + (long) t * RUN * 8;
      s[inputs + t] = f[inputs + t];
    }
    for (int k = 0; k < firstIndices.length; k++) {
      f[inputs + temporaries + k] = at(a, spec.indexSlot(firstIndices[k]), from);
    }
    int slot = inputs + temporaries;
    for (int j = 0; j < spec.outputs().size(); j++) {
      s[slot++] = at(a, spec.outputSlot(j), from);
    }
    for (int ordinal : secondIndices) {
      s[slot++] = at(a, spec.indexSlot(ordinal), from);
    }
    for (int k = spec.indexSlot(spec.indexSteps().size()); k < spec.slots(); k++) {
      s[slot++] = at(a, k, from);
    }
    first.run(f, n);
    second.run(s, n);
  }

  private long at(long[] a, int slot, int from) {
    return a[spec.place(slot)] + from * steps[slot];
  }
}
