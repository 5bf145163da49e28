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
import org.lathe.hal.spec.Contraction;

/**
 * Matrix products for cores with wide vectors. A work item takes a block of the output: it packs the panels of the
 * columns' factor, whose lanes are columns, and goes over the rows in register tiles, which multiply single elements of
 * the rows' factor with the panel's vectors.
 *
 * <p>A tile at the edge begins early enough to be whole; what it computes again is not stored again.
 */
final class CpuContraction {
  private final Contraction spec;
  private final CpuContractionTuning t;
  private final Factors f;
  private final Site site;
  private final LaunchBuilder k;
  private final DType compute;
  private final int lanes;
  private final long tileColumns;
  private final Memory rowMemory;
  private final Memory columnMemory;
  private final Finish finish;

  private CpuContraction(Contraction spec, Site site, CpuContractionTuning tuning) {
    this.spec = spec;
    this.site = site;
    this.t = tuning;
    this.f = new Factors(spec, tuning.swapped());
    this.k = new LaunchBuilder("contraction", spec, site);
    this.compute = spec.accumulator();
    this.lanes = ProductTile.lanes(site.traits(), compute);
    this.tileColumns = (long) t.vectors() * lanes;
    this.rowMemory = k.input(f.rowInput(), "rows");
    this.columnMemory = k.input(f.columnInput(), "columns");
    this.finish = t.split() > 1
        ? Finish.store(k, compute, partSpace())
        : Finish.of(k, spec.epilogue(), spec.space(), 2);
  }

  static KernelPlan plan(Contraction spec, Site site, CpuContractionTuning tuning) {
    return new CpuContraction(spec, site, tuning).plan();
  }

  private Dims partSpace() {
    return Dims.of(t.split()).append(spec.space());
  }

  private KernelPlan plan() {
    long rowBlocks = Math.ceilDiv(f.rows(), t.blockRows());
    long columnBlocks = Math.ceilDiv(f.columns(), t.panels() * tileColumns);
    Dims groups = Dims.of(t.split()).append(spec.batch()).append(Dims.of(rowBlocks, columnBlocks));
    List<Value> group = Accesses.coordinates(k, Values.groupId(0), groups);
    int rank = spec.batch().rank();
    new Block(group.getFirst(), group.subList(1, 1 + rank), group.get(1 + rank), group.get(2 + rank)).write();
    Launch launch = k.launch(groups.product(), 1);
    String variant = "tiles of " + t.rows() + "x" + tileColumns + " in blocks of " + t.blockRows() + "x"
        + t.panels() * tileColumns + "x" + t.depth();
    if (t.split() == 1) {
      return KernelPlan.of(variant, launch);
    }
    Launch sum = SplitSum.launch(spec, site, t.split(), compute, spec.space(), spec.epilogue());
    return new KernelPlan(variant + ", split in " + t.split(), List.of(launch, sum),
        List.of(partSpace().product() * compute.bytes()));
  }

  /** What one work item does. */
  private final class Block {
    private final Value part;
    private final List<Value> batch;
    private final Value firstRow;
    private final Value endRow;
    private final Value firstPanel;
    private final Value panelCount;
    /** Elements of half types are widened once. */
    private final boolean packsRows = f.rowDepthStride() != 1 || spec.a().dtype() != compute;
    private final boolean rowByRow = f.rowDepthStride() == 1;
    private final boolean packsColumns = t.packs();
    private final long steps = Math.ceilDiv(spec.k(), t.depth() * t.split());
    private final Memory panels = packsColumns
        ? k.local("panels", compute, t.panels() * t.depth() * tileColumns)
        : columnMemory;
    private final Memory left = packsRows ? k.local("left", compute, t.depth() * t.rows()) : rowMemory;
    private final long tiles = steps > 1 ? Math.ceilDiv(t.blockRows(), t.rows()) * t.panels() : 1;
    private final Memory sums = k.local("sums", compute, tiles * t.rows() * tileColumns);

