package org.lathe.backends.simt.schedule;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.expr.BinaryOp;

/** Combining the points of a line by vectors. */
final class Lines {
  /** Combinations side by side that do not wait for each other. */
  private static final int CHAINS = 4;
  /** Vectors that a line has at least for each of them. */
  private static final long VECTORS_OF_A_CHAIN = 4;
  /** More operations at each point than these take longer than waiting. */
  private static final int CHEAP = 4;

  private Lines() {}

  /** Takes in the points from {@code i} on, in the lanes of the mask if there is one. */
  @FunctionalInterface
  interface Taker {
    void take(int chain, Value i, @Nullable Value mask);
  }

  /** How many chains pay for a line of so many points with so many operations each. */
  static int chains(long points, int lanes, int operations) {
    return lanes > 1 && operations <= CHEAP && points >= VECTORS_OF_A_CHAIN * CHAINS * lanes ? CHAINS : 1;
  }

  /**
   * Takes in the points from {@code from} to {@code to} of a line of {@code size} points.
   *
   * @param lanes at most {@code size}
   * @param to at a whole number of vectors after {@code from}, or at the end of the line
   */
  static void combine(
      KernelBuilder k, Value from, Value to, long size, int lanes, int chains, Taker taker) {
    Value start = from;
    if (chains > 1) {
      long step = (long) chains * lanes;
      Value end = k.let("end", whole(from, to, step));
      k.loop("i", from, end, step, i -> {
        for (int c = 0; c < chains; c++) {
          taker.take(c, Values.add(i, (long) c * lanes), null);
        }
      });
      start = end;
    }
    Value end = size % lanes == 0 ? to : k.let("whole", whole(from, to, lanes));
    k.loop("i", start, end, lanes, i -> taker.take(0, i, null));
    if (size % lanes != 0) {
      // The last vector ends at the end; what of it was there before is masked.
      Value mask = Values.atLeast(Values.lanes(lanes), lanes - size % lanes);
      k.when(Values.binary(BinaryOp.LT, end, to), () -> taker.take(0, Values.index(size - lanes), mask));
    }
  }

  /** As far as whole steps from {@code from} go. */
  private static Value whole(Value from, Value to, long step) {
    return Values.add(from, Values.mul(Values.div(Values.sub(to, from), step), step));
  }

  /** Merges the chains into the first and that across its lanes. */
  static List<Fold> joined(List<List<Fold>> chains) {
    List<Fold> first = chains.getFirst();
    for (List<Fold> chain : chains.subList(1, chains.size())) {
      for (int j = 0; j < first.size(); j++) {
        first.get(j).merge(chain.get(j));
      }
    }
    return first.stream().map(Fold::across).toList();
  }
}
