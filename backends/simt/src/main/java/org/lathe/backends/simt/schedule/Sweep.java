package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * The loops over a space for devices where few work items do much each: CPU cores, and the one item of a pipeline.
 *
 * <p>Work items take equal shares of the lines, which run along the last dimension; long lines are cut into blocks where
 * there are too few. Along a line the points come as vectors. Where a view's guard begins or ends within the line, the
 * line is cut there, so that within a part no point is tested.
 */
final class Sweep {
  /** Operations worth a work item of their own. */
  private static final long GRAIN = 16384;
  private static final int ITEMS_PER_UNIT = 4;
  private static final long TILE = 16;
  /** With more parts than this a line is not cut at guards; its points are tested. */
  private static final int MAX_PARTS = 5;

  private final KernelBuilder k;
  private final Dims space;
  private final int lanes;
  private final List<View> views;
  private final boolean mayRepeat;
  /** The dimension along which each vector has its neighbours visited before the next; -1 if none. */
  private int tileDim = -1;

  /**
   * @param lanes at most so many points at once; 1 where the last dimension is no line
   * @param views what is accessed at the points
   * @param mayRepeat whether a point may be visited twice by the same work item, which spares remainders
   */
  Sweep(KernelBuilder k, Dims space, int lanes, List<View> views, boolean mayRepeat) {
    this.k = k;
    this.space = space;
    this.lanes = space.rank() == 0 ? 1 : lanes;
    this.views = views;
    this.mayRepeat = mayRepeat;
  }

  /**
   * Visits tiles of {@link #TILE} vectors side by side along {@code d}, so that what is fetched for one vector serves the
   * next where views are contiguous along {@code d} rather than along the line.
   */
  Sweep tiledAlong(int d) {
    tileDim = lanes > 1 ? d : -1;
    return this;
  }

  /** How many work items a kernel of so many operations is worth. */
  static long items(Traits traits, double operations) {
    if (traits.isPipeline()) {
      return 1;
    }
    return (long) Math.clamp(operations / GRAIN, 1, ITEMS_PER_UNIT * (double) traits.computeUnits());
  }

  /** Runs the body for each unit of the share of this work item; gives how many items there are, at most {@code wanted}. */
  static long share(KernelBuilder k, long units, long wanted, Consumer<Value> body) {
    long each = Math.ceilDiv(units, Math.max(1, Math.min(units, wanted)));
    long items = Math.max(1, Math.ceilDiv(units, each));
    if (items == 1) {
      k.loop("unit", units, body);
    } else if (each == 1) {
      body.accept(k.let("unit", wide(Values.globalId(0), units)));
    } else {
      Value first = k.let("first", Values.mul(wide(Values.globalId(0), units), each));
      Value end = Values.add(first, each);
      k.loop("unit", first, units % each == 0 ? end : Values.min(end, Values.index(units)), 1, body);
    }
    return items;
  }

  private static Value wide(Value id, long range) {
    return range > Integer.MAX_VALUE ? Values.cast(id, org.lathe.hal.DType.I64) : id;
  }

  /** Visits all points with {@code wanted} work items, or fewer; gives how many. */
  long emit(long wanted, Consumer<Cursor> body) {
    return emit(wanted, 1, (cursor, _) -> body.accept(cursor));
  }

  /** As {@link #emit(long, Consumer)}, each point {@code times} times, with the number of the time. */
  long emit(long wanted, long times, BiConsumer<Cursor, Value> body) {
    int last = space.rank() - 1;
    Dims lines = lanes == 1 ? space : space.slice(0, last);
    if (tileDim >= 0) {
      lines = lines.with(tileDim, Math.ceilDiv(space.get(tileDim), TILE));
    }
    return emit(wanted, times, lines, last, body);
  }

  private long emit(long wanted, long times, Dims lines, int last, BiConsumer<Cursor, Value> body) {
    // As many dimensions are counted by units as keep all items busy; the others are loops.
    int counted = 0;
    long units = times;
    while (counted < lines.rank() && units < 8 * wanted) {
      units *= lines.get(counted++);
    }
    long blocks = 1;
    if (lanes > 1 && counted == lines.rank() && units < wanted) {
      blocks = Math.clamp(Math.ceilDiv(wanted, units), 1, Math.max(1, space.get(last) / (4L * lanes)));
    }
    Dims outer = Dims.of(times).append(lines.slice(0, counted)).append(Dims.of(blocks));
    int unitDims = counted;
    long blockCount = blocks;
    return share(k, units * blocks, wanted, unit -> {
      List<Value> at = Accesses.coordinates(k, unit, outer);
      List<Value> point = new ArrayList<>(at.subList(1, 1 + unitDims));
      loops(point, lines, () -> {
        if (lanes == 1) {
          body.accept(Cursor.at(space, point), at.getFirst());
        } else {
          List<Value> start = new ArrayList<>(point);
          start.add(Values.index(0));
          Consumer<Cursor> visit = c -> body.accept(c, at.getFirst());
          if (tileDim >= 0) {
            start.set(tileDim, k.let("tile", Values.mul(start.get(tileDim), TILE)));
            visit = c -> tile(c, visited -> body.accept(visited, at.getFirst()));
          }
          line(Cursor.at(space, start), at.getLast(), blockCount, visit);
        }
      });
    });
  }

