package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.program.Slice;
import org.lathe.hal.spec.Copy;

/**
 * Places temporaries in one scratch buffer.
 *
 * <p>Stages: number the steps (a loop's body once) and find from which to which each storage is in use, where what a loop
 * did not make itself is in use throughout it; let outputs take the place of inputs that die in the same step and of
 * copies' sources; assign offsets, the largest first, each in the smallest gap that is free for its whole life, in several
 * orders of which the best is kept.
 */
final class MemoryPlan {

  /** From the first to the last step that touches one piece of memory, both inclusive. */
  record Life(int from, int to, long bytes) {
    boolean overlaps(Life other) {
      return from <= other.to && other.from <= to;
    }
  }

  /** One piece of memory: one storage, or several that follow each other in place. */
  private static final class Piece {
    final int number;
    long bytes;
    int from = Integer.MAX_VALUE;
    int to = -1;
    @Nullable
    Piece joined;

    Piece(int number, long bytes) {
      this.number = number;
      this.bytes = bytes;
    }

    Piece root() {
      Piece p = this;
      while (p.joined != null) {
        p = p.joined;
      }
      return p;
    }

    void touch(int from, int to) {
      this.from = Math.min(this.from, from);
      this.to = Math.max(this.to, to);
    }
  }

  private record Use(Storage storage, int step, List<Integer> loops) {}

  private record Numbered(Work.Run run, int step, int depth) {}

  private final Map<Storage, Piece> pieces = new HashMap<>();
  private final List<Piece> ordered = new ArrayList<>();
  private final List<Use> uses = new ArrayList<>();
  private final List<Numbered> runs = new ArrayList<>();
  private final List<int[]> loopRanges = new ArrayList<>();
  private final Map<Piece, Long> offsets = new HashMap<>();
  private int steps;
  private long scratchBytes;
  private long peakBytes;

  MemoryPlan(List<Work> work) {
    number(work, new ArrayList<>());
    for (Use u : uses) {
      Piece p = piece(u.storage());
      p.touch(u.step(), u.step());
      if (u.loops().size() > u.storage().depth()) {
        int[] range = loopRanges.get(u.loops().get(u.storage().depth()));
        p.touch(range[0], range[1]);
      }
    }
    reuseInPlace();
    assign();
  }

  /** The size of the scratch buffer. */
  long scratchBytes() {
    return scratchBytes;
  }

  /** The most bytes that are in use at one step, each piece rounded up to the alignment of slices. */
  long peakBytes() {
    return peakBytes;
  }

  /** Where a temporary begins in the scratch buffer. */
  long offset(Storage s) {
    Long offset = offsets.get(piece(s).root());
    if (offset == null) {
      throw new IllegalStateException("a storage that no step touches");
    }
    return offset;
  }

  private Piece piece(Storage s) {
    return pieces.computeIfAbsent(
        s,
        k -> {
          Piece p = new Piece(ordered.size(), aligned(k.bytes()));
          ordered.add(p);
          return p;
        });
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(Math.max(1, bytes), Slice.ALIGNMENT) * Slice.ALIGNMENT;
  }

  private void number(List<Work> work, List<Integer> loops) {
    for (Work w : work) {
      switch (w) {
        case Work.Run run -> {
          int step = steps++;
          runs.add(new Numbered(run, step, loops.size()));
          run.inputs().forEach(r -> use(r, step, loops));
          run.outputs().forEach(r -> use(r, step, loops));
        }
        case Work.Repeat(long trips, List<Work> body) -> {
          int loop = loopRanges.size();
          int[] range = {steps, steps};
          loopRanges.add(range);
          List<Integer> inner = new ArrayList<>(loops);
          inner.add(loop);
          number(body, inner);
          range[1] = Math.max(range[0], steps - 1);
        }
        case Work.Choose(Region predicate, List<Work> then, List<Work> otherwise) -> {
          use(predicate, steps++, loops);
          number(then, loops);
          number(otherwise, loops);
        }
      }
    }
  }

  private void use(Region r, int step, List<Integer> loops) {
    if (r.storage().isTemporary()) {
      uses.add(new Use(r.storage(), step, List.copyOf(loops)));
    }
  }

