package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * Reductions for CPUs and pipelines. Vectors run along the last reduced dimension, or along a kept one where the inputs
 * are contiguous there; then a long reduction goes through the elements in the order of memory, and combines into an array
 * of one block of kept points. Where the kept points are too few for all cores, the elements are shared out and what the
 * shares combine to is combined by a second launch.
 */
final class ReduceLines {
  /** Kept points of a block at most, and how many vectors it has at least. */
  private static final long WIDEST_BLOCK = 2048;
  private static final long NARROWEST_BLOCK = 64;
  /** From so many elements on a point's combination is kept in memory rather than its elements fetched apart. */
  private static final long LONG = 16;

  private final Reduction r;
  private final Traits traits;
  private final boolean along;
  private final int lanes;
  private final long wanted;

  ReduceLines(Reduction all) {
    traits = all.site.traits();
    along = all.goesAlong() || all.keptLine() < 0;
    r = along ? all : all.withLast(all.keptLine());
    lanes = lanes();
    wanted = Sweep.items(traits, r.cost());
  }

  private int lanes() {
    int d = along ? r.nest.rank() - 1 : r.nest.firstPart - 1;
    if (!traits.isCpu() || d < 0 || along && d < r.nest.firstPart) {
      return 1;
    }
    long size = r.nest.space.get(d);
    boolean guarded = along && r.inputs.stream().anyMatch(v -> Nest.isGuarded(v, d, size));
    return guarded || r.contiguous(d) < 0 ? 1 : Sweep.width(traits.floatLanes(), size);
  }

  KernelPlan plan() {
    if (!along && blocks()) {
      return plan(blockUnits(), new Blocks()::launch);
    }
    return plan(r.kept().product(), this::points);
  }

  /** One launch of the elements: all of them, or shared out over the largest reduced dimension. */
  private interface First {
    Launch launch(ReduceKernel kernel, long shares);
  }

  private KernelPlan plan(long units, First first) {
    long shares = shares(units);
    String how = (along ? "along the reduced dimensions" : "across the kept ones") + " in vectors of " + lanes;
    if (shares == 1) {
      Launch launch = first.launch(ReduceKernel.whole(r), 1);
      return KernelPlan.of(launch.global().get(0) + " work items, " + how, launch);
    }
    Launch one = first.launch(ReduceKernel.first(r, shares), shares);
    return new KernelPlan(shares + " shares, " + how, List.of(one, rest(shares)),
        ReduceKernel.workspaces(r, shares));
  }

  private long shares(long units) {
    if (units >= wanted || r.reduced().product() == 0) {
      return 1;
    }
    long size = r.reduced().get(splitDimension());
    return Math.clamp(Math.ceilDiv(wanted, units), 1, Math.max(1, size / (2L * lanes)));
  }

  /** The reduced dimension that the shares are parts of: the largest. */
  private int splitDimension() {
    int best = 0;
    for (int d = 1; d < r.reduced().rank(); d++) {
      best = r.reduced().get(d) > r.reduced().get(best) ? d : best;
    }
    return best;
  }

  /** The points of a reduced dimension that belong to a share. */
  private record Bounds(Value from, Value to) {}

  private Bounds bounds(KernelBuilder k, int d, long shares, Value share) {
    long size = r.reduced().get(d);
    if (shares == 1 || d != splitDimension()) {
      return new Bounds(Values.index(0), Values.index(size));
    }
    long each = Math.ceilDiv(Math.ceilDiv(size, shares), (long) lanes) * lanes;
    Value from = k.let("from", Values.min(Values.mul(share, each), Values.index(size)));
    return new Bounds(from, k.let("to", Values.min(Values.add(from, each), Values.index(size))));
  }

  /** Loops over the reduced dimensions from {@code d} to the one before {@code end}. */
  private void loops(KernelBuilder k, List<Value> at, int d, int end, long shares, Value share, Runnable body) {
    if (d >= end) {
      body.run();
      return;
    }
    Bounds b = bounds(k, d, shares, share);
    k.loop("r" + d, b.from(), b.to(), 1, i -> {
      at.set(r.nest.firstPart + d, i);
      loops(k, at, d + 1, end, shares, share, body);
    });
  }