  /** Loops over the dimensions of {@code dims} that {@code point} does not count yet. */
  private void loops(List<Value> point, Dims dims, Runnable body) {
    int d = point.size();
    if (d == dims.rank()) {
      body.run();
      return;
    }
    k.loop("i" + d, dims.get(d), i -> {
      point.add(i);
      loops(point, dims, body);
      point.removeLast();
    });
  }

  private void tile(Cursor first, Consumer<Cursor> body) {
    Value from = first.at().get(tileDim);
    long size = space.get(tileDim);
    Value to = Values.add(from, TILE);
    k.loop("t", from, size % TILE == 0 ? to : Values.min(to, Values.index(size)), 1,
        i -> body.accept(first.moved(tileDim, i)));
  }

  private void line(Cursor start, Value block, long blocks, Consumer<Cursor> body) {
    int d = space.rank() - 1;
    long size = space.get(d);
    List<Long> cuts = cuts(views, d, size);
    boolean tested = cuts.size() - 1 > MAX_PARTS;
    if (tested) {
      cuts = List.of(0L, size);
    }
    for (int p = 0; p + 1 < cuts.size(); p++) {
      long from = cuts.get(p);
      long to = cuts.get(p + 1);
      int width = tested ? 1 : width(lanes, to - from);
      BiConsumer<Value, Integer> at = (i, n) -> {
        // A test of a single point needs no knowledge of the part.
        body.accept(tested ? start.moved(d, i) : start.run(d, i, n, from, to));
      };
      if (blocks == 1) {
        vectors(k, Values.index(from), Values.index(to), width, mayRepeat, at);
      } else {
        long each = Math.ceilDiv(Math.ceilDiv(size, blocks), (long) lanes) * lanes;
        Value first = Values.mul(block, each);
        Value end = Values.min(Values.add(first, each), Values.index(to));
        vectors(k, k.let("from", from == 0 ? first : Values.max(first, Values.index(from))), k.let("to", end), width,
            cuts.size() == 2 && to % width == 0 ? Remainder.NONE : Remainder.SINGLE, at);
      }
    }
  }

  /** The largest power of two that neither exceeds {@code lanes} nor {@code points}. */
  static int width(int lanes, long points) {
    return (int) Math.min(lanes, Math.max(1, Long.highestOneBit(points)));
  }

  /** Where along dimension {@code d} some guard begins or ends, with both ends of the dimension. */
  static List<Long> cuts(List<View> views, int d, long size) {
    TreeSet<Long> cuts = new TreeSet<>(List.of(0L, size));
    for (View v : views) {
      if (Nest.isGuarded(v, d, size)) {
        cuts.add(Math.clamp(v.low(d), 0, size));
        cuts.add(Math.clamp(v.high(d, size), 0, size));
      }
    }
    return List.copyOf(cuts);
  }

  /** What becomes of the points that do not fill a vector. */
  enum Remainder {
    /** There are none. */
    NONE,
    /** One at a time. */
    SINGLE,
    /** The last vector ends at the end, and visits points again. */
    REPEAT
  }

  private static void vectors(
      KernelBuilder k, Value from, Value to, int lanes, boolean mayRepeat, BiConsumer<Value, Integer> body) {
    boolean whole = from instanceof Value.Constant a && to instanceof Value.Constant b
        && (b.bits() - a.bits()) % lanes == 0;
    vectors(k, from, to, lanes, whole ? Remainder.NONE : mayRepeat ? Remainder.REPEAT : Remainder.SINGLE, body);
  }

  /** The points from {@code from} to {@code to}, which are at least {@code lanes} if they repeat, as vectors. */
  static void vectors(KernelBuilder k, Value from, Value to, int lanes, Remainder remainder,
      BiConsumer<Value, Integer> body) {
    if (lanes == 1) {
      k.loop("i", from, to, 1, i -> body.accept(i, 1));
      return;
    }
    switch (remainder) {
      case NONE -> k.loop("i", from, to, lanes, i -> body.accept(i, lanes));
      case REPEAT -> k.loop("v", from, to, lanes,
          v -> body.accept(k.let("i", Values.min(v, Values.sub(to, Values.index(lanes)))), lanes));
      case SINGLE -> {
        Value whole = k.let("whole",
            Values.add(from, Values.mul(Values.div(Values.sub(to, from), lanes), lanes)));
        k.loop("i", from, whole, lanes, i -> body.accept(i, lanes));
        k.loop("i", whole, to, 1, i -> body.accept(i, 1));
      }
    }
  }
}
