package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.schedule.PipelineTile.Axis;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;

/**
 * A convolution or its data gradient as a pipeline. The output is made in bands of rows; the rows that a band reads are in a
 * line buffer, into which each row comes once. Each cycle one of their elements meets the weights of a vector of output
 * channels, which stay in registers while the band's points go by.
 *
 * <p>Along each axis, output {@code y} meets, through the tap {@code i}, the framed line {@code (y * forwardStride + tap
 * offset) / backwardStride}, where that is whole: one of the strides is 1.
 */
final class PipelineCorrelation {
  /** Points of a band: enough to hide an addition, and the change of weights. */
  private static final int POINTS = 32;

  private final Convolution spec;
  private final Geometry g;
  private final LaunchBuilder k;
  private final DType dtype;
  private final boolean forward;
  private final long outputs;
  private final long inputs;
  private final Axes y;
  private final Axes x;
  private final int lanes;
  private final long rows;
  private final long planes;
  private final boolean keepsWeights;

  /** One axis of the image. */
  private record Axes(long out, long source, long taps, long stride, long dilation, long pad, boolean forward) {
    /** Zeros before the source: what the first output needs. */
    long frame() {
      return forward ? pad : Math.ceilDiv(Math.max(0, (taps - 1) * dilation - pad), stride);
    }

    /** What is added to {@code y * forwardStride} at tap {@code i}. */
    Value offset(Value i) {
      return forward
          ? Values.mul(i, dilation)
          : Values.sub(Values.index(pad + frame() * stride), Values.mul(i, dilation));
    }

    long forwardStride() {
      return forward ? stride : 1;
    }

    long backwardStride() {
      return forward ? 1 : stride;
    }

    /** The framed lines that {@code count} outputs in a row reach. */
    long reach(long count) {
      long span = (count - 1) * forwardStride() + (taps - 1) * dilation;
      return span / backwardStride() + 1;
    }

    /** All framed lines that any output reaches, from the first on. */
    long extent() {
      return (least() + (out - 1) * forwardStride() + (taps - 1) * dilation) / backwardStride() + 1;
    }

    /** The least {@code y * forwardStride + offset} of an output. */
    long least() {
      return forward ? 0 : pad + frame() * stride - (taps - 1) * dilation;
    }
  }

  private PipelineCorrelation(Convolution spec, Site site) {
    this.spec = spec;
    this.g = spec.geometry();
    this.k = new LaunchBuilder("convolution", spec, site);
    this.dtype = spec.accumulator();
    this.forward = spec.form() == Form.FORWARD;
    long filters = g.filters() / g.groups();
    long channels = g.channels() / g.groups();
    this.outputs = forward ? filters : channels;
    this.inputs = forward ? channels : filters;
    this.y = axes(g.outHeight(), g.height(), g.kernelHeight(), g.strideY(), g.dilationY(), g.padY());
    this.x = axes(g.outWidth(), g.width(), g.kernelWidth(), g.strideX(), g.dilationX(), g.padX());
    long room = site.traits().localBytes() / dtype.bytes();
    this.lanes = PipelineTile.lanes(Math.max(1, outputs), Math.max(1, site.traits().floatLanes()));
    this.rows = rows(y.out(), Math.ceilDiv(POINTS, Math.max(1, x.out())));
    this.keepsWeights = weights(inputs) <= room / 4;
    long plane = lines(1).elements();
    this.planes = PipelineTile.lanes(Math.max(1, inputs), (int) Math.clamp(room / 2 / plane, 1, Integer.MAX_VALUE));
  }

  /** At least so many rows where there are, and up to twice as many if fewer of the last band are idle. */
  private static long rows(long all, long least) {
    long best = Math.clamp(least, 1, Math.max(1, all));
    for (long r = best; r <= Math.min(all, 2 * least); r++) {
      best = Math.ceilDiv(all, r) * r < Math.ceilDiv(all, best) * best ? r : best;
    }
    return best;
  }

