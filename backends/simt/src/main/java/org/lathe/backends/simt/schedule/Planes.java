package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * Copies windows of a tensor over [sample, channel, height, width] into planes of local memory, channel after channel.
 * For each pair of phases of the strides there is a plane, so that what neighbouring positions meet lies side by side.
 * Elements outside of the tensor are left as they are: zeros, once cleared.
 *
 * @param view of the tensor over {@code space}
 */
record Planes(
    KernelBuilder k, Memory source, View view, Dims space, Memory planes, int lanes, Axis height, Axis width) {

  /**
   * Element {@code u} of phase p is at {@code (first + u) * step + phases[p]} of the source.
   *
   * @param first may be negative
   * @param least the least that {@code first} may be, known where there is but one window
   * @param count of elements
   * @param windows whether there may be other windows than the one that begins at {@code least}
   */
  record Axis(Value first, long least, boolean windows, long step, List<Long> phases, long count, long source) {

    /** What positions from {@code position} on need: {@code count} elements, for {@code strip} positions. */
    static Axis of(TapAxis axis, Value position, long count, long strip) {
      return new Axis(
          Values.add(position, axis.leastOffset()), axis.leastOffset(), strip < axis.count(), axis.step(),
          axis.phases(), count, axis.source());
    }

    /** Positions of an axis without taps. */
    static Axis of(Value position, long count, long strip, long size) {
      return new Axis(position, 0, strip < size, 1, List.of(0L), Math.min(count, strip), size);
    }

    /** The first element inside of the source. */
    private Value from(long phase) {
      long inside = Math.ceilDiv(-phase, step);
      return windows
          ? Values.max(Values.index(0), Values.sub(Values.index(inside), first))
          : Values.index(Math.max(0, inside - least));
    }

    /** One more than the last element inside of the source. */
    private Value to(long phase) {
      long inside = Math.ceilDiv(source - phase, step);
      return windows
          ? Values.min(Values.index(count), Values.sub(Values.index(inside), first))
          : Values.index(Math.clamp(inside - least, 0, count));
    }
  }

  /** Makes the first {@code elements} zero, a multiple of the lanes. */
  void clear(long elements) {
    DType dtype = planes.dtype();
    Value zero = Values.splat(Values.constant(dtype, 0), lanes);
    k.loop("z", Values.index(0), Values.index(elements), lanes, z -> k.store(planes, z, zero, true));
  }

  /**
   * Copies channels.
   *
   * @param to where the first channel's planes begin
   * @param pitch between rows
   * @param plane between the planes of one channel
   */
  void write(Value sample, Value channel, Value count, Value to, long pitch, long plane) {
    long channelPlanes = plane * height.phases().size() * width.phases().size();
    k.loop("c", Values.index(0), count, 1, c -> {
      Value there = k.let("there", Values.add(channel, c));
      Value base = k.let("plane_base", Values.add(to, Values.mul(c, channelPlanes)));
      for (int py = 0; py < height.phases().size(); py++) {
        long phase = height.phases().get(py);
        long planeOfRow = py * width.phases().size() * plane;
        k.loop("u", height.from(phase), height.to(phase), 1, u -> {
          Value h = k.let("h", Values.add(Values.mul(Values.add(height.first(), u), height.step()), phase));
          Value row = k.let("row", Accesses.element(view, List.of(sample, there, h, Values.index(0)), space));
          Value target = k.let("target", Values.add(Values.add(base, Values.mul(u, pitch)), planeOfRow));
          for (int px = 0; px < width.phases().size(); px++) {
            row(row, Values.add(target, px * plane), width.phases().get(px));
          }
        });
      }
    });
  }

  private void row(Value row, Value target, long phase) {
    long stride = view.strides().get(3);
    long step = width.step() * stride;
    Value base = k.let("base", Values.add(row, Values.add(Values.mul(width.first(), step), phase * stride)));
    Value from = width.from(phase);
    Value to = width.to(phase);
    if (step != 1 || lanes == 1) {
      k.loop("v", from, to, 1, v -> k.store(
          planes, Values.add(target, v), Values.load(source, Values.add(base, Values.mul(v, step)))));
    } else if (from instanceof Value.Constant a && to instanceof Value.Constant b) {
      run(base, target, a.bits(), b.bits());
    } else {
      Value vectors = Values.mul(Values.div(Values.sub(to, from), lanes), lanes);
      Value rest = k.let("rest", Values.add(from, Values.max(Values.index(0), vectors)));
      k.loop("v", from, rest, lanes, v -> copy(base, target, v, lanes));
      k.loop("v", rest, to, 1, v -> copy(base, target, v, 1));
    }
  }

  /** Copies a run of known length: whole vectors, the last one over part of the one before it. */
  private void run(Value base, Value target, long from, long to) {
    long end = from + (to - from) / lanes * lanes;
    k.loop("v", Values.index(from), Values.index(end), lanes, v -> copy(base, target, v, lanes));
    if (end < to && end > from) {
      copy(base, target, Values.index(to - lanes), lanes);
      return;
    }
    for (long v = end; v < to;) {
      int width = (int) Long.highestOneBit(to - v);
      copy(base, target, Values.index(v), width);
      v += width;
    }
  }

  private void copy(Value base, Value target, Value at, int width) {
    k.store(planes, Values.add(target, at), Values.load(source, Values.add(base, at), width, false));
  }
}
