package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/**
 * Combines what the work items of a team hold, in local memory. A group is {@code teams} teams of {@code team} neighbours,
 * a power of two.
 */
final class Tree {
  private final KernelBuilder k;
  final int team;
  final int teams;
  private final List<Fold.Kind> kinds;
  private final List<Fold.Store> stores = new ArrayList<>();
  private final Value item;
  /** The number of the work item in its team. */
  final Value member;
  /** The number of its team in the group. */
  final Value teamInGroup;

  Tree(KernelBuilder k, int team, int teams, List<Fold.Kind> kinds) {
    this.k = k;
    this.team = team;
    this.teams = teams;
    this.kinds = kinds;
    item = k.let("local", Values.localId(0));
    member = teams == 1 ? item : team == 1 ? Values.index(0) : k.let("member", Values.rem(item, team));
    teamInGroup = teams == 1 ? Values.index(0) : team == 1 ? item : k.let("team", Values.div(item, team));
    if (team > 1) {
      for (Fold.Kind kind : kinds) {
        Memory values = k.local("tree", kind.dtype(), (long) team * teams);
        @Nullable
        Memory positions = kind.isIndex() ? k.local("tree_at", DType.I32, (long) team * teams) : null;
        stores.add(new Fold.Store(values, positions));
      }
    }
  }

  /** The local memory that one work item takes. */
  static long bytesPerItem(List<Fold.Kind> kinds) {
    return kinds.stream().mapToLong(f -> f.dtype().bytes() + (f.isIndex() ? 4 : 0)).sum();
  }

  /** Combines fold {@code j} of all members of each team; the first member then holds the result. All items come here. */
  void combine(int j, Fold fold) {
    if (team == 1) {
      return;
    }
    Fold.Store store = stores.get(j);
    fold.save(store, item);
    k.loop("level", Integer.numberOfTrailingZeros(team), level -> {
      Value half = k.let("half", Values.binary(BinaryOp.SHR, Values.index(team / 2), level));
      k.barrier();
      k.when(Values.less(member, half), () -> {
        fold.mergeFrom(store, Values.add(item, half));
        fold.save(store, item);
      });
    });
  }

  void combine(List<Fold> folds) {
    for (int j = 0; j < folds.size(); j++) {
      combine(j, folds.get(j));
    }
  }

  /** Fold {@code j} combined over the team, in all its members. All items come here. */
  Fold everywhere(int j, Fold fold) {
    combine(j, fold);
    if (team == 1) {
      return fold;
    }
    k.barrier();
    Fold all = Fold.load(k, kinds.get(j), stores.get(j), Values.mul(teamInGroup, team), 1);
    return all;
  }

  /** The largest power of two of work items that have {@code each} elements each at least, and that a group may have. */
  static int teamFor(long elements, long each, int most) {
    return (int) Math.min(Integer.highestOneBit(most), Math.max(1, Long.highestOneBit(Math.max(1, elements / each))));
  }
}