  private Axes axes(long result, long data, long taps, long stride, long dilation, long pad) {
    return forward
        ? new Axes(result, data, taps, stride, dilation, pad, true)
        : new Axes(data, result, taps, stride, dilation, pad, false);
  }

  private PipelineLines.Shape lines(long count) {
    return new PipelineLines.Shape(count, y.reach(rows), x.extent(), y.frame(), x.frame());
  }

  private long weights(long channels) {
    return channels * g.kernelHeight() * g.kernelWidth() * lanes;
  }

  /** Whether a band with its lines fits on the chip, and there is anything to add up. */
  static boolean fits(Convolution spec, Site site) {
    if (spec.geometry().multiplyAdds() == 0) {
      return false;
    }
    PipelineCorrelation p = new PipelineCorrelation(spec, site);
    long bytes = PipelineTile.bytes(p.dtype, List.of(new Axis("y", p.rows), new Axis("x", p.x.out())), p.lanes);
    long lines = p.planes * p.y.reach(p.rows) * p.x.reach(p.x.out()) * p.dtype.bytes();
    long weights = p.keepsWeights ? p.weights(p.inputs) * p.dtype.bytes() : 0;
    return bytes + lines + weights <= site.traits().localBytes();
  }

  static KernelPlan plan(Convolution spec, Site site) {
    return new PipelineCorrelation(spec, site).plan();
  }

  private KernelPlan plan() {
    Memory source = k.input(0, "source");
    Memory filters = k.input(1, "filters");
    Finish finish = Finish.of(k, spec.epilogue(), spec.space(), 2);
    PipelineLines lines = new PipelineLines(k, dtype, lines(planes));
    Memory kept = keepsWeights ? k.local("weights", dtype, weights(inputs)) : null;
    PipelineTile tile = new PipelineTile(k, dtype, List.of(new Axis("py", rows), new Axis("px", x.out())), lanes);
    k.loop("group", g.groups(), group -> k.loop(
        "output", Values.index(0), Values.index(outputs), lanes, output -> {
          if (kept != null) {
            keep(filters, kept, group, output);
          }
          k.loop("image", g.batch(), image -> k.loop("band", Values.index(0), Values.index(y.out()), rows, band -> {
            tile.clear();
            k.loop("plane", Values.index(0), Values.index(inputs), planes, plane -> {
              read(lines, source, group, image, plane, band);
              add(tile, lines, filters, kept, group, output, plane, band);
            });
            end(tile, finish, group, output, image, band);
          }));
        }));
    return KernelPlan.of(
        "one work item, bands of " + rows + " rows by " + lanes + " channels, a buffer of " + y.reach(rows)
            + " lines of "
            + planes + " planes",
        k.launch(1, 1));
  }

  /** One filter's weight: of an output and an input channel of the group. */
  private Value weight(Memory filters, Value group, Value output, Value input, Value i, Value j) {
    Value filter = Values.add(Values.mul(group, g.filters() / g.groups()), forward ? output : input);
    Value channel = forward ? input : output;
    return Values.load(
        filters, Accesses.element(spec.second(), List.of(filter, channel, i, j), spec.secondSpace()));
  }

  private void keep(Memory filters, Memory kept, Value group, Value output) {
    k.loop("u", lanes, u -> k.loop("c", inputs, c -> k.loop("i", y.taps(), i -> k.loop("j", x.taps(), j -> {
      Value o = k.let("o", Values.add(output, u));
      Value place = k.let("place", Values.add(Values.mul(tap(c, i, j), lanes), u));
      if (outputs % lanes == 0) {
        k.store(kept, place, weight(filters, group, o, c, i, j));
      } else {
        var w = k.variable("w", Values.constant(dtype, 0));
        k.when(Values.less(o, outputs), () -> k.assign(w, weight(filters, group, o, c, i, j)));
        k.store(kept, place, Values.read(w));
      }
    }))));
  }

  private Value tap(Value c, Value i, Value j) {
    return Values.add(Values.mul(Values.add(Values.mul(c, y.taps()), i), x.taps()), j);
  }

