package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;

/**
 * The free choices of {@link CpuCorrelation}.
 *
 * @param rows output channels of a register tile
 * @param vectors of positions of a register tile
 * @param block output channels of a work item
 * @param stripRows rows of positions of a work item
 * @param stripColumns columns of positions of a work item
 * @param channels of the source that are copied at once
 */
record CpuCorrelationTuning(int rows, int vectors, int block, int stripRows, int stripColumns, int channels) {
  private static final int MOST_SUMS = 24;

  static CpuCorrelationTuning of(Tuning t) {
    return new CpuCorrelationTuning(
        t.get("rows"), t.get("vectors"), t.get("block"), t.get("strip_rows"), t.get("strip_columns"),
        t.get("channels"));
  }

  Tuning tuning() {
    return Tuning.of(Map.of(
        "rows", rows, "vectors", vectors, "block", block, "strip_rows", stripRows, "strip_columns", stripColumns,
        "channels", channels));
  }

  /** The shape of a correlation. */
  private record Shape(
      TapAxis height, TapAxis width, long outputs, long sources, long batch, int lanes, long local, int bytes,
      int units) {

    static Shape of(Convolution spec, Traits traits) {
      Geometry g = spec.geometry();
      boolean gradient = spec.form() == Form.DATA_GRADIENT;
      return new Shape(
          TapAxis.height(spec.form(), g), TapAxis.width(spec.form(), g),
          (gradient ? g.channels() : g.filters()) / g.groups(), (gradient ? g.filters() : g.channels()) / g.groups(),
          g.batch() * g.groups(), ProductTile.lanes(traits, spec.accumulator()), traits.localBytes(),
          spec.accumulator().bytes(), traits.computeUnits());
    }

    long pitch(long stripColumns) {
      return stripColumns + width.reach();
    }

    /** The elements of one source channel's planes for a strip. */
    long channelPlanes(long stripRows, long stripColumns) {
      return (stripRows + height.reach()) * pitch(stripColumns) * height.phases().size() * width.phases().size();
    }

    long vectorsOf(long stripRows, long stripColumns) {
      return Math.ceilDiv(stripRows * pitch(stripColumns) - width.reach(), lanes);
    }
  }

  /** The choices worth measuring, the best guess first; none where a strip does not fit into local memory. */
  static List<CpuCorrelationTuning> candidates(Convolution spec, Traits traits) {
    Shape shape = Shape.of(spec, traits);
    if (shape.sources == 0) {
      return List.of();
    }
    List<CpuCorrelationTuning> all = new ArrayList<>();
    guess(shape, 1).ifPresent(all::add);
    guess(shape, 2).filter(t -> !all.contains(t)).ifPresent(all::add);
    guess(shape, 4).filter(t -> !all.contains(t)).ifPresent(all::add);
    if (!all.isEmpty()) {
      CpuCorrelationTuning best = all.getFirst();
      for (int[] tile : new int[][]{{8, 2}, {8, 3}, {6, 4}, {12, 2}, {4, 4}}) {
        if (tile[0] <= shape.outputs && (tile[0] != best.rows || tile[1] != best.vectors)) {
          int block = Math.ceilDiv(best.block, tile[0]) * tile[0];
          CpuCorrelationTuning t = new CpuCorrelationTuning(
              tile[0], tile[1], block, best.stripRows, best.stripColumns, best.channels);
          if (t.bytes(shape) <= shape.local) {
            all.add(t);
          }
        }
      }
    }
    return all;
  }

  /** A guess with strips for at least so many times the work items that are enough. */
  private static Optional<CpuCorrelationTuning> guess(Shape s, int finer) {
    long room = s.local * 7 / 16 / s.bytes;
    long rows = s.height.count();
    long columns = s.width.count();
    long channels = s.sources;
    while (s.channelPlanes(rows, columns) * channels > room && rows > 1) {
      rows = Math.ceilDiv(rows, 2);
      if (rows <= 2 && channels > 16) {
        channels = Math.ceilDiv(channels, 2);
        rows = Math.min(s.height.count(), 8);
      }
    }
    while (s.channelPlanes(rows, columns) * channels > room && channels > 1) {
      channels = Math.ceilDiv(channels, 2);
    }
    while (s.channelPlanes(rows, columns) * channels > room && columns > 1) {
      columns = Math.ceilDiv(columns, 2);
    }
    long items = 4L * s.units * finer;
    long strips = Math.ceilDiv(s.height.count(), rows) * Math.ceilDiv(s.width.count(), columns);
    while (s.batch * strips < items && rows > Math.max(4, 2 * s.height.reach())) {
      rows = Math.ceilDiv(rows, 2);
      strips = Math.ceilDiv(s.height.count(), rows) * Math.ceilDiv(s.width.count(), columns);
    }
    rows = Math.ceilDiv(s.height.count(), Math.ceilDiv(s.height.count(), rows));
    for (;;) {
      int[] tile = tile(s, s.vectorsOf(rows, columns));
      long tiles = Math.ceilDiv(s.outputs, tile[0]);
      long blocks = Math.clamp(Math.ceilDiv(items, s.batch * strips), 1, tiles);
      long block = Math.ceilDiv(tiles, blocks) * tile[0];
      if (channels < s.sources) {
        block = Math.min(block, 4L * tile[0]);
      }
      CpuCorrelationTuning t = new CpuCorrelationTuning(
          tile[0], tile[1], (int) block, (int) rows, (int) columns, (int) channels);
      if (t.bytes(s) <= s.local) {
        return Optional.of(t);
      }
      if (rows > 1) {
        rows = Math.ceilDiv(rows, 2);
      } else if (columns > 1) {
        columns = Math.ceilDiv(columns, 2);
      } else {
        return Optional.empty();
      }
    }
  }

  /** The bytes of local memory of a group. */
  private long bytes(Shape s) {
    long tileColumns = (long) vectors * s.lanes;
    long row = Math.ceilDiv(s.vectorsOf(stripRows, stripColumns) * s.lanes, tileColumns) * tileColumns;
    long tiles = channels < s.sources ? Math.ceilDiv(block, rows) * s.height.classes() : 1;
    long sums = tiles * s.width.classes() * rows * row;
    return (s.channelPlanes(stripRows, stripColumns) * channels + row + s.lanes + sums) * s.bytes + 256;
  }

  /** Rows and vectors of the register tile that wastes least over so many vectors of positions. */
  private static int[] tile(Shape s, long vectors) {
    int[] best = {1, 1};
    double least = Double.MAX_VALUE;
    for (int r = 1; r <= Math.min(12, s.outputs); r++) {
      for (int v = 1; v <= Math.min(8, vectors) && r * v <= MOST_SUMS; v++) {
        double loads = 0.5 * r + 1.5 * v;
        double step = Math.max(Math.max(r * v, loads), 4) + 0.15 * loads;
        double cost = Math.ceilDiv(s.outputs, r) * Math.ceilDiv(vectors, v) * step;
        if (cost < least) {
          least = cost;
          best = new int[]{r, v};
        }
      }
    }
    return best;
  }
}
