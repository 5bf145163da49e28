package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.schedule.PipelineTile.Axis;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Geometry;

/**
 * The gradient of a convolution's filters as a pipeline: the taps of a vector of filters on the chip, and the rows of data
 * that they reach in a line buffer. Each cycle one element of the data meets the gradients of the vector's filters at one
 * point, which stay in registers while the taps go by.
 */
final class PipelineFilterGradient {
  private final Convolution spec;
  private final Geometry g;
  private final LaunchBuilder k;
  private final DType dtype;
  private final long filters;
  private final long channels;
  private final int lanes;
  private final long planes;

  private PipelineFilterGradient(Convolution spec, Site site) {
    this.spec = spec;
    this.g = spec.geometry();
    this.k = new LaunchBuilder("convolution", spec, site);
    this.dtype = spec.accumulator();
    this.filters = g.filters() / g.groups();
    this.channels = g.channels() / g.groups();
    this.lanes = PipelineTile.lanes(Math.max(1, filters), Math.max(1, site.traits().floatLanes()));
    long room = site.traits().localBytes() / dtype.bytes();
    long taps = Math.max(1, g.kernelHeight() * g.kernelWidth());
    long most = Math.min(room / 4 / (taps * lanes), room / 2 / lines(1).elements());
    this.planes = PipelineTile.lanes(Math.max(1, channels), (int) Math.clamp(most, 1, Integer.MAX_VALUE));
  }

  /** Lines that one row of the result reaches. */
  private long height() {
    return (g.kernelHeight() - 1) * g.dilationY() + 1;
  }

  private PipelineLines.Shape lines(long count) {
    long width = (g.outWidth() - 1) * g.strideX() + (g.kernelWidth() - 1) * g.dilationX() + 1;
    return new PipelineLines.Shape(count, height(), width, g.padY(), g.padX());
  }

  private List<Axis> taps() {
    return List.of(new Axis("c", planes), new Axis("i", g.kernelHeight()), new Axis("j", g.kernelWidth()));
  }

  /** Whether the taps and the lines fit on the chip, and there is anything to add up. */
  static boolean fits(Convolution spec, Site site) {
    if (spec.geometry().multiplyAdds() == 0) {
      return false;
    }
    PipelineFilterGradient p = new PipelineFilterGradient(spec, site);
    return PipelineTile.bytes(p.dtype, p.taps(), p.lanes) + p.lines(p.planes).elements() * p.dtype.bytes() <= site
        .traits().localBytes();
  }

  static KernelPlan plan(Convolution spec, Site site) {
    return new PipelineFilterGradient(spec, site).plan();
  }

  private KernelPlan plan() {
    Memory data = k.input(0, "data");
    Memory gradient = k.input(1, "gradient");
    Finish finish = Finish.of(k, spec.epilogue(), spec.space(), 2);
    PipelineLines lines = new PipelineLines(k, dtype, lines(planes));
    PipelineTile tile = new PipelineTile(k, dtype, taps(), lanes);
    k.loop("group", g.groups(), group -> k.loop(
        "filter", Values.index(0), Values.index(filters), lanes, filter -> k.loop(
            "plane", Values.index(0), Values.index(channels), planes, plane -> {
              tile.clear();
              k.loop("image", g.batch(), image -> k.loop("y", g.outHeight(), y -> {
                read(lines, data, group, image, plane, y);
                add(tile, lines, gradient, group, filter, plane, image, y);
              }));
              end(tile, finish, group, filter, plane);
            })));
    return KernelPlan.of(
        "one work item, the taps of " + lanes + " filters and " + planes + " planes, a buffer of " + height()
            + " lines",
        k.launch(1, 1));
  }

  /** The lines that the row before has not read. */
  private void read(PipelineLines lines, Memory data, Value group, Value image, Value plane, Value y) {
    Value first = k.let("first", Values.mul(y, g.strideY()));
    Value end = k.let("end", Values.add(first, height()));
    Value before = Values.add(Values.mul(Values.sub(y, 1), g.strideY()), height());
    Value from = k.let("from", Values.select(Values.equal(y, 0), first, Values.max(first, before)));
    Value base = k.let("base", Values.mul(group, channels));
    lines.read(
        data, spec.first(), spec.firstSpace(), image, k.let("planes", Values.add(base, plane)),
        k.let("limit", Values.add(base, channels)), from, end);
  }

  private void add(
      PipelineTile tile, PipelineLines lines, Memory gradient, Value group, Value filter, Value plane, Value image,
      Value y) {
    tile.add(
        List.of(new Axis("x", g.outWidth())),
        Values.index(g.outWidth()),
        (step, lane, into) -> {
          Value f = Values.add(filter, lane.getFirst());
          Value there = filters % lanes == 0 ? Values.bool(true) : Values.less(f, filters);
          k.when(there, () -> k.assign(into, Values.load(gradient, Accesses.element(
              spec.second(), List.of(image, Values.add(Values.mul(group, filters), f), y, step.getFirst()),
              spec.secondSpace()))));
        },
        (step, point, into) -> k.assign(into, lines.at(
            point.get(0),
            Values.add(Values.mul(y, g.strideY()), Values.mul(point.get(1), g.dilationY())),
            Values.add(Values.mul(step.getFirst(), g.strideX()), Values.mul(point.get(2), g.dilationX())))));
  }

  private void end(PipelineTile tile, Finish finish, Value group, Value filter, Value plane) {
    tile.end(false, (sum, point, lane) -> {
      Value f = k.let("f", Values.add(filter, lane));
      Value c = k.let("channel", Values.add(plane, point.get(0)));
      Value there = Values.and(
          filters % lanes == 0 ? Values.bool(true) : Values.less(f, filters),
          channels % planes == 0 ? Values.bool(true) : Values.less(c, channels));
      k.when(there, () -> finish.write(
          k.let("sum", sum),
          List.of(k.let("at", Values.add(Values.mul(group, filters), f)), c, point.get(1), point.get(2))));
    });
  }
}