    Block(Value part, List<Value> batch, Value rowBlock, Value columnBlock) {
      this.part = part;
      this.batch = batch;
      this.firstRow = k.let("first_row", Values.mul(rowBlock, t.blockRows()));
      this.endRow = k.let("end_row", Values.min(Values.add(firstRow, t.blockRows()), Values.index(f.rows())));
      this.firstPanel = k.let("first_panel", Values.mul(columnBlock, t.panels()));
      Value left = Values.sub(Values.index(Math.ceilDiv(f.columns(), tileColumns)), firstPanel);
      this.panelCount = k.let("panel_count", Values.min(Values.index(t.panels()), left));
    }

    void write() {
      if (steps == 1) {
        step(Values.mul(part, t.depth()), Values.bool(true), Values.bool(true));
        return;
      }
      Value from = k.let("from", Values.mul(part, steps * t.depth()));
      k.loop("step", steps, step -> step(
          k.let("term", Values.add(from, Values.mul(step, t.depth()))),
          Values.equal(step, 0),
          Values.equal(step, steps - 1)));
    }

    /** Adds the terms from {@code first} on, at most a block's depth of them. */
    private void step(Value first, Value isFirst, Value isLast) {
      Value count = k.let("terms", Values.min(
          Values.index(t.depth()), Values.max(Values.index(0), Values.sub(Values.index(spec.k()), first))));
      if (packsColumns) {
        eachPanel((p, column) -> packColumns(first, count, column, panelAt(p)));
      }
      k.loop("row", firstRow, endRow, t.rows(), row -> {
        Value start = k.let("start", Values.min(row, Values.index(f.rows() - t.rows())));
        if (packsRows) {
          packRows(first, count, start);
        }
        eachPanel((p, column) -> {
          ProductTile tile = new ProductTile(k, compute, t.rows(), t.vectors(), lanes);
          Value number = Values.add(Values.mul(Values.div(Values.sub(row, firstRow), t.rows()), t.panels()), p);
          Value saved = steps == 1 ? Values.index(0) : k.let("saved", Values.mul(number, t.rows() * tileColumns));
          if (steps > 1) {
            k.when(isFirst, () -> {}, () -> tile.load(sums, saved, tileColumns));
          }
          multiply(tile, first, count, start, column, p);
          tile.store(sums, saved, tileColumns);
          k.when(isLast, () -> finish(saved, row, start, p, column));
        });
      });
    }

    private interface PanelBody {
      void write(Value panel, Value column);
    }

    private void eachPanel(PanelBody body) {
      long last = Math.max(0, f.columns() - tileColumns);
      k.loop("p", Values.index(0), panelCount, 1, p -> {
        Value nominal = Values.mul(Values.add(firstPanel, p), tileColumns);
        body.write(p, k.let("column", Values.min(nominal, Values.index(last))));
      });
    }

    private Value panelAt(Value p) {
      return k.let("panel", Values.mul(p, t.depth() * tileColumns));
    }

    private void multiply(ProductTile tile, Value first, Value count, Value start, Value column, Value p) {
      Value right = packsColumns ? panelAt(p) : k.let("right", f.columnElement(batch, column, first));
      Value leftAt = packsRows ? Values.index(0) : k.let("left_at", f.rowElement(batch, start, first));
      long rightStep = packsColumns ? tileColumns : f.columnDepthStride();
      long leftStep = rowByRow ? 1 : t.rows();
      long rowStep = !packsRows ? f.rowStride() : rowByRow ? t.depth() : 1;
      k.loop("l", Values.index(0), count, 1, l -> {
        Value v = k.let("v_at", Values.add(right, Values.mul(wide(l, right), rightStep)));
        List<Value> vectors = new ArrayList<>();
        for (int c = 0; c < t.vectors(); c++) {
          vectors.add(k.let("v", Values.load(panels, Values.add(v, (long) c * lanes), lanes, packsColumns)));
        }
        Value x = k.let("x_at", Values.add(leftAt, Values.mul(l, leftStep)));
        List<Value> scalars = new ArrayList<>();
        for (int r = 0; r < t.rows(); r++) {
          scalars.add(Values.load(left, Values.add(x, r * rowStep)));
        }
        tile.add(scalars, vectors);
      });
    }

