package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Contraction;

/**
 * The free choices of {@link CpuContraction}.
 *
 * @param swapped whether lanes are rows of the output, not columns
 * @param packs whether the lanes' factor is copied first
 * @param rows of a register tile
 * @param vectors of a row of a register tile
 * @param blockRows rows of a work item, a multiple of the tile's
 * @param panels of a work item, each as wide as a tile
 * @param depth terms of the sum that are packed at once
 * @param split parts of the sum that other work items compute
 */
record CpuContractionTuning(
    boolean swapped, boolean packs, int rows, int vectors, int blockRows, int panels, int depth, int split) {
  private static final int MAX_DEPTH = 1024;

  static CpuContractionTuning of(Tuning t) {
    return new CpuContractionTuning(
        t.get("swap") != 0, t.get("pack") != 0, t.get("rows"), t.get("vectors"), t.get("block"), t.get("panels"),
        t.get("depth"), t.get("split"));
  }

  Tuning tuning() {
    return Tuning.of(Map.of(
        "swap", swapped ? 1 : 0, "pack", packs ? 1 : 0, "rows", rows, "vectors", vectors, "block", blockRows, "panels",
        panels, "depth", depth, "split", split));
  }

  /** The choices worth measuring, the best guess first. */
  static List<CpuContractionTuning> candidates(Contraction spec, Traits traits) {
    List<CpuContractionTuning> all = new ArrayList<>();
    for (boolean swapped : new boolean[]{false, true}) {
      Factors f = new Factors(spec, swapped);
      DType compute = spec.accumulator();
      int lanes = ProductTile.lanes(traits, compute);
      int vectors = f.rows() <= 4 ? 4 : 2;
      vectors = (int) Math.min(vectors, Math.ceilDiv(f.columns(), lanes));
      int rows = tileRows(f.rows(), vectors);
      all.add(blocks(spec, traits, f, f.rows() > 2L * rows, rows, vectors));
    }
    all.sort(Comparator.comparingDouble(t -> t.cost(spec, traits)));
    Set<CpuContractionTuning> distinct = new LinkedHashSet<>(all);
    CpuContractionTuning best = all.getFirst();
    Factors f = new Factors(spec, best.swapped);
    for (int[] tile : new int[][]{{8, 2}, {6, 4}, {12, 2}, {4, 4}, {16, 1}}) {
      if (tile[0] <= f.rows() && tile[1] <= best.vectors * 2) {
        distinct.add(blocks(spec, traits, f, best.packs, tile[0], tile[1]));
      }
    }
    return List.copyOf(distinct);
  }

  /** Up to 8 rows, so that few are computed twice. */
  private static int tileRows(long rows, int vectors) {
    int most = vectors == 1 ? 12 : 8;
    if (rows <= most) {
      return (int) rows;
    }
    int best = most;
    for (int r = most; r >= most / 2; r--) {
      if (Math.ceilDiv(rows, r) * r < Math.ceilDiv(rows, best) * best) {
        best = r;
      }
    }
    return best;
  }

  private static CpuContractionTuning blocks(
      Contraction spec, Traits traits, Factors f, boolean packsAnyway, int rows, int vectors) {
    DType compute = spec.accumulator();
    int lanes = ProductTile.lanes(traits, compute);
    boolean packs = packsAnyway || f.columnStride() != 1 || f.columns() < (long) vectors * lanes;
    long steps = Math.ceilDiv(spec.k(), MAX_DEPTH);
    int depth = (int) Math.ceilDiv(spec.k(), steps);
    long panelBytes = (long) depth * vectors * lanes * compute.bytes();
    long room = Math.max(1, traits.localBytes() / 2 / panelBytes);
    long columnTiles = Math.ceilDiv(f.columns(), (long) vectors * lanes);
    long rowTiles = Math.ceilDiv(f.rows(), rows);
    // the block of rows is to stay in the second cache, beside the panels
    long blockTiles = Math.clamp(traits.localBytes() * 3 / 8 / ((long) depth * rows * compute.bytes()), 1, rowTiles);
    if (steps > 1) {
      blockTiles = Math.min(blockTiles, 32);
    }
    long panels = Math.min(Math.min(room, columnTiles), 4);
    long items = 8L * traits.computeUnits();
    long batch = spec.batch().product();
    while (batch * Math.ceilDiv(rowTiles, blockTiles) * Math.ceilDiv(columnTiles, panels) < items
        && (blockTiles > 1 || panels > 1)) {
      if (blockTiles > 16 || panels == 1) {
        blockTiles = Math.ceilDiv(blockTiles, 2);
      } else {
        panels = Math.ceilDiv(panels, 2);
      }
    }
    blockTiles = Math.ceilDiv(rowTiles, Math.ceilDiv(rowTiles, blockTiles));
    panels = Math.ceilDiv(columnTiles, Math.ceilDiv(columnTiles, panels));
    long groups = batch * Math.ceilDiv(rowTiles, blockTiles) * Math.ceilDiv(columnTiles, panels);
    int split = (int) Math.clamp(2L * traits.computeUnits() / groups, 1, steps);
    return new CpuContractionTuning(
        f.swapped(), packs, rows, vectors, (int) (blockTiles * rows), (int) panels, depth, split);
  }

  /** An estimate of the work in steps of vectors. */
  double cost(Contraction spec, Traits traits) {
    Factors f = new Factors(spec, swapped);
    int lanes = ProductTile.lanes(traits, spec.accumulator());
    double k = spec.k();
    double multiplies = (double) Math.ceilDiv(f.rows(), rows) * rows * Math.ceilDiv(f.columns(), (long) vectors * lanes)
        * vectors * k;
    double packColumns = packs
        ? k * f.columns() * Math.ceilDiv(f.rows(), blockRows) * (f.columnStride() == 1 ? 2.0 / lanes : 1.5)
        : 0;
    double packRows = f.rowDepthStride() == 1
        ? 0
        : k * f.rows() * Math.ceilDiv(f.columns(), (long) panels * vectors * lanes)
            * (f.rowStride() == 1 ? 0.4 : 1.5);
    boolean runs = Finish.runsAlong(spec.epilogue(), spec.space(), f.columnDim());
    double finish = (double) f.rows() * f.columns() * (runs ? 4.0 / lanes : 4);
    return multiplies + packColumns + packRows + finish;
  }
}
