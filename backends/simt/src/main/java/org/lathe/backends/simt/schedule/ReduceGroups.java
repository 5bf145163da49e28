package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.Dims;

/**
 * Reductions for GPUs. Each kept point has a team of work items that go through its elements side by side, which are
 * combined in local memory; where the inputs are contiguous along a kept dimension a team is one work item, and neighbours
 * read neighbours. Where there are too few points to keep the device busy their elements are shared out, and a second
 * launch combines what the shares combine to.
 */
final class ReduceGroups {
  private static final int GROUP = 256;
  /** Elements that each member of a team combines at least, and each of a share. */
  private static final long TEAM_ELEMENTS = 4;
  private static final long SHARE_ELEMENTS = 8;
  /** Work items that keep a compute unit busy. */
  private static final long BUSY = 1024;

  private final Reduction r;
  private final Traits traits;
  private final int group;
  private final boolean along;
  private final long kept;
  private final long elements;

  ReduceGroups(Reduction all) {
    traits = all.site.traits();
    along = all.goesAlong();
    r = along || all.keptLine() < 0 ? all : all.withLast(all.keptLine());
    long perItem = Math.max(1, Tree.bytesPerItem(r.kinds));
    int fits = Integer.highestOneBit((int) Math.clamp(traits.localBytes() / perItem, 1, GROUP));
    group = Math.min(Integer.highestOneBit(Math.min(GROUP, traits.maxGroup())), fits);
    kept = r.kept().product();
    elements = r.reduced().product();
  }

  KernelPlan plan() {
    int team = along ? Tree.teamFor(elements, TEAM_ELEMENTS, group) : 1;
    long busy = BUSY * traits.computeUnits();
    long shares = Math.clamp(
        Math.ceilDiv(busy, Math.multiplyExact(kept, (long) team)), 1, Math.max(1, elements / (SHARE_ELEMENTS * team)));
    shares = Math.min(shares, GROUP);
    String how = "teams of " + team + " for each of " + kept + " points";
    if (shares == 1) {
      return KernelPlan.of(how, elements(ReduceKernel.whole(r), team, 1));
    }
    Launch first = elements(ReduceKernel.first(r, shares), team, shares);
    return new KernelPlan(how + " and " + shares + " shares", List.of(first, rest(shares)),
        ReduceKernel.workspaces(r, shares));
  }

  private Launch elements(ReduceKernel kernel, int team, long shares) {
    KernelBuilder k = kernel.k;
    Dims units = Dims.of(shares).append(r.kept());
    long each = Math.ceilDiv(elements, shares);
    return teams(kernel, team, units, (tree, at) -> new Body() {
      @Override
      public void take(List<Fold> folds) {
        Value from = shares == 1 ? Values.index(0) : k.let("from", Values.mul(at.getFirst(), each));
        Value to = shares == 1
            ? Values.index(elements)
            : k.let("to", Values.min(Values.add(from, each), Values.index(elements)));
        k.loop("i", Values.add(from, tree.member), to, tree.team, i -> {
          List<Value> point = new ArrayList<>(at.subList(1, at.size()));
          point.addAll(Accesses.coordinates(k, i, r.reduced()));
          kernel.take(folds, Cursor.at(r.nest.space, point), null);
        });
      }

      @Override
      public void finish(List<Fold> folds) {
        kernel.finish(folds, Cursor.at(r.kept(), at.subList(1, at.size())), at.getFirst());
      }
    });
  }

  private Launch rest(long shares) {
    ReduceKernel kernel = ReduceKernel.second(r, shares);
    // With many points a work item each is enough.
    int team = kept >= BUSY * traits.computeUnits() ? 1 : Tree.teamFor(shares, 1, group);
    return teams(kernel, team, r.kept(), (tree, at) -> new Body() {
      @Override
      public void take(List<Fold> folds) {
        kernel.k.loop("share", tree.member, Values.index(shares), tree.team,
            share -> kernel.mergeShare(folds, Cursor.at(r.kept(), at), share));
      }

      @Override
      public void finish(List<Fold> folds) {
        kernel.finish(folds, Cursor.at(r.kept(), at), Values.index(0));
      }
    });
  }

  /** What one team does for its unit. */
  private interface Body {
    /** Each member takes in its elements. */
    void take(List<Fold> folds);

    /** The first member ends it. */
    void finish(List<Fold> folds);
  }

  private interface Bodies {
    Body at(Tree tree, List<Value> unit);
  }

  private Launch teams(ReduceKernel kernel, int team, Dims units, Bodies bodies) {
    KernelBuilder k = kernel.k;
    int teams = group / team;
    long count = units.product();
    long groups = Math.ceilDiv(count, (long) teams);
    Tree tree = new Tree(k, team, teams, r.kinds);
    Value unit = Accesses.unit(k, groups, teams, tree.teamInGroup);
    Value valid = groups * teams == count ? Values.bool(true) : k.let("valid", Values.less(unit, count));
    List<Value> at = Accesses.coordinates(k, unit, units);
    List<Fold> folds = Fold.start(k, r.kinds, 1);
    Body body = bodies.at(tree, at);
    k.when(valid, () -> body.take(folds));
    tree.combine(folds);
    k.when(Values.and(valid, Values.equal(tree.member, 0)), () -> body.finish(folds));
    return kernel.k.launch(Dims.of(groups, 1, 1), Dims.of(group, 1, 1));
  }
}
