package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;

/**
 * Row programs. On GPUs a team of work items goes through a row side by side and combines in local memory, several short
 * rows to a group. CPUs and pipelines take a row at a time, by vectors along it; or, where the views are contiguous
 * across rows, a vector of rows at a time. There a stage keeps what costs more to compute again than to load.
 */
final class RowSchedule implements Schedule<RowProgram> {
  private static final int GROUP = 256;
  private static final long TEAM_COLUMNS = 4;
  /** What stages may keep for a row or a vector of rows. */
  private static final long KEPT_BYTES = 1 << 16;

  @Override
  public KernelPlan plan(RowProgram spec, Site site, Tuning tuning) {
    if (spec.space().product() == 0) {
      return KernelPlan.nothing();
    }
    RowKernel kernel = new RowKernel(spec, site);
    int line = kernel.rowLine();
    if (line >= 0) {
      kernel = kernel.withLast(line);
    }
    return site.traits().isGpu() ? teams(kernel, line < 0) : lines(kernel, line < 0);
  }

  private static KernelPlan lines(RowKernel kernel, boolean along) {
    Nest nest = kernel.nest;
    Traits traits = kernel.site.traits();
    int columns = kernel.columnDim();
    int d = along ? columns : nest.firstPart - 1;
    boolean guarded = along && d >= 0
        && nest.views.stream().anyMatch(v -> Nest.isGuarded(v, d, nest.space.get(d)));
    int lanes = traits.isCpu() && d >= 0 && !guarded ? Vectors.lanes(nest, d, traits) : 1;
    long keptLanes = along ? 1 : lanes;
    boolean keeps = kernel.keptBytes() * keptLanes * kernel.spec.columns() <= KEPT_BYTES;
    if (keeps) {
      kernel.keep((int) keptLanes);
    }
    boolean repeat = kernel.site.aliasedOutputs().isEmpty();
    double operations = kernel.spec.operations() + kernel.spec.space().product();
    Dims rows = nest.first();
    List<View> views = columns < 0
        ? nest.views
        : nest.views.stream().map(v -> Nest.first(v, nest.firstPart)).toList();
    Sweep sweep = new Sweep(kernel.k, rows, along ? 1 : lanes, views, repeat);
    long items = sweep.emit(Sweep.items(traits, operations), cursor -> {
      Cursor start = cursor.in(nest.space);
      new Line(kernel, start, along ? lanes : 1, keeps, repeat).write();
    });
    return KernelPlan.of(
        items + " work items, " + (along ? "along" : "across") + " the rows in vectors of " + lanes,
        kernel.k.launch(items, 1));
  }

  /** The stages of one row, by vectors along it, or of a vector of rows. */
  private record Line(RowKernel kernel, Cursor start, int lanes, boolean keeps, boolean repeat) {

    private Cursor at(Value i) {
      int d = kernel.columnDim();
      return lanes == 1 ? start.moved(d, i) : start.run(d, i, lanes);
    }

    private @Nullable Value slot(Value i) {
      return keeps ? Values.mul(i, start.lanes()) : null;
    }

    void write() {
      RowKernel.Row row = kernel.new Row(start);
      long columns = kernel.spec.columns();
      for (int s = 0; s < kernel.kinds.size(); s++) {
        row.prepareStage(s);
        row.stageIs(s, stage(row, s, columns));
      }
      row.prepareResults();
      if (kernel.columnDim() < 0) {
        row.store(start, slot(Values.index(0)));
        return;
      }
      Sweep.Remainder remainder = columns % lanes == 0
          ? Sweep.Remainder.NONE
          : repeat ? Sweep.Remainder.REPEAT : Sweep.Remainder.SINGLE;
      Sweep.vectors(kernel.k, Values.index(0), Values.index(columns), lanes, remainder,
          (i, n) -> row.store(n == lanes ? at(i) : start.moved(kernel.columnDim(), i), slot(i)));
      row.storeOnce();
    }