  /** In the order of the steps, so that a chain of updates stays in one place. */
  private void reuseInPlace() {
    for (Numbered n : runs) {
      Work.Run run = n.run();
      for (int o = 0; o < run.outputs().size(); o++) {
        Region out = run.outputs().get(o);
        if (!isWhole(out) || piece(out.storage()).root().from != n.step()) {
          continue;
        }
        for (int i = 0; i < run.inputs().size(); i++) {
          Region in = run.inputs().get(i);
          if (isWhole(in)
              && in.storage().depth() == n.depth()
              && out.storage().depth() == n.depth()
              && takesPlace(n, i, o)) {
            Piece dying = piece(in.storage()).root();
            Piece born = piece(out.storage()).root();
            dying.touch(born.from, born.to);
            born.joined = dying;
            break;
          }
        }
      }
    }
  }

  private static boolean isWhole(Region r) {
    return r.storage().isTemporary()
        && r.offset() == 0
        && r.bytes() == r.storage().bytes()
        && r.loopSteps().rank() == 0;
  }

  private boolean takesPlace(Numbered n, int input, int output) {
    Work.Run run = n.run();
    Region in = run.inputs().get(input);
    Region out = run.outputs().get(output);
    Piece dying = piece(in.storage()).root();
    Piece born = piece(out.storage()).root();
    if (dying == born || dying.to != n.step() || dying.bytes != born.bytes || in.bytes() != out.bytes()) {
      return false;
    }
    boolean copies = run.spec() instanceof Copy;
    for (int i = 0; i < run.inputs().size(); i++) {
      Region other = run.inputs().get(i);
      if (other.storage().isTemporary()
          && piece(other.storage()).root() == dying
          && !(copies || run.spec().allowsInPlace(i, output))) {
        return false;
      }
    }
    for (int o = 0; o < run.outputs().size(); o++) {
      Region other = run.outputs().get(o);
      if (o != output && other.storage().isTemporary() && piece(other.storage()).root() == dying) {
        return false;
      }
    }
    return true;
  }

  private void assign() {
    List<Piece> live = new ArrayList<>();
    for (Piece p : ordered) {
      if (p.joined == null && p.to >= 0) {
        live.add(p);
      }
    }
    long[] inUse = new long[steps + 1];
    for (Piece p : live) {
      inUse[p.from] += p.bytes;
      inUse[p.to + 1] -= p.bytes;
    }
    long now = 0;
    for (long change : inUse) {
      now += change;
      peakBytes = Math.max(peakBytes, now);
    }
    scratchBytes = Long.MAX_VALUE;
    for (Comparator<Piece> order : orders()) {
      List<Piece> sorted = new ArrayList<>(live);
      sorted.sort(order.thenComparingInt(p -> p.number));
      List<Life> lives = sorted.stream().map(p -> new Life(p.from, p.to, p.bytes)).toList();
      long[] placed = place(lives);
      long total = 0;
      for (int i = 0; i < placed.length; i++) {
        total = Math.max(total, placed[i] + sorted.get(i).bytes);
      }
      if (total < scratchBytes) {
        scratchBytes = total;
        offsets.clear();
        for (int i = 0; i < placed.length; i++) {
          offsets.put(sorted.get(i), placed[i]);
        }
      }
      if (scratchBytes <= peakBytes) {
        break;
      }
    }
  }

  private static List<Comparator<Piece>> orders() {
    Comparator<Piece> largest = Comparator.comparingLong((Piece p) -> -p.bytes);
    Comparator<Piece> longest = Comparator.comparingInt((Piece p) -> p.from - p.to);
    return List.of(
        largest.thenComparing(longest),
        Comparator.comparingDouble((Piece p) -> -(double) p.bytes * (p.to - p.from + 1)),
        longest.thenComparing(largest),
        Comparator.comparingInt((Piece p) -> p.from));
  }

  /**
   * Offsets for pieces with these lives, in this order: each goes into the smallest gap between those placed before that
   * live at the same time.
   */
  static long[] place(List<Life> lives) {
    long[] offsets = new long[lives.size()];
    List<Integer> byOffset = new ArrayList<>();
    for (int i = 0; i < offsets.length; i++) {
      Life life = lives.get(i);
      long end = 0;
      long best = -1;
      long bestGap = Long.MAX_VALUE;
      for (int other : byOffset) {
        if (!life.overlaps(lives.get(other))) {
          continue;
        }
        long gap = offsets[other] - end;
        if (gap >= life.bytes() && gap < bestGap) {
          best = end;
          bestGap = gap;
        }
        end = Math.max(end, offsets[other] + lives.get(other).bytes());
      }
      offsets[i] = best >= 0 ? best : end;
      int at = 0;
      while (at < byOffset.size() && offsets[byOffset.get(at)] <= offsets[i]) {
        at++;
      }
      byOffset.add(at, i);
    }
    return offsets;
  }
}
