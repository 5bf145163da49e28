package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.PipelineTile.Axis;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Contraction;

/**
 * A matrix product as a pipeline: the sums of some rows by a vector of columns on the chip, and a block of the rows' factor
 * beside them. Each cycle one element of that block meets a vector of the other factor, which stays in registers while the
 * rows go by.
 */
final class PipelineContraction {
  private static final int MOST_ROWS = 64;
  private static final int MOST_DEPTH = 256;
  private static final int WIDE = 16;

  private final Contraction spec;
  private final Factors factors;
  private final LaunchBuilder k;
  private final long rows;
  private final int lanes;
  private final long depth;

  private PipelineContraction(Contraction spec, Site site) {
    Traits traits = site.traits();
    this.spec = spec;
    this.factors = new Factors(spec, false);
    this.k = new LaunchBuilder("contraction", spec, site);
    this.rows = PipelineTile.lanes(spec.m(), MOST_ROWS);
    this.lanes = PipelineTile.lanes(spec.n(), Math.max(1, traits.floatLanes()));
    long room = traits.localBytes() / 2 / spec.accumulator().bytes() / rows;
    this.depth = PipelineTile.lanes(Math.max(1, spec.k()), (int) Math.clamp(room, 1, MOST_DEPTH));
  }

  static KernelPlan plan(Contraction spec, Site site) {
    return new PipelineContraction(spec, site).plan();
  }

  private KernelPlan plan() {
    DType dtype = spec.accumulator();
    Memory a = k.input(0, "a");
    Memory b = k.input(1, "b");
    Finish finish = Finish.of(k, spec.epilogue(), spec.space(), 2);
    Memory block = k.local("block", dtype, rows * depth);
    PipelineTile tile = new PipelineTile(k, dtype, List.of(new Axis("i", rows)), lanes);
    long blocks = Math.ceilDiv(spec.k(), depth);
    k.loop("batch", spec.batch().product(), number -> {
      List<Value> batch = Accesses.coordinates(k, number, spec.batch());
      k.loop("row", Values.index(0), Values.index(spec.m()), rows, row -> {
        if (blocks == 1) {
          load(a, block, batch, row, Values.index(0));
        }
        k.loop("column", Values.index(0), Values.index(spec.n()), lanes, column -> {
          tile.clear();
          k.loop("from", Values.index(0), Values.index(spec.k()), depth, from -> {
            if (blocks > 1) {
              load(a, block, batch, row, from);
            }
            multiply(tile, block, b, batch, column, from);
          });
          tile.end(true, (sum, point, lane) -> {
            Value i = k.let("i", Values.add(row, point.getFirst()));
            Value j = k.let("j", Values.add(column, lane));
            k.when(
                Values.and(below(i, spec.m(), rows), below(j, spec.n(), lanes)),
                () -> finish.write(k.let("sum", sum), factors.point(batch, i, j)));
          });
        });
      });
    });
    return KernelPlan.of(
        "one work item, sums of " + rows + " rows by " + lanes + " columns on the chip, " + depth + " terms at a time",
        k.launch(1, 1));
  }

  /** Whether {@code i < count}, known where blocks of {@code block} have no rest. */
  private static Value below(Value i, long count, long block) {
    return count % block == 0 ? Values.bool(true) : Values.less(i, count);
  }

  private void load(Memory a, Memory block, List<Value> batch, Value row, Value from) {
    boolean rowsFollow = factors.rowDepthStride() != 1 && factors.rowStride() == 1;
    long outer = rowsFollow ? depth : rows;
    long inner = rowsFollow ? rows : depth;
    int wide = factors.rowDepthStride() == 1 || rowsFollow ? (int) Math.min(WIDE, inner) : 1;
    k.loop("o", outer, o -> k.loop("e", Values.index(0), Values.index(inner), 1, wide, e -> {
      Value i = rowsFollow ? e : o;
      Value l = rowsFollow ? o : e;
      Value atRow = k.let("r", Values.add(row, i));
      Value term = k.let("t", Values.add(from, l));
      Variable x = k.variable("x", Values.constant(spec.accumulator(), 0));
      k.when(
          Values.and(below(atRow, spec.m(), rows), below(term, spec.k(), depth)),
          () -> k.assign(x, Values.load(a, factors.rowElement(batch, atRow, term))));
      k.store(block, Values.add(Values.mul(i, depth), l), Values.read(x));
    }));
  }

  private void multiply(
      PipelineTile tile, Memory block, Memory b, List<Value> batch, Value column, Value from) {
    Value used = spec.k() % depth == 0
        ? Values.index(depth)
        : k.let("used", Values.min(Values.index(depth), Values.sub(Values.index(spec.k()), from)));
    tile.add(
        List.of(new Axis("l", depth)),
        used,
        (step, lane, into) -> {
          Value j = Values.add(column, lane.getFirst());
          k.when(
              below(j, spec.n(), lanes),
              () -> k.assign(into, Values.load(b, factors.columnElement(batch, j, Values.add(from, step.getFirst())))));
        },
        (step, point, into) -> k.assign(
            into, Values.load(block, Values.add(Values.mul(point.getFirst(), depth), step.getFirst()))));
  }
}
