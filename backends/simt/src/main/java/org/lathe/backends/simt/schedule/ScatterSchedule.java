package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.Scatter;

/**
 * Rows combined into a table, each element by one work item in the order of the indices. On GPUs each element of the table
 * goes through the updates of its row, which a sort of the indices brings together where they are many. Elsewhere a work
 * item owns some columns or rows of the table, and goes through all updates.
 */
final class ScatterSchedule implements Schedule<Scatter> {
  /** Elements of the table times indices up to which each element looks at every index. */
  private static final long FEW_LOOKS = 1L << 22;
  /** Vectors of a row that a work item owns at least. */
  private static final long VECTORS = 2;

  @Override
  public KernelPlan plan(Scatter spec, Site site, Tuning tuning) {
    if (spec.rows() * spec.width() == 0) {
      return KernelPlan.nothing();
    }
    Writer w = new Writer(spec, site);
    return site.traits().isGpu() ? w.elements() : w.parts();
  }

  private static final class Writer {
    private final Scatter spec;
    private final Site site;
    private final int indices;
    private final DType compute;
    private final Fold.Kind kind;

    Writer(Scatter spec, Site site) {
      this.spec = spec;
      this.site = site;
      indices = spec.hasBase() ? 1 : 0;
      compute = spec.dtype().compute();
      kind = new Fold.Kind(spec.combiner(), compute);
    }

    private @Nullable Memory base(LaunchBuilder k) {
      return spec.hasBase() ? k.input(0, "base") : null;
    }

    private Value element(Value row, Value column) {
      return Rows.element(row, column, spec.rows(), spec.width());
    }

    private Value update(Memory updates, Value i, Value column, int lanes) {
      return Values.load(updates, Rows.element(i, column, spec.count(), spec.width()), lanes, false);
    }

    private Value start(@Nullable Memory base, Value at, int lanes) {
      return base == null ? Values.splat(Values.constant(compute, 0), lanes) : Values.load(base, at, lanes, false);
    }

    KernelPlan elements() {
      Dims table = Dims.of(spec.rows(), spec.width());
      boolean sorts = spec.count() > 1 && table.product() > FEW_LOOKS / spec.count();
      BitonicSort sort = new BitonicSort(spec, site, spec.indexType(), 1, Math.max(1, spec.count()));
      List<Launch> launches = new ArrayList<>();
      if (sorts) {
        launches.addAll(sort.inWorkspaces(k -> {
          Memory names = k.input(indices, "indices");
          return (_, i) -> Values.cast(Rows.row(k, names, i, spec.rows()), spec.indexType());
        }));
      }
      LaunchBuilder k = new LaunchBuilder("scatter", spec, site);
      Memory base = base(k);
      Memory names = sorts ? sort.keys(k, Access.READ) : k.input(indices, "indices");
      Memory updates = k.input(indices + 1, "updates");
      Memory out = k.output(0, "out");
      @Nullable
      Memory order = sorts ? sort.positions(k, Access.READ) : null;
      int lanes = Vectors.lanes(spec.width(), site.traits());
      Points points = new Points(k, site, table, List.of(), lanes, site.aliasedOutputs().isEmpty());
      launches.add(points.launch(table.product(), c -> {
        Value row = c.at().get(0);
        Value column = c.at().get(1);
        Value at = k.let("at", element(row, column));
        Variable sum = k.variable("sum", start(base, at, c.lanes()));
        if (order != null) {
          Value from = below(k, names, row);
          Value to = below(k, names, Values.add(row, 1));
          k.loop("i", from, to, 1, i -> k.assign(sum, kind.combine(
              Values.read(sum), update(updates, k.let("u", Values.load(order, i)), column, c.lanes()))));
        } else {
          k.loop("i", spec.count(), i -> k.when(
              Values.binary(BinaryOp.EQ, Rows.row(k, names, i, spec.rows()), row),
              () -> k.assign(sum, kind.combine(Values.read(sum), update(updates, i, column, c.lanes())))));
        }
        k.store(out, at, Values.read(sum));
      }));
      return new KernelPlan((sorts ? "sorted " : "") + spec.count() + " rows into " + table, launches,
          sorts ? sort.workspaces() : List.of());
    }

