package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.Contraction;

/**
 * Matrix products whose terms follow each other in both factors: the lanes are terms, nothing is packed, and the lanes
 * of each sum are added up in the end.
 */
final class CpuDots {
  private CpuDots() {}

  static boolean fits(Contraction spec, Traits traits) {
    Factors f = new Factors(spec, false);
    return f.rowDepthStride() == 1 && f.columnDepthStride() == 1
        && spec.k() >= ProductTile.lanes(traits, spec.accumulator());
  }

  static int tileRows(Contraction spec) {
    return tile(spec.m(), 4);
  }

  static int tileColumns(Contraction spec) {
    return tile(spec.n(), spec.m() < 4 ? 8 : 5);
  }

  private static int tile(long size, int most) {
    long tiles = Math.ceilDiv(size, most);
    return (int) Math.ceilDiv(size, tiles);
  }

  /** How many tiles of a row of tiles a work item takes. */
  static int blockTiles(Contraction spec, Traits traits, int rows, int columns) {
    long columnTiles = Math.ceilDiv(spec.n(), columns);
    long rowTiles = spec.batch().product() * Math.ceilDiv(spec.m(), rows);
    long items = Math.clamp(8L * traits.computeUnits() / rowTiles, 1, columnTiles);
    return (int) Math.ceilDiv(columnTiles, items);
  }

  /** An estimate of the work, in the units of {@link CpuContractionTuning#cost}. */
  static double cost(Contraction spec, Traits traits, int rows, int columns) {
    int lanes = ProductTile.lanes(traits, spec.accumulator());
    double tiles = (double) Math.ceilDiv(spec.m(), rows) * Math.ceilDiv(spec.n(), columns);
    double outer = (double) rows * columns;
    return tiles * (Math.ceilDiv(spec.k(), lanes) * Math.max(outer, 1.5 * (rows + columns)) + outer * 12);
  }

  static KernelPlan plan(Contraction spec, Site site, int rows, int columns, int blockTiles) {
    LaunchBuilder k = new LaunchBuilder("contraction", spec, site);
    DType compute = spec.accumulator();
    int lanes = ProductTile.lanes(site.traits(), compute);
    Factors f = new Factors(spec, false);
    Memory a = k.input(0, "a");
    Memory b = k.input(1, "b");
    Finish finish = Finish.of(k, spec.epilogue(), spec.space(), 2);
    Memory sums = k.local("sums", compute, (long) rows * columns);
    long columnTiles = Math.ceilDiv(spec.n(), columns);
    Dims groups = spec.batch().append(
        Dims.of(Math.ceilDiv(spec.m(), rows), Math.ceilDiv(columnTiles, blockTiles)));
    List<Value> group = Accesses.coordinates(k, Values.groupId(0), groups);
    int rank = spec.batch().rank();
    List<Value> batch = group.subList(0, rank);
    Value row = k.let("row", Values.mul(group.get(rank), rows));
    Value startRow = k.let("start_row", Values.min(row, Values.index(spec.m() - rows)));
    Value firstTile = k.let("first_tile", Values.mul(group.get(rank + 1), blockTiles));
    Value endTile = Values.min(Values.add(firstTile, blockTiles), Values.index(columnTiles));
    k.loop("tile", firstTile, endTile, 1, t -> {
      Value column = k.let("column", Values.mul(t, columns));
      Value startColumn = k.let("start_column", Values.min(column, Values.index(spec.n() - columns)));
      ProductTile tile = new ProductTile(k, compute, rows, columns, lanes);
      Value atA = k.let("at_a", f.rowElement(batch, startRow, Values.index(0)));
      Value atB = k.let("at_b", f.columnElement(batch, startColumn, Values.index(0)));
      long whole = spec.k() / lanes * lanes;
      k.loop("l", Values.index(0), Values.index(whole), lanes, l -> tile.add(
          vectors(k, a, Values.add(atA, l), rows, f.rowStride(), lanes, 0),
          vectors(k, b, Values.add(atB, l), columns, f.columnStride(), lanes, 0)));
      if (whole < spec.k()) {
        int seen = (int) (whole + lanes - spec.k());
        long last = spec.k() - lanes;
        tile.add(
            vectors(k, a, Values.add(atA, last), rows, f.rowStride(), lanes, seen),
            vectors(k, b, Values.add(atB, last), columns, f.columnStride(), lanes, seen));
      }
      for (int i = 0; i < rows * columns; i++) {
        k.store(sums, Values.index(i), total(k, tile.sum(i / columns, i % columns)));
      }
      k.loop("r", Values.sub(row, startRow), Values.index(rows), 1, r -> finish.writeRow(
          sums, Values.mul(r, columns), f.point(batch, k.let("i", Values.add(startRow, r)), startColumn),
          f.columnDim(), Values.sub(column, startColumn), Values.index(columns), 1));
    });
    return KernelPlan.of(
        "tiles of " + rows + "x" + columns + " dot products, " + blockTiles + " for a work item",
        k.launch(groups.product(), 1));
  }

  /** Loads of {@code count} vectors, {@code stride} elements apart; the first {@code seen} lanes are zero. */
  private static List<Value> vectors(
      LaunchBuilder k, Memory memory, Value at, int count, long stride, int lanes, int seen) {
    List<Value> vectors = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Value v = k.let("v", Values.load(memory, Values.add(at, i * stride), lanes, false));
      if (seen > 0) {
        Value fresh = Values.atLeast(Values.lanes(lanes), seen);
        v = k.let("v", Values.select(fresh, v, Values.constant(v.type().dtype(), 0)));
      }
      vectors.add(v);
    }
    return vectors;
  }

  /** The sum of the lanes, halves first. */
  static Value total(LaunchBuilder k, Value vector) {
    Value v = k.let("h", vector);
    for (int half = vector.type().lanes() / 2; half >= 1; half /= 2) {
      v = k.let("h", Values.binary(BinaryOp.ADD, lanes(v, 0, half), lanes(v, half, half)));
    }
    return v;
  }

  private static Value lanes(Value v, int from, int count) {
    List<Value> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      parts.add(Values.lane(v, from + i));
    }
    return Values.join(parts);
  }
}
