package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;

/**
 * The free choices of {@link CpuFilterGradient}.
 *
 * @param lanes of a vector
 * @param rows of a register tile: channels times taps
 * @param vectors of filters of a register tile
 * @param panels of such vectors in the block of a work item
 * @param channels in the block of a work item
 * @param samples of a strip
 * @param stripRows rows of positions of a strip
 * @param split parts of the sum that other work items compute
 */
record CpuFilterGradientTuning(
    int lanes, int rows, int vectors, int panels, int channels, int samples, int stripRows, int split) {

  static CpuFilterGradientTuning of(Tuning t) {
    return new CpuFilterGradientTuning(
        t.get("lanes"), t.get("rows"), t.get("vectors"), t.get("panels"), t.get("channels"), t.get("samples"),
        t.get("strip_rows"), t.get("split"));
  }

  Tuning tuning() {
    return Tuning.of(Map.of(
        "lanes", lanes, "rows", rows, "vectors", vectors, "panels", panels, "channels", channels, "samples", samples,
        "strip_rows", stripRows, "split", split));
  }

  /** The filters of a work item. */
  long filterBlock() {
    return (long) panels * vectors * lanes;
  }

  /** The choices worth measuring, the best guess first; none where a row does not fit into local memory. */
  static List<CpuFilterGradientTuning> candidates(Convolution spec, Traits traits) {
    Geometry g = spec.geometry();
    if (g.batch() == 0 || g.outHeight() == 0 || g.outWidth() == 0) {
      return List.of();
    }
    List<CpuFilterGradientTuning> all = new ArrayList<>();
    long filters = g.filters() / g.groups();
    int lanes = ProductTile.lanes(traits, spec.accumulator());
    while (lanes > 1 && lanes / 2 >= filters) {
      lanes /= 2;
    }
    long vectors = Math.ceilDiv(filters, lanes);
    for (int[] tile : vectors == 1 ? new int[][]{{12, 1}, {8, 1}, {16, 1}} : new int[][]{{8, 2}, {12, 2}, {6, 4}}) {
      for (int finer : new int[]{1, 2}) {
        CpuFilterGradientTuning t = guess(spec, traits, lanes, tile[0], tile[1], finer);
        if (t != null && !all.contains(t)) {
          all.add(t);
        }
      }
    }
    return all;
  }

  private static @Nullable CpuFilterGradientTuning guess(
      Convolution spec, Traits traits, int lanes, int mostRows, int vectors, int finer) {
    Geometry g = spec.geometry();
    TapAxis height = TapAxis.height(Form.FORWARD, g);
    TapAxis width = TapAxis.width(Form.FORWARD, g);
    long bytes = spec.accumulator().bytes();
    long local = traits.localBytes() - 256;
    long taps = g.kernelHeight() * g.kernelWidth();
    long filters = g.filters() / g.groups();
    long channels = g.channels() / g.groups();
    long tileFilters = (long) vectors * lanes;
    long phases = (long) height.phases().size() * width.phases().size();
    long pitch = width.count() + width.reach();
    // the sums of a block take up to a quarter, its planes and its filters' columns the half
    long block = tileFilters;
    long most = Math.max(1, local / 4 / (bytes * block * taps));
    long blockChannels = Math.min(channels, most);
    while (blockChannels == channels && block < filters && 2 * block * taps * channels * bytes <= local / 4) {
      block *= 2;
    }
    long rows = height.count();
    for (;;) {
      long planes = (rows + height.reach()) * pitch * phases * blockChannels;
      long columns = rows * width.count() * block;
      if ((planes + columns + lanes) * bytes <= local / 2) {
        break;
      }
      if (rows > 4 || rows > 1 && blockChannels == 1 && block == tileFilters) {
        rows = Math.ceilDiv(rows, 2);
      } else if (blockChannels > 1) {
        blockChannels = Math.ceilDiv(blockChannels, 2);
      } else if (block > tileFilters) {
        block = tileFilters;
      } else {
        return null;
      }
    }
    rows = Math.ceilDiv(height.count(), Math.ceilDiv(height.count(), rows));
    blockChannels = Math.ceilDiv(channels, Math.ceilDiv(channels, blockChannels));
    long tapRows = blockChannels * taps;
    int tileRows = (int) Math.ceilDiv(tapRows, Math.ceilDiv(tapRows, mostRows));
    long sums = (blockChannels * taps + tileRows) * block * bytes;
    long strip = ((rows + height.reach()) * pitch * phases * blockChannels + rows * width.count() * block + lanes)
        * bytes;
    if (sums + strip > local) {
      return null;
    }
    long items = 4L * finer * traits.computeUnits();
    long blocks = g.groups() * Math.ceilDiv(filters, block) * Math.ceilDiv(channels, blockChannels);
    long strips = Math.ceilDiv(height.count(), rows);
    long split = Math.clamp(Math.ceilDiv(items, blocks), 1, g.batch() * strips);
    long samples = strips > 1 ? 1 : Math.clamp((local - sums) / 2 / strip, 1, Math.ceilDiv(g.batch(), split));
    split = Math.min(split, Math.ceilDiv(g.batch(), samples) * strips);
    return new CpuFilterGradientTuning(
        lanes, tileRows, vectors, (int) (block / tileFilters), (int) blockChannels, (int) samples, (int) rows,
        (int) split);
  }
}