    /** How many of the sorted keys are below {@code row}. */
    private Value below(LaunchBuilder k, Memory keys, Value row) {
      Value key = k.let("key", Values.cast(row, spec.indexType()));
      Variable low = k.variable("low", Values.index(0));
      Variable high = k.variable("high", Values.index(spec.count()));
      k.loop("halving", Long.SIZE - Long.numberOfLeadingZeros(spec.count()), _ -> k.when(
          Values.binary(BinaryOp.LT, Values.read(low), Values.read(high)), () -> {
            Value middle = k.let("middle", Values.div(Values.add(Values.read(low), Values.read(high)), 2));
            k.when(Values.binary(BinaryOp.LT, Values.load(keys, middle), key),
                () -> k.assign(low, Values.add(middle, 1)),
                () -> k.assign(high, middle));
          }));
      return Values.read(low);
    }

    /** Work items that own parts of the table. Half types are combined in f32, in a workspace. */
    KernelPlan parts() {
      LaunchBuilder k = new LaunchBuilder("scatter", spec, site);
      Memory base = base(k);
      Memory names = k.input(indices, "indices");
      Memory updates = k.input(indices + 1, "updates");
      boolean half = compute != spec.dtype();
      Memory out = k.output(0, "out", half ? Access.WRITE : Access.READ_WRITE);
      long elements = spec.rows() * spec.width();
      Memory table = half ? k.workspace(0, "table", compute, elements, Access.READ_WRITE) : out;
      int lanes = Vectors.lanes(spec.width(), site.traits());
      double work = elements + (double) spec.count() * spec.width();
      long wanted = Sweep.items(site.traits(), work);
      long blocks = Math.clamp(spec.width() / (VECTORS * lanes), 1, wanted);
      boolean byColumns = blocks > 1;
      // A part is a block of columns of all rows, or some rows as a whole.
      long parts = byColumns ? blocks : Math.min(spec.rows(), wanted);
      long columns = byColumns
          ? Math.ceilDiv(Math.ceilDiv(spec.width(), blocks), (long) lanes) * lanes
          : spec.width();
      long rows = byColumns ? spec.rows() : Math.ceilDiv(spec.rows(), parts);
      parts = byColumns ? Math.ceilDiv(spec.width(), columns) : Math.ceilDiv(spec.rows(), rows);
      Value part = parts == 1 ? Values.index(0) : Values.globalId(0);
      Value zero = Values.index(0);
      Part p = byColumns
          ? new Part(zero, Values.index(rows), k.let("left", Values.mul(part, columns)),
              k.let("right", Values.min(Values.mul(Values.add(part, 1), columns), Values.index(spec.width()))))
          : new Part(k.let("top", Values.mul(part, rows)),
              k.let("bottom", Values.min(Values.mul(Values.add(part, 1), rows), Values.index(spec.rows()))), zero,
              Values.index(columns));
      Sweep.Remainder rest = spec.width() % lanes == 0 ? Sweep.Remainder.NONE : Sweep.Remainder.SINGLE;
      boolean inPlace = !half && site.aliasedInputs().contains(0);
      if (!inPlace) {
        k.loop("row", p.top(), p.bottom(), 1, r -> Sweep.vectors(k, p.left(), p.right(), lanes, rest, (c, n) -> {
          Value at = k.let("at", element(r, c));
          k.store(table, at, start(base, at, n));
        }));
      }
      boolean one = byColumns || parts == 1;
      k.loop("update", spec.count(), i -> {
        Value row = Rows.row(k, names, i, spec.rows());
        Value mine = one
            ? Values.bool(true)
            : Values.and(Values.binary(BinaryOp.GE, row, p.top()), Values.binary(BinaryOp.LT, row, p.bottom()));
        k.when(mine, () -> Sweep.vectors(k, p.left(), p.right(), lanes, rest, (c, n) -> {
          Value at = k.let("at", element(row, c));
          k.store(table, at, kind.combine(Values.load(table, at, n, false), update(updates, i, c, n)));
        }));
      });
      if (half) {
        k.loop("row", p.top(), p.bottom(), 1, r -> Sweep.vectors(k, p.left(), p.right(), lanes, rest, (c, n) -> {
          Value at = k.let("at", element(r, c));
          k.store(out, at, Values.load(table, at, n, false));
        }));
      }
      String how = parts + " work items that each own " + (byColumns ? columns + " columns" : rows + " rows");
      return new KernelPlan(how, List.of(k.launch(parts, 1)),
          half ? List.of(elements * compute.bytes()) : List.of());
    }

    /** Rows from {@code top} to {@code bottom} and columns from {@code left} to {@code right}, ends excluded. */
    private record Part(Value top, Value bottom, Value left, Value right) {}
  }
}