  /** The lines of a band that are not in the buffer yet: all, where the buffer has held other planes meanwhile. */
  private void read(PipelineLines lines, Memory source, Value group, Value image, Value plane, Value band) {
    Value least = Values.add(Values.mul(band, y.forwardStride()), y.least());
    Value first = divideUp(least, y.backwardStride());
    Value before = endOf(Values.sub(band, rows));
    boolean keeps = planes >= inputs;
    Value from = keeps
        ? k.let("from", Values.select(Values.equal(band, 0), first, Values.max(first, before)))
        : k.let("from", first);
    Value end = k.let("end", endOf(band));
    Value base = k.let("base", Values.mul(group, inputs));
    lines.read(
        source, spec.first(), spec.firstSpace(), image, k.let("planes", Values.add(base, plane)),
        k.let("limit", Values.add(base, inputs)), from, end);
  }

  /** One more than the last line that the band needs. */
  private Value endOf(Value band) {
    Value last = Values.add(
        Values.mul(Values.min(Values.add(band, rows - 1), Values.index(y.out() - 1)), y.forwardStride()),
        y.least() + (y.taps() - 1) * y.dilation());
    return Values.add(Values.div(last, y.backwardStride()), 1);
  }

  private static Value divideUp(Value a, long b) {
    return b == 1 ? a : Values.div(Values.add(a, b - 1), b);
  }

  private void add(
      PipelineTile tile, PipelineLines lines, Memory filters, @Nullable Memory kept, Value group,
      Value output, Value plane, Value band) {
    tile.add(
        List.of(new Axis("c", planes), new Axis("i", y.taps()), new Axis("j", x.taps())),
        Values.index(x.taps()),
        (step, lane, into) -> {
          Value c = Values.add(plane, step.get(0));
          Value o = Values.add(output, lane.getFirst());
          Value there = Values.and(
              kept == null && outputs % lanes != 0 ? Values.less(o, outputs) : Values.bool(true),
              inputs % planes != 0 ? Values.less(c, inputs) : Values.bool(true));
          k.when(there, () -> k.assign(into, kept == null
              ? weight(filters, group, o, c, step.get(1), step.get(2))
              : Values.load(kept, Values.add(Values.mul(tap(c, step.get(1), step.get(2)), lanes), lane.getFirst()))));
        },
        (step, point, into) -> {
          Value row = Values.add(band, point.get(0));
          Value q = k.let("q", Values.add(Values.mul(row, y.forwardStride()), y.offset(step.get(1))));
          Value p = k.let("p", Values.add(Values.mul(point.get(1), x.forwardStride()), x.offset(step.get(2))));
          Value there = Values.and(
              y.out() % rows == 0 ? Values.bool(true) : Values.less(row, y.out()),
              whole(q, y.backwardStride()), whole(p, x.backwardStride()));
          k.when(there, () -> k.assign(
              into,
              lines.at(step.get(0), Values.div(q, y.backwardStride()), Values.div(p, x.backwardStride()))));
        });
  }

  private static Value whole(Value a, long divisor) {
    return divisor == 1 ? Values.bool(true) : Values.binary(BinaryOp.EQ, Values.rem(a, divisor), Values.index(0));
  }

  private void end(PipelineTile tile, Finish finish, Value group, Value output, Value image, Value band) {
    tile.end(false, (sum, point, lane) -> {
      Value o = k.let("o", Values.add(output, lane));
      Value row = k.let("oy", Values.add(band, point.get(0)));
      Value there = Values.and(
          outputs % lanes == 0 ? Values.bool(true) : Values.less(o, outputs),
          y.out() % rows == 0 ? Values.bool(true) : Values.less(row, y.out()));
      k.when(there, () -> {
        List<Value> at = new ArrayList<>(List.of(
            image, k.let("channel", Values.add(Values.mul(group, outputs), o)), row, point.get(1)));
        finish.write(k.let("sum", sum), at);
      });
    });
  }
}
