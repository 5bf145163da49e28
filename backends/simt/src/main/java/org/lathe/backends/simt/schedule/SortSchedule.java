package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;

/** Sorted rows, or the first entries of them: a bitonic network on GPUs, merged runs elsewhere. */
final class SortSchedule {
  /** Up to so many largest are kept sorted while a row is read once. */
  private static final long FEW = 32;

  private SortSchedule() {}

  static final class Whole implements Schedule<Sort> {
    @Override
    public KernelPlan plan(Sort spec, Site site, Tuning tuning) {
      return new Writer(spec, site, spec.dtype(), spec.rows(), spec.columns(), spec.columns(), spec.descending())
          .plan();
    }
  }

  static final class Largest implements Schedule<TopK> {
    @Override
    public KernelPlan plan(TopK spec, Site site, Tuning tuning) {
      // NaN counts as the smallest, and so it comes last here too.
      Writer w = new Writer(spec, site, spec.dtype(), spec.rows(), spec.columns(), spec.k(), true);
      return !site.traits().isGpu() && spec.k() <= FEW ? w.insertions() : w.plan();
    }
  }

  private record Writer(
      KernelSpec spec, Site site, DType dtype, long rows, long columns, long limit, boolean descending) {

    KernelPlan plan() {
      if (rows * limit == 0) {
        return KernelPlan.nothing();
      }
      DType key = SortKeys.type(dtype);
      if (!site.traits().isGpu()) {
        return new MergeSort(spec, site, key, rows, columns).into(this::source, this::sink, limit);
      }
      BitonicSort sort = new BitonicSort(spec, site, key, rows, columns);
      List<Launch> launches = sort.into(this::source, this::sink, limit);
      return new KernelPlan("a bitonic network over " + rows + " rows of " + columns, launches,
          launches.size() == 1 ? List.of() : sort.workspaces());
    }

    private BitonicSort.Source source(LaunchBuilder k) {
      Memory in = k.input(0, "in");
      return (row, column) -> key(k, in, row, column);
    }

    private Value key(LaunchBuilder k, Memory in, Value row, Value column) {
      return SortKeys.key(k, k.let("x", Values.load(in, Rows.element(row, column, rows, columns))), descending);
    }

    private BitonicSort.Sink sink(LaunchBuilder k) {
      Memory in = k.input(0, "in_again");
      Memory values = k.output(0, "values");
      Memory positions = k.output(1, "places");
      return (row, column, position) -> {
        Value to = k.let("to", Rows.element(row, column, rows, limit));
        k.store(values, to, Values.load(in, Rows.element(row, position, rows, columns)));
        k.store(positions, to, position);
      };
    }

    /** The largest so far in order; a new one moves the smaller ones on. */
    KernelPlan insertions() {
      if (rows * limit == 0) {
        return KernelPlan.nothing();
      }
      LaunchBuilder k = new LaunchBuilder("topk", spec, site);
      DType keyType = SortKeys.type(dtype);
      Memory in = k.input(0, "in");
      Memory values = k.output(0, "values");
      Memory places = k.output(1, "places");
      Memory keys = k.array("keys", keyType, limit);
      Memory positions = k.array("positions", DType.I32, limit);
      Value nowhere = Values.index(Integer.MAX_VALUE);
      long items = Sweep.share(k, rows, Sweep.items(site.traits(), 4.0 * rows * columns), row -> {
        k.loop("i", limit, i -> {
          k.store(keys, i, SortKeys.last(keyType));
          k.store(positions, i, nowhere);
        });
        k.loop("column", columns, c -> {
          Value key = key(k, in, row, c);
          Value at = Values.cast(c, DType.I32);
          Value worst = Values.index(limit - 1);
          k.when(SortKeys.after(Values.load(keys, worst), Values.load(positions, worst), key, at),
              () -> insert(k, keys, positions, key, at));
        });
        k.loop("i", limit, i -> {
          Value position = k.let("position", Values.load(positions, i));
          Value to = k.let("to", Rows.element(row, i, rows, limit));
          k.store(values, to, Values.load(in, Rows.element(row, position, rows, columns)));
          k.store(places, to, position);
        });
      });
      return KernelPlan.of(items + " work items that keep the " + limit + " largest", k.launch(items, 1));
    }

    /** From the last entry on, each that comes after the new one moves one place on. */
    private void insert(LaunchBuilder k, Memory keys, Memory positions, Value key, Value at) {
      Variable place = k.variable("place", Values.index(limit - 1));
      k.loop("n", limit - 1, n -> {
        Value from = k.let("from", Values.sub(Values.index(limit - 2), n));
        Value other = k.let("other", Values.load(keys, from));
        Value otherAt = k.let("other_at", Values.load(positions, from));
        k.when(SortKeys.after(other, otherAt, key, at), () -> {
          Value to = k.let("to", Values.add(from, 1));
          k.store(keys, to, other);
          k.store(positions, to, otherAt);
          k.assign(place, from);
        });
      });
      k.store(keys, Values.read(place), key);
      k.store(positions, Values.read(place), at);
    }
  }
}