    private void finish(Value saved, Value row, Value start, Value p, Value column) {
      Value nominal = Values.mul(Values.add(firstPanel, p), tileColumns);
      Value from = k.let("from", Values.sub(nominal, column));
      Value to = k.let("to", Values.min(Values.index(tileColumns), Values.sub(Values.index(f.columns()), column)));
      k.loop("r", Values.sub(row, start), Values.index(t.rows()), 1, r -> {
        List<Value> at = f.point(batch, k.let("i", Values.add(start, r)), column);
        int dim = f.columnDim();
        if (t.split() > 1) {
          at.addFirst(part);
          dim++;
        }
        finish.writeRow(sums, Values.add(saved, Values.mul(r, tileColumns)), at, dim, from, to, lanes);
      });
    }

    /** Copies the columns from {@code column} on: the panel's columns side by side, term after term. */
    private void packColumns(Value first, Value count, Value column, Value to) {
      if (f.columnStride() == 1 && f.columns() >= tileColumns) {
        k.loop("l", Values.index(0), count, 1, l -> {
          Value source = k.let("source", f.columnElement(batch, column, Values.add(first, l)));
          Value target = k.let("target", Values.add(to, Values.mul(l, tileColumns)));
          for (int c = 0; c < t.vectors(); c++) {
            Value v = Values.load(columnMemory, Values.add(source, (long) c * lanes), lanes, false);
            k.store(panels, Values.add(target, (long) c * lanes), v, true);
          }
        });
        return;
      }
      k.loop("j", tileColumns, j -> {
        Value there = k.let("there", Values.add(column, j));
        Value target = k.let("target", Values.add(to, j));
        Value inside = f.columns() >= tileColumns ? Values.bool(true) : Values.less(there, f.columns());
        k.when(inside,
            () -> k.loop("l", Values.index(0), count, 1, l -> k.store(
                panels, Values.add(target, Values.mul(l, tileColumns)),
                Values.load(columnMemory, f.columnElement(batch, there, Values.add(first, l))))),
            () -> k.loop("l", Values.index(0), count, 1, l -> k.store(
                panels, Values.add(target, Values.mul(l, tileColumns)), Values.constant(compute, 0))));
      });
    }

    private void copy(Value source, Value target, Value at, int width) {
      k.store(left, Values.add(target, at), Values.load(rowMemory, Values.add(source, at), width, false));
    }

    /** Copies the rows from {@code start} on, term after term, or row after row where terms follow each other. */
    private void packRows(Value first, Value count, Value start) {
      if (rowByRow) {
        k.loop("r", t.rows(), r -> {
          Value source = k.let("source", f.rowElement(batch, Values.add(start, r), first));
          Value target = k.let("target", Values.mul(r, t.depth()));
          Value whole = k.let("whole", Values.mul(Values.div(count, lanes), lanes));
          k.loop("l", Values.index(0), whole, lanes, l -> copy(source, target, l, lanes));
          k.loop("l", whole, count, 1, l -> copy(source, target, l, 1));
        });
        return;
      }
      boolean vectors = f.rowStride() == 1;
      k.loop("l", Values.index(0), count, 1, l -> {
        Value source = k.let("source", f.rowElement(batch, start, Values.add(first, l)));
        Value target = k.let("target", Values.mul(l, t.rows()));
        for (int r = 0; r < t.rows();) {
          int width = vectors ? Math.min(lanes, Integer.highestOneBit(t.rows() - r)) : 1;
          Value x = Values.load(rowMemory, Values.add(source, r * f.rowStride()), width, false);
          k.store(left, Values.add(target, r), x);
          r += width;
        }
      });
    }

    /** The counter in the type that the address needs. */
    private static Value wide(Value counter, Value address) {
      return Values.cast(counter, address.type().dtype());
    }
  }
}
