package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.View;

/**
 * Convolutions and data gradients for cores with wide vectors. A work item takes a strip of one sample's positions: it
 * copies what the strip needs of the source into padded planes, one for each phase of the strides, so that neighbouring
 * positions meet neighbouring elements under every tap. Register tiles then multiply weights with vectors of the planes.
 * Rows are not told apart: a vector may run over the end of one, and what lies between rows is not stored.
 */
final class CpuCorrelation {
  private final Convolution spec;
  private final CpuCorrelationTuning t;
  private final LaunchBuilder k;
  private final DType compute;
  private final int lanes;
  private final TapAxis height;
  private final TapAxis width;
  private final long groups;
  /** Output channels and source channels of a group. */
  private final long outputs;
  private final long sources;
  private final View sourceView;
  private final View weightView;
  private final Memory source;
  private final Memory weights;
  private final Finish finish;
  private final boolean gradient;

  private CpuCorrelation(Convolution spec, Site site, CpuCorrelationTuning tuning) {
    this.spec = spec;
    this.t = tuning;
    Geometry g = spec.geometry();
    this.gradient = spec.form() == Form.DATA_GRADIENT;
    this.k = new LaunchBuilder(gradient ? "data_gradient" : "convolution", spec, site);
    this.compute = spec.accumulator();
    this.lanes = ProductTile.lanes(site.traits(), compute);
    this.height = TapAxis.height(spec.form(), g);
    this.width = TapAxis.width(spec.form(), g);
    this.groups = g.groups();
    this.outputs = (gradient ? g.channels() : g.filters()) / groups;
    this.sources = (gradient ? g.filters() : g.channels()) / groups;
    this.sourceView = spec.first();
    this.weightView = spec.second();
    this.source = k.input(0, "source");
    this.weights = k.input(1, "weights");
    this.finish = Finish.of(k, spec.epilogue(), spec.space(), 2);
  }

  static KernelPlan plan(Convolution spec, Site site, CpuCorrelationTuning tuning) {
    return new CpuCorrelation(spec, site, tuning).plan();
  }

  private KernelPlan plan() {
    Geometry g = spec.geometry();
    Dims items = Dims.of(
        g.batch(), groups, Math.ceilDiv(outputs, t.block()), Math.ceilDiv(height.count(), t.stripRows()),
        Math.ceilDiv(width.count(), t.stripColumns()));
    List<Value> item = Accesses.coordinates(k, Values.groupId(0), items);
    new Strip(item).write();
    String variant = "tiles of " + t.rows() + " channels by " + t.vectors() * lanes + " positions, strips of "
        + t.stripRows() + "x" + t.stripColumns();
    return KernelPlan.of(variant, k.launch(items.product(), 1));
  }

  /** What one work item does. */
  private final class Strip {
    private final Value sample;
    private final Value group;
    private final Value firstOutput;
    private final Value endOutput;
    private final Value y;
    private final Value x;
    private final long pitch = t.stripColumns() + width.reach();
    private final long planeRows = t.stripRows() + height.reach();
    private final long plane = planeRows * pitch;
    private final long channelPlanes = plane * height.phases().size() * width.phases().size();
    private final long positions = t.stripRows() * pitch - width.reach();
    private final long tileColumns = (long) t.vectors() * lanes;
    private final long row = Math.ceilDiv(positions, tileColumns) * tileColumns;
    private final long tileSums = t.rows() * row;
    private final boolean chunked = t.channels() < sources;
    private final Memory planes;
    private final Memory sums;

    Strip(List<Value> item) {
      sample = item.get(0);
      group = item.get(1);
      firstOutput = k.let("first_output", Values.mul(item.get(2), t.block()));
      endOutput = k.let("end_output", Values.min(Values.add(firstOutput, t.block()), Values.index(outputs)));
      y = k.let("y", Values.mul(item.get(3), t.stripRows()));
      x = k.let("x", Values.mul(item.get(4), t.stripColumns()));
      planes = k.local("planes", compute, planeElements());
      long tiles = chunked ? Math.ceilDiv(t.block(), t.rows()) * height.classes() : 1;
      sums = k.local("sums", compute, tiles * width.classes() * tileSums);
    }

    private Value sourceChannel(Value c) {
      return k.let("source_channel", Values.add(Values.mul(group, sources), c));
    }

    /** The planes, and what the last vectors read beyond them. */
    private long planeElements() {
      return Math.ceilDiv(t.channels() * channelPlanes + row - positions, lanes) * lanes;
    }

    void write() {
      Planes copy = new Planes(
          k, source, sourceView, spec.firstSpace(), planes, lanes, Planes.Axis.of(height, y, planeRows, t.stripRows()),
          Planes.Axis.of(width, x, pitch, t.stripColumns()));
      copy.clear(planeElements());
      if (!chunked) {
        copy.write(sample, sourceChannel(Values.index(0)), Values.index(sources), Values.index(0), pitch, plane);
        tiles(Values.index(0), Values.index(sources), Values.bool(true), Values.bool(true));
        return;
      }
      k.loop("chunk", Values.index(0), Values.index(sources), t.channels(), chunk -> {
        Value end = k.let("end", Values.min(Values.add(chunk, t.channels()), Values.index(sources)));
        Value count = k.let("count", Values.sub(end, chunk));
        copy.write(sample, sourceChannel(chunk), count, Values.index(0), pitch, plane);
        tiles(chunk, count, Values.equal(chunk, 0), Values.atLeast(end, sources));
      });
    }