  /** All coordinates of a kept point. */
  private List<Value> elementsOf(Cursor kept) {
    return new ArrayList<>(kept.in(r.nest.space).at());
  }

  private List<View> keptViews() {
    List<View> views = new ArrayList<>();
    r.inputs.forEach(v -> views.add(Nest.first(v, r.nest.firstPart)));
    views.addAll(r.extra);
    views.addAll(r.outputs);
    return views;
  }

  /** Each kept point, or each vector of them, by itself. */
  private Launch points(ReduceKernel kernel, long shares) {
    KernelBuilder k = kernel.k;
    Sweep sweep = new Sweep(k, r.kept(), along ? 1 : lanes, keptViews(), r.site.aliasedOutputs().isEmpty());
    long items = sweep.emit(wanted, shares, (kept, share) -> {
      List<Fold> folds = along ? lines(kernel, kept, shares, share) : columns(kernel, kept, shares, share);
      kernel.finish(folds, kept, share);
    });
    return kernel.k.launch(items, 1);
  }

  /** Vectors of kept points. */
  private List<Fold> columns(ReduceKernel kernel, Cursor kept, long shares, Value share) {
    List<Fold> folds = Fold.start(kernel.k, r.kinds, kept.lanes());
    List<Value> at = elementsOf(kept);
    loops(kernel.k, at, 0, r.reduced().rank(), shares, share, () -> kernel.take(folds,
        new Cursor(r.nest.space, at, kept.along(), kept.lanes(), kept.from(), kept.to()), null));
    return folds;
  }

  /** Vectors along the last reduced dimension. */
  private List<Fold> lines(ReduceKernel kernel, Cursor kept, long shares, Value share) {
    KernelBuilder k = kernel.k;
    List<Value> at = elementsOf(kept);
    int last = r.reduced().rank() - 1;
    List<List<Fold>> chains = new ArrayList<>();
    int count = last < 0 ? 1 : Lines.chains(r.reduced().get(last), lanes, r.spec.producer().operations());
    for (int c = 0; c < count; c++) {
      chains.add(Fold.start(k, r.kinds, lanes));
    }
    loops(k, at, 0, last, shares, share, () -> {
      if (last < 0) {
        kernel.take(chains.getFirst(), Cursor.at(r.nest.space, at), null);
      } else {
        line(kernel, chains, Cursor.at(r.nest.space, at), bounds(k, last, shares, share));
      }
    });
    return Lines.joined(chains);
  }

  private void line(ReduceKernel kernel, List<List<Fold>> chains, Cursor start, Bounds b) {
    int d = r.nest.rank() - 1;
    Lines.combine(kernel.k, b.from(), b.to(), r.nest.space.get(d), lanes, chains.size(),
        (c, i, mask) -> kernel.take(chains.get(c), start.run(d, i, lanes), mask));
  }

  private boolean blocks() {
    int line = r.nest.firstPart - 1;
    return r.reduced().product() >= LONG && r.kept().get(line) >= 2L * lanes
        && Stream.concat(r.inputs.stream(), r.extra.stream())
            .noneMatch(v -> Nest.isGuarded(v, line, r.kept().get(line)));
  }

  private long blockWidth() {
    long line = r.kept().last(0);
    long others = r.kept().product() / line;
    long blocks = Math.max(Math.ceilDiv(line, WIDEST_BLOCK), Math.ceilDiv(wanted, others));
    long width = Math.max(Math.ceilDiv(line, blocks), NARROWEST_BLOCK * lanes);
    return Math.min(line, Math.ceilDiv(width, (long) lanes) * lanes);
  }

  private long blockUnits() {
    return r.kept().product() / r.kept().last(0) * Math.ceilDiv(r.kept().last(0), blockWidth());
  }

