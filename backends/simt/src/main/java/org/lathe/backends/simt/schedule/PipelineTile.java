package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/**
 * Sums of products on the chip of a pipeline: for each of some points, as many sums as there are lanes. The lanes of a point
 * are updated at once, and the points one after the other, a point each cycle: by the time that a point's turn comes again,
 * its last addition has ended. Where the points are too few for that, each has several partial sums that take turns.
 */
final class PipelineTile {
  /** Cycles from reading a sum on the chip until what was added to it can be read: memory and addition. */
  private static final int TURN = 12;

  private final KernelBuilder k;
  private final DType dtype;
  private final List<Axis> points;
  private final long pointCount;
  private final int lanes;
  private final int parts;
  private final Memory sums;

  /** One loop. */
  record Axis(String name, long count) {}

  /** One factor of a product. */
  interface Factor {
    /**
     * Assigns the factor to {@code into}, which is 0 before.
     *
     * @param step the coordinates of the sum's term
     * @param place the point's coordinates, or the lane's number
     */
    void load(List<Value> step, List<Value> place, Variable into);
  }

  PipelineTile(KernelBuilder k, DType dtype, List<Axis> points, int lanes) {
    this.k = k;
    this.dtype = dtype;
    this.points = List.copyOf(points);
    this.pointCount = count(points);
    this.lanes = lanes;
    this.parts = parts(pointCount);
    this.sums = k.local("sums", dtype, parts * pointCount * lanes);
  }

  private static long count(List<Axis> axes) {
    return axes.stream().mapToLong(Axis::count).reduce(1, Math::multiplyExact);
  }

  private static int parts(long points) {
    return (int) Math.ceilDiv(TURN, Math.min(TURN, Math.max(1, points)));
  }

  /** The bytes on the chip. */
  static long bytes(DType dtype, List<Axis> points, int lanes) {
    return parts(count(points)) * count(points) * lanes * dtype.bytes();
  }

  /** The lanes to compute {@code count} of at most {@code most} at once: few of the last round are idle. */
  static int lanes(long count, int most) {
    return (int) Math.ceilDiv(count, Math.ceilDiv(count, most));
  }

  void clear() {
    k.loop("p", parts * pointCount, p -> {
      for (int u = 0; u < lanes; u++) {
        k.store(sums, Values.add(Values.mul(p, lanes), u), Values.constant(dtype, 0));
      }
    });
  }

  /**
   * Adds products to all sums.
   *
   * @param steps the terms of the sums; the last axis is split where there are partial sums
   * @param used how many of the last axis' count are terms, no more than that: a constant, or fewer in the last of several
   *     blocks
   * @param laneFactor the factor that all points share
   * @param pointFactor the factor that all lanes share
   */
  void add(List<Axis> steps, Value used, Factor laneFactor, Factor pointFactor) {
    List<Variable> factors = new ArrayList<>();
    for (int u = 0; u < lanes; u++) {
      factors.add(k.variable("w" + u, Values.constant(dtype, 0)));
    }
    steps(steps, 0, new ArrayList<>(), used, (step, part) -> loops(points, 0, new ArrayList<>(), point -> {
      Value valid = parts == 1 && isConstant(used, steps.getLast().count())
          ? Values.bool(true)
          : Values.binary(BinaryOp.LT, step.getLast(), used);
      k.when(valid, () -> product(step, part, point, factors, laneFactor, pointFactor));
    }));
  }

  private static boolean isConstant(Value value, long number) {
    return value instanceof Value.Constant c && c.bits() == number;
  }

  private void product(
      List<Value> step, Value part, List<Value> point, List<Variable> factors, Factor laneFactor, Factor pointFactor) {
    Value first = Values.bool(true);
    for (Value p : point) {
      first = Values.and(first, Values.equal(p, 0));
    }
    k.when(first, () -> {
      for (int u = 0; u < lanes; u++) {
        k.assign(factors.get(u), Values.constant(dtype, 0));
        laneFactor.load(step, List.of(Values.index(u)), factors.get(u));
      }
    });
    Variable x = k.variable("x", Values.constant(dtype, 0));
    pointFactor.load(step, point, x);
    Value at = k.let("at", Values.mul(Values.add(Values.mul(part, pointCount), linear(point)), lanes));
    for (int u = 0; u < lanes; u++) {
      Value sum = Values.add(at, u);
      k.store(sums, sum, ProductTile.multiplyAdd(
          Values.read(x), Values.read(factors.get(u)), Values.load(sums, sum)));
    }
  }

  private Value linear(List<Value> point) {
    Value sum = Values.index(0);
    for (int d = 0; d < points.size(); d++) {
      sum = Values.add(Values.mul(sum, points.get(d).count()), point.get(d));
    }
    return sum;
  }

  private void steps(
      List<Axis> axes, int from, List<Value> at, Value used, BiConsumer<List<Value>, Value> body) {
    Axis axis = axes.get(from);
    if (from < axes.size() - 1) {
      k.loop(axis.name(), axis.count(), i -> steps(axes, from + 1, with(at, i), used, body));
    } else if (parts == 1) {
      k.loop(axis.name(), axis.count(), i -> body.accept(with(at, i), Values.index(0)));
    } else {
      k.loop(axis.name(), Math.ceilDiv(axis.count(), parts), i -> k.loop("part", parts, part -> body.accept(
          with(at, k.let(axis.name(), Values.add(Values.mul(i, parts), part))), part)));
    }
  }

  private static List<Value> with(List<Value> at, Value next) {
    List<Value> all = new ArrayList<>(at);
    all.add(next);
    return all;
  }

  private void loops(
      List<Axis> axes, int from, List<Value> at, Consumer<List<Value>> body) {
    if (from == axes.size()) {
      body.accept(at);
      return;
    }
    Axis axis = axes.get(from);
    k.loop(axis.name(), axis.count(), i -> loops(axes, from + 1, with(at, i), body));
  }

  /**
   * Goes through all sums.
   *
   * @param lanesInside whether the lanes of a point follow each other, else the points of a lane
   * @param end takes a sum, its point, and its lane
   */
  void end(boolean lanesInside, End end) {
    List<Axis> axes = new ArrayList<>(points);
    axes.add(lanesInside ? axes.size() : 0, new Axis("lane", lanes));
    loops(axes, 0, new ArrayList<>(), at -> {
      Value lane = at.get(lanesInside ? points.size() : 0);
      List<Value> point = lanesInside ? at.subList(0, points.size()) : at.subList(1, at.size());
      Value place = k.let("place", Values.add(Values.mul(linear(point), lanes), lane));
      Value sum = Values.load(sums, place);
      for (int part = 1; part < parts; part++) {
        sum = Values.binary(
            BinaryOp.ADD, sum, Values.load(sums, Values.add(place, part * pointCount * lanes)));
      }
      end.take(sum, point, lane);
    });
  }

  /** What becomes of a sum. */
  interface End {
    void take(Value sum, List<Value> point, Value lane);
  }
}
