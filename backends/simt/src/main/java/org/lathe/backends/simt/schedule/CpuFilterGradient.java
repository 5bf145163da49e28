package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.View;

/**
 * Filter gradients for cores with wide vectors: products of as many rows as channels times taps and as many columns as
 * filters, summed over the positions of all samples. A work item keeps the sums of a block of channels and filters, and
 * goes through strips of positions: it copies the data into padded planes, in which each row is a shifted plane, and the
 * result's gradient position by position, so that the lanes are filters. Where there are too few blocks for all cores,
 * the positions are split, and a second launch adds up the parts.
 */
final class CpuFilterGradient {
  private final Convolution spec;
  private final Geometry g;
  private final CpuFilterGradientTuning t;
  private final Site site;
  private final LaunchBuilder k;
  private final DType compute;
  private final int lanes;
  private final TapAxis height;
  private final TapAxis width;
  private final long channels;
  private final long filters;
  private final long taps;
  private final Memory data;
  private final Memory gradient;
  private final Finish finish;

  private CpuFilterGradient(Convolution spec, Site site, CpuFilterGradientTuning tuning) {
    this.spec = spec;
    this.g = spec.geometry();
    this.t = tuning;
    this.site = site;
    this.k = new LaunchBuilder("filter_gradient", spec, site);
    this.compute = spec.accumulator();
    this.lanes = tuning.lanes();
    this.height = TapAxis.height(Form.FORWARD, g);
    this.width = TapAxis.width(Form.FORWARD, g);
    this.channels = g.channels() / g.groups();
    this.filters = g.filters() / g.groups();
    this.taps = g.kernelHeight() * g.kernelWidth();
    this.data = k.input(0, "data");
    this.gradient = k.input(1, "gradient");
    this.finish = t.split() > 1
        ? Finish.store(k, compute, partSpace())
        : Finish.of(k, spec.epilogue(), spec.space(), 2);
  }

  static KernelPlan plan(Convolution spec, Site site, CpuFilterGradientTuning tuning) {
    return new CpuFilterGradient(spec, site, tuning).plan();
  }

  private Dims partSpace() {
    return Dims.of(t.split()).append(spec.space());
  }

  private KernelPlan plan() {
    Dims items = Dims.of(
        t.split(), g.groups(), Math.ceilDiv(filters, t.filterBlock()), Math.ceilDiv(channels, t.channels()));
    new Block(Accesses.coordinates(k, Values.groupId(0), items)).write();
    Launch launch = k.launch(items.product(), 1);
    String variant = "tiles of " + t.rows() + " taps by " + t.vectors() * lanes + " filters, strips of " + t.samples()
        + "x" + t.stripRows() + " rows";
    if (t.split() == 1) {
      return KernelPlan.of(variant, launch);
    }
    Launch sum = SplitSum.launch(spec, site, t.split(), compute, spec.space(), spec.epilogue());
    return new KernelPlan(
        variant + ", split in " + t.split(), List.of(launch, sum), List.of(partSpace().product() * compute.bytes()));
  }

  /** What one work item does. */
  private final class Block {
    private final Value part;
    private final Value group;
    private final Value firstFilter;
    private final Value firstChannel;
    private final Value countFilters;
    private final Value countChannels;
    private final long block = t.filterBlock();
    private final long pitch = width.count() + width.reach();
    private final long plane = (t.stripRows() + height.reach()) * pitch;
    private final long channelPlanes = plane * height.phases().size() * width.phases().size();
    private final long samplePlanes = channelPlanes * t.channels();
    private final long strips = Math.ceilDiv(height.count(), t.stripRows());
    private final long planeElements = Math.ceilDiv(samplePlanes * t.samples(), lanes) * lanes;
    private final Memory planes = k.local("planes", compute, planeElements);
    private final Memory columns = k.local("columns", compute, t.samples() * t.stripRows() * width.count() * block);
    private final Memory sums = k.local("sums", compute,
        Math.ceilDiv(t.channels() * taps, t.rows()) * t.rows() * block);

    Block(List<Value> item) {
      part = item.get(0);
      group = item.get(1);
      firstFilter = k.let("first_filter", Values.mul(item.get(2), block));
      firstChannel = k.let("first_channel", Values.mul(item.get(3), t.channels()));
      countFilters = k.let("filters", Values.min(Values.index(block), Values.sub(Values.index(filters), firstFilter)));
      countChannels = k.let("channels",
          Values.min(Values.index(t.channels()), Values.sub(Values.index(channels), firstChannel)));
    }

    void write() {
      clear(sums);
      if (filters % block != 0) {
        clear(columns);
      }
      long steps = Math.ceilDiv(g.batch(), t.samples()) * strips;
      Value from = Values.div(Values.mul(part, steps), t.split());
      Value to = Values.div(Values.mul(Values.add(part, 1), steps), t.split());
      if (strips == 1) {
        clear(planes);
      }
      k.loop("step", k.let("from", from), to, 1, step -> {
        Value sample = k.let("sample", Values.mul(Values.div(step, strips), t.samples()));
        Value y = k.let("y", Values.mul(Values.rem(step, strips), t.stripRows()));
        Value samples = k.let("samples",
            Values.min(Values.index(t.samples()), Values.sub(Values.index(g.batch()), sample)));
        Value rows = k.let("rows",
            Values.min(Values.index(t.stripRows()), Values.sub(Values.index(height.count()), y)));
        copy(sample, samples, y, rows);
        multiply(samples, rows);
      });
      finish();
    }