  /** Blocks of kept points, combined in arrays. */
  private final class Blocks {
    private final int d = r.nest.firstPart - 1;
    private final long line = r.kept().get(d);
    private final long width = blockWidth();
    private final long count = Math.ceilDiv(line, width);

    Launch launch(ReduceKernel kernel, long shares) {
      KernelBuilder k = kernel.k;
      List<Fold.Store> arrays = new ArrayList<>();
      for (Fold.Kind kind : r.kinds) {
        Memory values = k.array("sums", kind.dtype(), width);
        @Nullable
        Memory positions = kind.isIndex() ? k.array("wheres", DType.I32, width) : null;
        arrays.add(new Fold.Store(values, positions));
      }
      Dims units = Dims.of(shares).append(r.kept().with(d, count));
      long items = Sweep.share(k, units.product(), wanted, unit -> {
        List<Value> at = Accesses.coordinates(k, unit, units);
        Value first = k.let("column", Values.mul(at.getLast(), width));
        Value columns = line % width == 0
            ? Values.index(width)
            : k.let("columns", Values.min(Values.index(width), Values.sub(Values.index(line), first)));
        List<Value> kept = new ArrayList<>(at.subList(1, d + 1));
        kept.add(first);
        block(kernel, arrays, Cursor.at(r.kept(), kept), columns, shares, at.getFirst());
      });
      return kernel.k.launch(items, 1);
    }

    private void block(ReduceKernel kernel, List<Fold.Store> arrays, Cursor kept, Value columns, long shares,
        Value share) {
      KernelBuilder k = kernel.k;
      Value first = kept.at().get(d);
      Sweep.Remainder remainder = line % lanes == 0 ? Sweep.Remainder.NONE : Sweep.Remainder.SINGLE;
      Value zero = Values.index(0);
      Sweep.vectors(k, zero, columns, lanes, remainder, (i, n) -> {
        for (int j = 0; j < arrays.size(); j++) {
          Fold.start(k, r.kinds.get(j), n).save(arrays.get(j), i);
        }
      });
      List<Value> at = elementsOf(kept);
      loops(k, at, 0, r.reduced().rank(), shares, share, () -> Sweep.vectors(k, zero, columns, lanes, remainder,
          (i, n) -> {
            List<Fold> folds = loaded(k, arrays, i, n);
            kernel.take(folds, Cursor.at(r.nest.space, at).run(d, Values.add(first, i), n), null);
            for (int j = 0; j < arrays.size(); j++) {
              folds.get(j).save(arrays.get(j), i);
            }
          }));
      Sweep.vectors(k, zero, columns, lanes, remainder, (i, n) -> kernel.finish(
          loaded(k, arrays, i, n), kept.run(d, k.let("c", Values.add(first, i)), n), share));
    }

    private List<Fold> loaded(KernelBuilder k, List<Fold.Store> arrays, Value i, int n) {
      List<Fold> folds = new ArrayList<>();
      for (int j = 0; j < arrays.size(); j++) {
        folds.add(Fold.load(k, r.kinds.get(j), arrays.get(j), i, n));
      }
      return folds;
    }
  }

  /** The second launch: what the shares combined to. */
  private Launch rest(long shares) {
    ReduceKernel kernel = ReduceKernel.second(r, shares);
    KernelBuilder k = kernel.k;
    int line = r.nest.firstPart - 1;
    int width = !traits.isCpu() || line < 0 ? 1 : Sweep.width(traits.floatLanes(), r.kept().get(line));
    List<View> views = new ArrayList<>(r.extra);
    views.addAll(r.outputs);
    Sweep sweep = new Sweep(k, r.kept(), width, views, r.site.aliasedOutputs().isEmpty());
    long items = sweep.emit(Sweep.items(traits, (double) shares * r.kept().product()), kept -> {
      List<Fold> folds = Fold.start(k, r.kinds, kept.lanes());
      k.loop("share", shares, share -> kernel.mergeShare(folds, kept, share));
      kernel.finish(folds, kept, Values.index(0));
    });
    return kernel.k.launch(items, 1);
  }
}
