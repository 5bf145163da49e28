package org.lathe.backends.cpu;

import java.util.Arrays;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.View;

/** The nests of a reduction: what its kept and its reduced dimensions add to the slots of its loops. */
final class ReduceSlots {
  private ReduceSlots() {}

  /** The points of a box along the dimensions from {@code from} on. */
  static long reducedPoints(Boxes.Box b, int from) {
    long p = 1;
    for (int d = from; d < b.sizes().length; d++) {
      p *= b.sizes()[d];
    }
    return p;
  }

  /** The input that moves the most. */
  static int mainInput(Reduce spec) {
    int best = 0;
    long most = -1;
    for (int i = 0; i < spec.inputViews().size(); i++) {
      long moved = 1;
      for (int d = 0; d < spec.space().rank(); d++) {
        moved *= spec.inputViews().get(i).strides().get(d) != 0 ? spec.space().get(d) : 1;
      }
      if (moved > most) {
        most = moved;
        best = i;
      }
    }
    return best;
  }

  /** Slots: the producer's inputs and indices, the epilogue's inputs, the outputs, the epilogue's indices. */
  static Nest keptNest(Reduce spec, long[] low, long[] sizes, int[] indexDims) {
    int rank = spec.kept().rank();
    Nest.Builder b = new Nest.Builder(low, sizes);
    for (View v : spec.inputViews()) {
      b.slot(v.strides().slice(0, rank).toArray(), v.offset(), v.dtype().bytes());
    }
    for (int d : indexDims) {
      b.slot(unit(rank, d), 0, 1);
    }
    return b.views(spec.epilogueInputs()).views(spec.outputViews()).indices(spec.epilogue()).build();
  }

  private static long[] unit(int rank, int d) {
    long[] u = new long[rank];
    if (d >= 0 && d < rank) {
      u[d] = 1;
    }
    return u;
  }

  /** Slots: the producer's inputs, {@code fixed} addresses of results, the indices, {@code positions} positions. */
  static Nest reducedNest(Reduce spec, Boxes.Box box, int fixed, int[] indexDims, int positions) {
    int from = spec.kept().rank();
    int rank = spec.reduced().rank();
    long[] low = Arrays.copyOfRange(box.low(), from, from + rank);
    Nest.Builder b = new Nest.Builder(low, Arrays.copyOfRange(box.sizes(), from, from + rank));
    for (View v : spec.inputViews()) {
      b.slot(v.strides().slice(from, from + rank).toArray(), 0, v.dtype().bytes());
    }
    for (int i = 0; i < fixed; i++) {
      b.fixed();
    }
    for (int d : indexDims) {
      b.slot(unit(rank, d - from), 0, 1);
    }
    for (int i = 0; i < positions; i++) {
      b.slot(spec.reduced().rowMajorStrides().toArray(), 0, 1);
    }
    return b.build();
  }

  /** The operand whose address each kept slot starts from, -1 for indices. */
  static int[] operands(Reduce spec, int keptSlots) {
    int inputs = spec.inputViews().size();
    int indices = LoopSpec.indexDims(spec.producer()).length;
    int[] of = new int[keptSlots];
    int operand = 0;
    int addressed = spec.epilogueInputs().size() + spec.outputViews().size();
    for (int k = 0; k < keptSlots; k++) {
      boolean index = k >= inputs && k < inputs + indices || k >= inputs + indices + addressed;
      of[k] = index ? -1 : operand++;
    }
    return of;
  }
}
