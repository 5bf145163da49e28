package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.backends.simt.plan.Traits;

/**
 * The free choices of {@link GpuProduct}.
 *
 * @param down work items of a group along the rows
 * @param across work items of a group along the columns
 * @param rows of a work item: 1, 2, or a multiple of 4
 * @param columns of a work item: 1, 2, or a multiple of 4
 * @param slice terms in local memory at once
 * @param rowsTogether rows of each work item that are ended together
 * @param split parts of the sum that other groups compute
 */
record GpuProductTuning(int down, int across, int rows, int columns, int slice, int rowsTogether, int split) {
  private static final int[][] SHAPES = {
      {16, 16, 8, 8}, {8, 16, 8, 8}, {16, 8, 8, 8}, {8, 8, 8, 8}, {16, 16, 4, 4}, {8, 16, 4, 4}, {16, 8, 4, 4},
      {8, 8, 4, 4}, {4, 16, 4, 4}, {16, 4, 4, 4}};
  private static final int PAD = 4;
  private static final int MOST_CANDIDATES = 4;
  /** Sums of a work item that fit into few registers, with what they are made of. */
  private static final int FEW_SUMS = 16;

  static GpuProductTuning of(Tuning t) {
    return new GpuProductTuning(
        t.get("down"), t.get("across"), t.get("rows"), t.get("columns"), t.get("slice"), t.get("together"),
        t.get("split"));
  }

  Tuning tuning() {
    return Tuning.of(Map.of(
        "down", down, "across", across, "rows", rows, "columns", columns, "slice", slice, "together", rowsTogether,
        "split", split));
  }

  int threads() {
    return down * across;
  }

  int tileRows() {
    return down * rows;
  }

  int tileColumns() {
    return across * columns;
  }

  /** The elements of local memory: two slices, or the rows that are ended together. */
  long sharedElements() {
    return Math.max(
        (long) slice * (tileRows() + tileColumns() + 2 * PAD), (long) rowsTogether * down * (tileColumns() + 1));
  }

  private boolean isLean() {
    return rows * columns <= FEW_SUMS;
  }

  /** The choices worth measuring, the best guess first; among them one for devices with few registers. */
  static List<GpuProductTuning> candidates(Product p, Traits traits) {
    List<GpuProductTuning> all = new ArrayList<>();
    List<Double> costs = new ArrayList<>();
    for (int[] s : SHAPES) {
      if (s[0] * s[1] > traits.maxGroup()) {
        continue;
      }
      for (int slice : new int[]{16, 8}) {
        GpuProductTuning t = shaped(p, traits, s, slice);
        if (t.sharedElements() * p.compute().bytes() > traits.localBytes()) {
          continue;
        }
        double cost = t.cost(p, traits);
        int at = 0;
        while (at < all.size() && costs.get(at) <= cost) {
          at++;
        }
        all.add(at, t);
        costs.add(at, cost);
        break;
      }
    }
    List<GpuProductTuning> best = new ArrayList<>(all.subList(0, Math.min(MOST_CANDIDATES, all.size())));
    if (best.stream().noneMatch(GpuProductTuning::isLean)) {
      // The estimate knows nothing of registers: where there are few, this is faster by far.
      all.stream().filter(GpuProductTuning::isLean).findFirst().ifPresent(t -> best.set(best.size() - 1, t));
    }
    return best;
  }

  private static GpuProductTuning shaped(Product p, Traits traits, int[] s, int slice) {
    long tiles = tiles(p, s[0] * s[2], s[1] * s[3]);
    long room = Math.max((long) slice * (s[0] * s[2] + s[1] * s[3] + 2 * PAD),
        Math.min(traits.localBytes() / 2 / p.compute().bytes(), 8 << 10));
    int together = s[2];
    while (together > 1 && (long) together * s[0] * (s[1] * s[3] + 1) > room) {
      together /= 2;
    }
    long most = Math.max(1, p.depth() / (8L * slice));
    long split = Math.clamp(2L * traits.computeUnits() / Math.max(1, tiles), 1, Math.min(most, 64));
    return new GpuProductTuning(s[0], s[1], s[2], s[3], slice, together, (int) split);
  }

  private static long tiles(Product p, int tileRows, int tileColumns) {
    return p.batch().product() * Math.ceilDiv(p.rows(), tileRows) * Math.ceilDiv(p.columns(), tileColumns);
  }

  /** An estimate of the time: rounds of groups, each as long as its work, where small work items wait for local memory. */
  private double cost(Product p, Traits traits) {
    long groups = tiles(p, tileRows(), tileColumns()) * split;
    double perStep = (double) rows * columns + 2.0 * (rows + columns) + 4;
    double group = Math.ceilDiv(p.depth(), split) * perStep * threads() / 128.0;
    double resident = Math.max(1, 512.0 / threads()) * traits.computeUnits();
    double rounds = groups <= traits.computeUnits() ? 1 : groups / (double) traits.computeUnits();
    double idle = groups < resident ? 1.15 : 1;
    return rounds * group * idle + (split > 1 ? 4.0 * split : 0);
  }
}
