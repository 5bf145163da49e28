package org.lathe.backends.cpu;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Scatter;

/**
 * Combines rows into a table. Each worker owns a range of columns of all rows, or, where rows are too short for that, a
 * range of rows; so each element is combined by one worker, in the order of the indices. The floor is the table moved
 * once, each update and index read once.
 */
final class ScatterKernel implements Kernel {
  private static final int COLUMNS_OF_A_WORKER = 64;

  private final Scatter spec;
  private final int bytes;
  private final boolean wide;
  private final Loop combine;

  private ScatterKernel(Scatter spec) {
    this.spec = spec;
    DType t = spec.dtype();
    bytes = t.bytes();
    wide = spec.indexType() == DType.I64;
    Expr.Builder b = Expr.builder();
    int table = b.input(0, t);
    int update = b.input(1, t);
    Expr e = b.build(List.of(b.binary(Exprs.operation(spec.combiner()), table, update)));
    List<LoopSpec.Input> in = List.of(new LoopSpec.Input(t, 1), new LoopSpec.Input(t, 1));
    combine = LoopCompiler.compile(
        LoopSpec.of(e, in, List.of(LoopSpec.store(t, 1)), List.of(), spec.width() >= 16));
  }

  static Kernel of(Scatter spec) {
    return new ScatterKernel(spec);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    boolean byColumns = spec.width() >= (long) COLUMNS_OF_A_WORKER * workers;
    long base = operands[0];
    long indices = operands[spec.hasBase() ? 1 : 0];
    long updates = operands[spec.hasBase() ? 2 : 1];
    long table = operands[spec.hasBase() ? 3 : 2];
    long rows = spec.rows();
    long width = spec.width();
    long firstRow = byColumns ? 0 : rows * worker / workers;
    long endRow = byColumns ? rows : rows * (worker + 1) / workers;
    long firstColumn = byColumns ? width * worker / workers : 0;
    long endColumn = byColumns ? width * (worker + 1) / workers : width;
    long columns = endColumn - firstColumn;
    if (columns == 0 || firstRow == endRow) {
      return;
    }
    start(base, table, firstRow, endRow, firstColumn, columns);
    long[] a = run.longs(worker);
    for (long i = 0; i < spec.count(); i++) {
      long row = GatherKernel.row(indices, wide, i, rows);
      if (row >= firstRow && row < endRow) {
        a[0] = table + (row * width + firstColumn) * bytes;
        a[1] = updates + (i * width + firstColumn) * bytes;
        a[2] = a[0];
        combine.run(a, (int) columns);
      }
    }
  }

  /** Copies the worker's part of the base, or clears it. */
  private void start(long base, long table, long firstRow, long endRow, long firstColumn, long columns) {
    boolean whole = columns == spec.width();
    long lines = whole ? 1 : endRow - firstRow;
    long lineBytes = (whole ? (endRow - firstRow) * spec.width() : columns) * bytes;
    for (long i = 0; i < lines; i++) {
      long at = ((firstRow + i) * spec.width() + firstColumn) * bytes;
      if (!spec.hasBase()) {
        Memory.fill(table + at, lineBytes, (byte) 0);
      } else if (base != table) {
        Memory.copy(base + at, table + at, lineBytes);
      }
    }
  }

  @Override
  public int workers(int most) {
    double tableCost = spec.rows() * spec.width() * bytes / 8.0;
    return MapKernel.workers(tableCost + spec.count() * (10 + spec.width() * 0.2), most);
  }

  @Override
  public int scratchLongs() {
    return 3;
  }

  @Override
  public String variant() {
    return spec.count() + " rows of " + spec.width() + " into " + spec.rows();
  }
}