    private Value stage(RowKernel.Row row, int s, long columns) {
      List<List<Fold>> chains = new ArrayList<>();
      boolean single = kernel.columnDim() < 0;
      int operations = kernel.spec.stages().get(s).expr().operations();
      int count = single ? 1 : Lines.chains(columns, lanes, operations);
      for (int c = 0; c < count; c++) {
        chains.add(List.of(Fold.start(kernel.k, kernel.kinds.get(s), lanes * start.lanes())));
      }
      Lines.Taker taker = (c, i, mask) -> {
        Cursor points = single ? start : at(i);
        Value x = row.stage(s, points, slot(i));
        Value position = lanes == 1 ? i : Values.add(Values.splat(i, lanes), Values.lanes(lanes));
        chains.get(c).getFirst().take(x, Values.splat(position, lanes * start.lanes()), mask);
      };
      if (single) {
        taker.take(0, Values.index(0), null);
      } else {
        Lines.combine(kernel.k, Values.index(0), Values.index(columns), columns, lanes, count, taker);
      }
      return lanes > 1
          ? Lines.joined(chains).getFirst().result()
          : chains.getFirst().getFirst().result();
    }
  }

  private static KernelPlan teams(RowKernel kernel, boolean along) {
    Traits traits = kernel.site.traits();
    long columns = kernel.spec.columns();
    long perItem = Math.max(1, Tree.bytesPerItem(kernel.kinds));
    int fits = Integer.highestOneBit((int) Math.clamp(traits.localBytes() / perItem, 1, GROUP));
    int group = Math.min(Integer.highestOneBit(Math.min(GROUP, traits.maxGroup())), fits);
    int team = along && kernel.columnDim() >= 0 ? Tree.teamFor(columns, TEAM_COLUMNS, group) : 1;
    int teams = group / team;
    long rows = kernel.spec.rows().product();
    long groups = Math.ceilDiv(rows, (long) teams);
    Tree tree = new Tree(kernel.k, team, teams, kernel.kinds);
    Value unit = Accesses.unit(kernel.k, groups, teams, tree.teamInGroup);
    if (groups * teams == rows) {
      new Team(kernel, tree, unit, Values.bool(true)).write();
    } else if (team == 1) {
      kernel.k.when(Values.less(unit, rows), () -> new Team(kernel, tree, unit, Values.bool(true)).write());
    } else {
      // Barriers are for all: the surplus teams look at the last row and take nothing in.
      Value valid = kernel.k.let("valid", Values.less(unit, rows));
      Value row = kernel.k.let("row", Values.min(unit, Values.index(rows - 1)));
      new Team(kernel, tree, row, valid).write();
    }
    return KernelPlan.of(
        "teams of " + team + " for each of " + rows + " rows, " + (along ? "along" : "across") + " them",
        kernel.k.launch(Dims.of(groups, 1, 1), Dims.of(group, 1, 1)));
  }

  /** The stages of one row by a team. */
  private record Team(RowKernel kernel, Tree tree, Value unit, Value valid) {

    void write() {
      Nest nest = kernel.nest;
      List<Value> at = new ArrayList<>(Accesses.coordinates(kernel.k, unit, nest.first()));
      int d = kernel.columnDim();
      if (d >= 0) {
        at.add(Values.index(0));
      }
      Cursor start = Cursor.at(nest.space, at);
      RowKernel.Row row = kernel.new Row(start);
      for (int s = 0; s < kernel.kinds.size(); s++) {
        row.prepareStage(s);
        Fold fold = Fold.start(kernel.k, kernel.kinds.get(s), 1);
        int stage = s;
        columns(start, (i, points) -> fold.take(row.stage(stage, points, null), i, null));
        row.stageIs(s, tree.everywhere(s, fold).result());
      }
      row.prepareResults();
      columns(start, (_, points) -> row.store(points, null));
      if (row.storesOnce()) {
        kernel.k.when(Values.and(valid, Values.equal(tree.member, 0)), row::storeOnce);
      }
    }

    private void columns(Cursor start, BiConsumer<Value, Cursor> body) {
      int d = kernel.columnDim();
      kernel.k.when(valid, () -> {
        if (d < 0) {
          body.accept(Values.index(0), start);
        } else {
          kernel.k.loop("i", tree.member, Values.index(kernel.spec.columns()), tree.team,
              i -> body.accept(i, start.moved(d, i)));
        }
      });
    }
  }
}