    /** Adds the products of {@code count} channels of the source from {@code from} on. */
    private void tiles(Value from, Value count, Value isFirst, Value isLast) {
      k.loop("m", firstOutput, endOutput, t.rows(), m -> {
        Value start = k.let("start", Values.min(m, Values.index(outputs - t.rows())));
        k.loop("ry", height.classes(), ry -> {
          Value number = chunked
              ? Values.add(Values.mul(Values.div(Values.sub(m, firstOutput), t.rows()), height.classes()), ry)
              : Values.index(0);
          Value saved = k.let("saved", Values.mul(number, width.classes() * tileSums));
          for (int rx = 0; rx < width.classes(); rx++) {
            tilesOfClass(from, count, isFirst, start, ry, rx, Values.add(saved, rx * tileSums));
          }
          k.when(isLast, () -> finish(saved, m, start, ry));
        });
      });
    }

    private void tilesOfClass(
        Value from, Value count, Value isFirst, Value start, Value ry, int rx, Value saved) {
      k.loop("q", Values.index(0), Values.index(row), tileColumns, q -> {
        ProductTile tile = new ProductTile(k, compute, t.rows(), t.vectors(), lanes);
        Value at = Values.add(saved, q);
        if (chunked) {
          k.when(isFirst, () -> {}, () -> tile.load(sums, at, row));
        }
        Value weight = k.let("weight", weightElement(start, from));
        Value taps = height.tapCount(ry);
        k.loop("c", Values.index(0), count, 1, c -> {
          Value planeAt = k.let("plane_at", Values.add(Values.mul(c, channelPlanes), q));
          Value weightAt = k.let("weight_at", Values.add(weight, Values.mul(wide(c, weight), sourceStride())));
          k.loop("i", Values.index(0), taps, 1, i -> {
            Value rowAt = k.let("row_at", Values.add(planeAt, height.table(ry, i, this::rowOffset)));
            Value filterAt = k.let(
                "filter_at",
                Values.add(weightAt, height.table(ry, i, tap -> tap.index() * weightView.strides().get(2))));
            for (TapAxis.Tap j : width.taps().get(rx)) {
              add(tile, rowAt, filterAt, j);
            }
          });
        });
        tile.store(sums, at, row);
      });
    }

    private long rowOffset(TapAxis.Tap tap) {
      return tap.phase() * width.phases().size() * plane + (tap.offset() - height.leastOffset()) * pitch;
    }

    private void add(ProductTile tile, Value rowAt, Value filterAt, TapAxis.Tap j) {
      long shift = j.phase() * plane + j.offset() - width.leastOffset();
      List<Value> vectors = new ArrayList<>();
      for (int v = 0; v < t.vectors(); v++) {
        vectors.add(k.let("v", Values.load(planes, Values.add(rowAt, shift + (long) v * lanes), lanes, false)));
      }
      List<Value> scalars = new ArrayList<>();
      for (int r = 0; r < t.rows(); r++) {
        long at = j.index() * weightView.strides().get(3) + r * outputStride();
        scalars.add(Values.load(weights, Values.add(filterAt, at)));
      }
      tile.add(scalars, vectors);
    }

    /** Ends the rows of one tile of channels and one class of rows. */
    private void finish(Value saved, Value m, Value start, Value ry) {
      k.loop("r", Values.sub(m, start), Values.index(t.rows()), 1, r -> {
        Value channel = k.let("channel", Values.add(Values.add(Values.mul(group, outputs), start), r));
        k.loop("line", t.stripRows(), line -> {
          Value h = k.let("h", Values.add(Values.mul(Values.add(y, line), height.classes()), ry));
          k.when(Values.less(h, height.size()), () -> {
            Value from = k.let("line_at", Values.add(saved, Values.add(Values.mul(r, row), Values.mul(line, pitch))));
            line(from, channel, h);
          });
        });
      });
    }

    private void line(Value from, Value channel, Value h) {
      int classes = width.classes();
      Value w = Values.mul(x, classes);
      Value left = Values.sub(Values.index(width.size()), w);
      List<Value> at = List.of(sample, channel, h, w);
      if (classes == 1) {
        Value columns = Values.min(Values.index(t.stripColumns()), left);
        finish.writeRow(sums, from, at, 3, Values.index(0), columns, lanes);
        return;
      }
      for (int rx = 0; rx < classes; rx++) {
        Value mine = Values.div(Values.add(left, classes - 1 - rx), classes);
        Value first = Values.add(from, rx * tileSums);
        Value ofClass = Values.add(w, rx);
        k.loop("e", Values.index(0), Values.min(Values.index(t.stripColumns()), mine), 1, e -> finish.write(
            k.let("z", Values.load(sums, Values.add(first, e))),
            List.of(sample, channel, h, k.let("w", Values.add(ofClass, Values.mul(e, classes))))));
      }
    }

    private Value weightElement(Value output, Value input) {
      Value m = Values.add(output, Values.mul(group, gradient ? 0 : outputs));
      Value c = Values.add(input, Values.mul(group, gradient ? sources : 0));
      return Accesses.element(
          weightView, gradient
              ? List.of(c, m, Values.index(0), Values.index(0))
              : List.of(m, c, Values.index(0),
                  Values.index(0)),
          spec.secondSpace());
    }
  }

  private long outputStride() {
    return weightView.strides().get(gradient ? 1 : 0);
  }

  private long sourceStride() {
    return weightView.strides().get(gradient ? 0 : 1);
  }

  private static Value wide(Value counter, Value address) {
    return Values.cast(counter, address.type().dtype());
  }
}