    private void clear(Memory memory) {
      Value zero = Values.splat(Values.constant(compute, 0), lanes);
      k.loop("z", Values.index(0), Values.index(memory.elements()), lanes, z -> k.store(memory, z, zero, true));
    }

    /** Brings the data and the result's gradient of a strip. */
    private void copy(Value sample, Value samples, Value y, Value rows) {
      if (strips > 1) {
        clear(planes);
      }
      Planes copy = new Planes(
          k, data, spec.first(), spec.firstSpace(), planes, lanes,
          Planes.Axis.of(height, y, t.stripRows() + height.reach(), t.stripRows()),
          Planes.Axis.of(width, Values.index(0), pitch, width.count()));
      View view = spec.second();
      k.loop("b", Values.index(0), samples, 1, b -> {
        Value image = k.let("image", Values.add(sample, b));
        Value channel = k.let("channel", Values.add(Values.mul(group, channels), firstChannel));
        copy.write(image, channel, countChannels, Values.mul(b, samplePlanes), pitch, plane);
        k.loop("line", Values.index(0), rows, 1, line -> {
          Value first = Values.add(Values.mul(group, filters), firstFilter);
          Value source = k.let("source", Accesses.element(
              view, List.of(image, first, Values.add(y, line), Values.index(0)), spec.secondSpace()));
          Value target = k.let("target", Values.mul(
              Values.add(Values.mul(b, t.stripRows()), line), width.count() * block));
          k.loop("f", Values.index(0), countFilters, 1, f -> {
            Value here = k.let("here", Values.add(source, Values.mul(wide(f, source), view.strides().get(1))));
            Value there = k.let("to", Values.add(target, f));
            k.loop("x", width.count(), x -> k.store(
                columns, Values.add(there, Values.mul(x, block)),
                Values.load(gradient, Values.add(here, Values.mul(wide(x, here), view.strides().get(3))))));
          });
        });
      });
    }

    private void multiply(Value samples, Value rows) {
      Value count = k.let("count", Values.mul(countChannels, taps));
      k.loop("n", Values.index(0), count, t.rows(), n -> {
        List<Value> offsets = new ArrayList<>();
        for (int r = 0; r < t.rows(); r++) {
          Value row = k.let("row", Values.min(Values.add(n, r), Values.sub(count, 1)));
          offsets.add(k.let("offset", offset(row)));
        }
        k.loop("p", Values.index(0), Values.index(block), (long) t.vectors() * lanes, p -> {
          ProductTile tile = new ProductTile(k, compute, t.rows(), t.vectors(), lanes);
          Value saved = k.let("saved", Values.add(Values.mul(n, block), p));
          tile.load(sums, saved, block);
          k.loop("b", Values.index(0), samples, 1, b -> k.loop("line", Values.index(0), rows, 1, line -> {
            Value left = k.let("left", Values.add(Values.mul(b, samplePlanes), Values.mul(line, pitch)));
            Value right = k.let("right", Values.add(
                Values.mul(Values.add(Values.mul(b, t.stripRows()), line), width.count() * block), p));
            k.loop("x", width.count(), x -> {
              Value at = k.let("at", Values.add(right, Values.mul(x, block)));
              List<Value> vectors = new ArrayList<>();
              for (int v = 0; v < t.vectors(); v++) {
                vectors.add(k.let("v", Values.load(columns, Values.add(at, (long) v * lanes), lanes, true)));
              }
              Value position = k.let("position", Values.add(left, x));
              tile.add(offsets.stream().map(o -> Values.load(planes, Values.add(o, position))).toList(), vectors);
            });
          }));
          tile.store(sums, saved, block);
        });
      });
    }

    /** Where the plane of row {@code n} begins: of one channel under one tap. */
    private Value offset(Value n) {
      Value c = k.let("c", Values.div(n, taps));
      Value tap = k.let("tap", Values.rem(n, taps));
      Value i = k.let("i", Values.div(tap, g.kernelWidth()));
      Value j = k.let("j", Values.rem(tap, g.kernelWidth()));
      Value down = height.table(Values.index(0), i, a -> a.phase() * width.phases().size() * plane
          + (a.offset() - height.leastOffset()) * pitch);
      Value right = width.table(Values.index(0), j, a -> a.phase() * plane + a.offset() - width.leastOffset());
      return Values.add(Values.add(Values.mul(c, channelPlanes), down), right);
    }

    private void finish() {
      k.loop("f", Values.index(0), countFilters, 1, f -> {
        Value filter = k.let("filter", Values.add(Values.add(Values.mul(group, filters), firstFilter), f));
        k.loop("c", Values.index(0), countChannels, 1, c -> {
          Value channel = k.let("channel", Values.add(firstChannel, c));
          k.loop("i", g.kernelHeight(), i -> k.loop("j", g.kernelWidth(), j -> {
            Value tap = Values.add(Values.mul(i, g.kernelWidth()), j);
            Value n = Values.add(Values.mul(c, taps), tap);
            List<Value> at = new ArrayList<>(List.of(filter, channel, i, j));
            if (t.split() > 1) {
              at.addFirst(part);
            }
            finish.write(k.let("z", Values.load(sums, Values.add(Values.mul(n, block), f))), at);
          }));
        });
      });
    }
  }

  private static Value wide(Value counter, Value address) {
    return Values.cast(counter, address.type().dtype());
  }
}
