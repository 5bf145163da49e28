package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.View;

/**
 * A reduction for one box of kept points. A unit of work is a run of kept points along one dimension; where there are
 * few units, each is cut into chunks of the reduced space, at places that the shape alone decides, whose results are
 * combined in order afterwards.
 */
final class ReduceNest {
  /** Reduced points after which a column's sum is moved to a second one, so that rounding errors stay small. */
  private static final int ROWS_OF_A_BLOCK = 64;

  private static final int COLUMNS = 1024;
  private static final int RESULTS = 256;
  /** Points that are worth a chunk of their own. */
  private static final long CHUNK_POINTS = 32_768;
  private static final int ENOUGH_UNITS = 32;

  private final List<Fold> folds;
  private final Fold[] fold;
  private final boolean columns;
  private final ReduceTerm[] terms;
  private final long reducedUnits;
  private final boolean blocked;

  private final int producerSlots;
  private final int inputs;
  private final int indices;
  private final int keptSlots;
  private final int q;
  private final int[] operandOf;
  private final long[] keptStart;
  private final Odometer kept;
  private final int keptRank;
  private final long line;
  private final int width;
  private final long units;
  private final int chunks;
  private final int longs;

  private final Loop epilogue;
  private final int epilogueSlots;
  private final @Nullable Loop merge;
  private final int rows;
  private final int[] rowOf;
  private final long laneBytes;
  private final double cost;
  private final String variant;

  /**
   * @param low the first kept point
   * @param sizes the size of the box of kept points
   * @param boxes the boxes over the whole space that share these kept points
   */
  ReduceNest(Reduce spec, long[] low, long[] sizes, List<Boxes.Box> boxes) {
    folds = new ArrayList<>();
    for (int j = 0; j < spec.combiners().size(); j++) {
      folds.add(Fold.of(spec.combiners().get(j), spec.producer().resultType(j)));
    }
    fold = folds.toArray(Fold[]::new);
    rows = Exprs.rows(folds);
    rowOf = new int[fold.length];
    List<DType> types = spec.inputViews().stream().map(View::dtype).toList();
    inputs = types.size();
    int keptRank0 = spec.kept().rank();
    int[] indexDims = LoopSpec.indexDims(spec.producer());
    indices = indexDims.length;
    int args = (int) folds.stream().filter(Fold::isArg).count();

    Nest k = ReduceSlots.keptNest(spec, low, sizes, indexDims);
    k = k.normalised(inputs > 0 ? ReduceSlots.mainInput(spec) : k.slots() - 1).atLeastOne();
    List<DType> keptTypes = new ArrayList<>(types);
    Nest byColumn = k.innermost(ReduceTerm.bestLine(k, keptTypes));

    long points = spec.space().product();
    long keptPoints = k.points();
    long reduced = boxes.stream().mapToLong(b -> ReduceSlots.reducedPoints(b, keptRank0)).sum();
    boolean vector = points >= 64;
    // The odometers' positions lie behind the loop's slots and the kept slots.
    keptSlots = k.slots();
    int loopSlots = Math.max(inputs + 2 * rows + indices + 1, inputs + fold.length + indices + args);
    epilogueSlots = keptSlots - inputs - indices + fold.length;
    q = Math.max(Math.max(loopSlots, epilogueSlots), 3 * rows);
    int termAt = q + keptSlots + k.rank() + 1;

    List<ReduceTerm> asLines = new ArrayList<>();
    List<ReduceTerm> asColumns = new ArrayList<>();
    long[] columnStep = byColumn.steps()[byColumn.rank() - 1];
    for (Boxes.Box box : boxes) {
      if (ReduceSlots.reducedPoints(box, keptRank0) == 0) {
        continue;
      }
      Expr producer = box.expr(spec.producer(), spec.inputViews());
      asLines.add(ReduceTerm.line(
          ReduceSlots.reducedNest(spec, box, fold.length, indexDims, args), producer, types, folds, vector, termAt));
      Expr step = Exprs.accumulating(Exprs.widened(producer), inputs, folds, spec.space().rank());
      long[] lineStep = new long[inputs + 2 * rows + indices + (args > 0 ? 1 : 0)];
      System.arraycopy(columnStep, 0, lineStep, 0, inputs);
      System.arraycopy(columnStep, inputs, lineStep, inputs + 2 * rows, indices);
      asColumns.add(ReduceTerm.column(ReduceSlots.reducedNest(spec, box, 2 * rows, indexDims, args > 0 ? 1 : 0), step,
          types, folds,
          lineStep, vector, termAt));
    }
    long columnLine = byColumn.sizes()[byColumn.rank() - 1];
    double lineCost = keptPoints * 70.0;
    double columnCost = 0;
    for (int i = 0; i < asLines.size(); i++) {
      double share = keptPoints * ((double) reduced / asLines.size());
      lineCost += share * asLines.get(i).cost + keptPoints * asLines.get(i).units * 12.0;
      columnCost += share * asColumns.get(i).cost
          + asColumns.get(i).units * 12.0 * (keptPoints / Math.min(columnLine, COLUMNS));
    }
    columns = columnCost < lineCost;
    cost = Math.min(columnCost, lineCost);
    terms = (columns ? asColumns : asLines).toArray(ReduceTerm[]::new);
    reducedUnits = (columns ? asColumns : asLines).stream().mapToLong(t -> t.units).sum();
    blocked = columns && reducedUnits > ROWS_OF_A_BLOCK
        && folds.stream().anyMatch(f -> f.combiner() == Combiner.SUM && f.type().isFloating());
    producerSlots = columns ? inputs + 2 * rows + indices + (args > 0 ? 1 : 0) : inputs + fold.length + indices + args;

    Nest n = columns ? byColumn : k;
    line = n.sizes()[n.rank() - 1];
    width = (int) Math.min(line, columns ? COLUMNS : Math.clamp(CHUNK_POINTS / Math.max(1, reduced), 1, RESULTS));
    Nest keptUnits = n.segmented(Math.max(1, width));
    kept = new Odometer(keptUnits, q, q + keptSlots);
    keptRank = keptUnits.rank();
    keptStart = n.start();
    units = keptUnits.points();
    chunks = units >= ENOUGH_UNITS || reduced == 0
        ? 1
        : (int) Math.min(Math.clamp(keptPoints * reduced / CHUNK_POINTS, 1, ENOUGH_UNITS / Math.max(1, units)),
            Math.max(1, reducedUnits));
    longs = termAt + Arrays.stream(terms).mapToInt(t -> t.odometer.positionLongs()).max().orElse(0);
    operandOf = ReduceSlots.operands(spec, keptSlots);

    long[] lineStep = n.steps()[n.rank() - 1];
    int first = inputs + indices;
    List<LoopSpec.Input> in = new ArrayList<>();
    folds.forEach(f -> in.add(new LoopSpec.Input(f.resultType(), 1)));
    int slot = first;
    for (View v : spec.epilogueInputs()) {
      in.add(new LoopSpec.Input(v.dtype(), lineStep[slot++] / v.dtype().bytes()));
    }
    List<LoopSpec.Output> out = new ArrayList<>();
    for (View v : spec.outputViews()) {
      out.add(LoopSpec.store(v.dtype(), line == 1 ? 1 : lineStep[slot] / v.dtype().bytes()));
      slot++;
    }
    List<Long> steps = new ArrayList<>();
    for (; slot < lineStep.length; slot++) {
      steps.add(lineStep[slot]);
    }
    epilogue = LoopCompiler.compile(
        LoopSpec.of(Exprs.finishing(spec.epilogue(), folds), in, out, steps, vector && line >= 16));
    merge = columns && (blocked || chunks > 1) ? mergeLoop(vector) : null;
    int row = 0;
    for (int j = 0; j < fold.length; j++) {
      rowOf[j] = columns ? row + (fold[j].isArg() ? 1 : 0) : j;
      row += fold[j].isArg() ? 2 : 1;
    }
    laneBytes = folds.stream().mapToLong(f -> (f.laneBytes() + 63L) / 64 * 64).sum();
    variant = keptPoints + " x " + reduced + (columns ? " by columns of " : " by lines, results ") + width
        + (chunks > 1 ? ", " + chunks + " chunks" : "")
        + (terms.length > 0 && terms[0].vector ? ", vector" : ", scalar");
  }

  private Loop mergeLoop(boolean vector) {
    List<LoopSpec.Input> in = new ArrayList<>();
    List<LoopSpec.Output> out = new ArrayList<>();
    List<DType> types = ReduceTerm.rowTypes(folds);
    for (int i = 0; i < 2; i++) {
      types.forEach(t -> in.add(new LoopSpec.Input(t, 1)));
    }
    types.forEach(t -> out.add(LoopSpec.store(t, 1)));
    return LoopCompiler.compile(LoopSpec.of(Exprs.merging(folds), in, out, List.of(), vector));
  }

  double cost() {
    return cost;
  }

  boolean isChunked() {
    return chunks > 1;
  }

  int scratchLongs() {
    return longs;
  }

  long workerScratch() {
    long rowBytes = (long) width * 8;
    return laneBytes + 64 + fold.length * 64L + 2 * Math.max(rows, fold.length) * rowBytes;
  }

  long sharedScratch() {
    return chunks > 1 ? units * chunks * partialBytes() : 0;
  }

  /** Bytes of the partial results of one chunk of one unit: rows in the column form, else totals. */
  private long partialBytes() {
    return columns ? (long) rows * width * 8 : (long) fold.length * width * Fold.TOTAL_BYTES;
  }

  String variant() {
    return variant;
  }

  /** Reduces this worker's share: whole units to their results, or chunks to partial results. */
  void reduce(long[] operands, Run run, long[] a, int worker, int workers) {
    long tasks = units * chunks;
    long from = tasks * worker / workers;
    long to = tasks * (worker + 1) / workers;
    long scratch = run.workerScratch(worker);
    long at = -1;
    for (long t = from; t < to; t++) {
      long unit = t / chunks;
      int chunk = (int) (t % chunks);
      if (unit != at) {
        seek(operands, a, unit);
        at = unit;
      }
      int n = points(a);
      long first = reducedUnits * chunk / chunks;
      long end = reducedUnits * (chunk + 1) / chunks;
      long combined = scratch + laneBytes + fold.length * 64L;
      long partial = chunks > 1 ? run.sharedScratch() + t * partialBytes() : combined;
      if (columns) {
        long block = combined + (long) rows * width * 8;
        reduceColumns(a, n, first, end, partial, block);
      } else {
        reduceLines(a, n, first, end, scratch, partial);
      }
      if (chunks == 1) {
        finish(a, n, combined);
      }
    }
  }

  /** Combines the chunks of this worker's units. All workers have reduced before. */
  void combine(long[] operands, Run run, long[] a, int worker, int workers) {
    long combined = run.workerScratch(worker) + laneBytes + fold.length * 64L;
    for (long unit = units * worker / workers; unit < units * (worker + 1) / workers; unit++) {
      seek(operands, a, unit);
      int n = points(a);
      long partials = run.sharedScratch() + unit * chunks * partialBytes();
      if (columns) {
        for (int c = 1; c < chunks; c++) {
          mergeRows(a, partials, partials + c * partialBytes(), n);
        }
        finish(a, n, partials);
      } else {
        for (int i = 0; i < n; i++) {
          for (int j = 0; j < fold.length; j++) {
            long total = partials + ((long) i * fold.length + j) * Fold.TOTAL_BYTES;
            for (int c = 1; c < chunks; c++) {
              fold[j].merge(total + c * partialBytes(), total);
            }
            store(j, i, total, combined);
          }
        }
        finish(a, n, combined);
      }
    }
  }

  private void seek(long[] operands, long[] a, long unit) {
    for (int k = 0; k < keptSlots; k++) {
      a[q + k] = keptStart[k] + (operandOf[k] >= 0 ? operands[operandOf[k]] : 0);
    }
    kept.seek(a, unit);
  }

  private int points(long[] a) {
    return (int) Math.min(width, line - kept.index(a, keptRank - 1) * width);
  }

  /** Puts a term's slots for reduced unit {@code unit} at the head of the array, {@code results} not yet among them. */
  private void begin(long[] a, ReduceTerm term, int results) {
    for (int k = 0; k < producerSlots; k++) {
      a[k] = term.start[k];
    }
    for (int k = 0; k < inputs; k++) {
      a[k] += a[q + k];
    }
    for (int k = 0; k < indices; k++) {
      a[inputs + results + k] += a[q + inputs + k];
    }
  }

  private void reduceColumns(long[] a, int n, long first, long end, long target, long block) {
    resetRows(target, n);
    long done = 0;
    for (ReduceTerm term : terms) {
      long from = Math.max(0, first - done);
      long to = Math.min(term.units, end - done);
      done += term.units;
      while (from < to) {
        long stop = blocked ? Math.min(to, from + ROWS_OF_A_BLOCK) : to;
        long into = blocked ? block : target;
        if (blocked) {
          resetRows(block, n);
        }
        begin(a, term, 2 * rows);
        for (int r = 0; r < rows; r++) {
          a[inputs + r] = into + (long) r * width * 8;
          a[inputs + rows + r] = into + (long) r * width * 8;
        }
        term.odometer.seek(a, from);
        for (long u = from; u < stop; u++) {
          term.loop.run(a, n);
          term.odometer.next(a);
        }
        if (blocked) {
          mergeRows(a, target, block, n);
        }
        from = stop;
      }
    }
  }

  private void resetRows(long target, int n) {
    long row = target;
    for (Fold f : fold) {
      f.fill(row, n);
      row += (long) width * 8;
      if (f.isArg()) {
        Memory.fill(row, 4L * n, (byte) 0);
        row += (long) width * 8;
      }
    }
  }

  private void mergeRows(long[] a, long into, long from, int n) {
    for (int r = 0; r < rows; r++) {
      a[r] = into + (long) r * width * 8;
      a[rows + r] = from + (long) r * width * 8;
      a[2 * rows + r] = a[r];
    }
    if (merge != null) {
      merge.run(a, n);
    }
  }

  private void reduceLines(long[] a, int n, long first, long end, long scratch, long target) {
    long totals = scratch + laneBytes;
    for (int i = 0; i < n; i++) {
      if (chunks > 1) {
        totals = target + (long) i * fold.length * Fold.TOTAL_BYTES;
      }
      long lanes = scratch;
      for (int j = 0; j < fold.length; j++) {
        fold[j].resetLanes(lanes);
        fold[j].resetTotal(totals + (long) j * Fold.TOTAL_BYTES);
        lanes += (fold[j].laneBytes() + 63L) / 64 * 64;
      }
      foldPoint(a, first, end, scratch, totals);
      if (chunks == 1) {
        for (int j = 0; j < fold.length; j++) {
          store(j, i, totals + (long) j * Fold.TOTAL_BYTES, target);
        }
      }
      advanceKept(a);
    }
    retreatKept(a, n);
  }

  private void foldPoint(long[] a, long first, long end, long lanes, long totals) {
    long done = 0;
    long pending = 0;
    for (ReduceTerm term : terms) {
      long from = Math.max(0, first - done);
      long to = Math.min(term.units, end - done);
      done += term.units;
      if (from >= to) {
        continue;
      }
      begin(a, term, fold.length);
      long address = lanes;
      for (int j = 0; j < fold.length; j++) {
        a[inputs + j] = address;
        address += (fold[j].laneBytes() + 63L) / 64 * 64;
      }
      term.odometer.seek(a, from);
      for (long u = from; u < to; u++) {
        int n = term.points(a);
        if (pending + n > Fold.BLOCK && pending > 0) {
          flush(lanes, totals, true);
          pending = 0;
        }
        term.loop.run(a, n);
        pending += n;
        term.odometer.next(a);
      }
    }
    if (pending > 0) {
      flush(lanes, totals, false);
    }
  }

  private void flush(long lanes, long totals, boolean again) {
    long address = lanes;
    for (int j = 0; j < fold.length; j++) {
      fold[j].flush(address, totals + (long) j * Fold.TOTAL_BYTES);
      if (again) {
        fold[j].resetLanes(address);
      }
      address += (fold[j].laneBytes() + 63L) / 64 * 64;
    }
  }

  private void advanceKept(long[] a) {
    for (int k = 0; k < inputs + indices; k++) {
      a[q + k] += keptLineStep(k);
    }
  }

  private void retreatKept(long[] a, int n) {
    for (int k = 0; k < inputs + indices; k++) {
      a[q + k] -= n * keptLineStep(k);
    }
  }

  private long keptLineStep(int k) {
    return kept.step(keptRank - 1, k) / Math.max(1, width);
  }

  private void store(int j, int i, long total, long combined) {
    fold[j].store(total, combined + (long) rowOf[j] * width * 8 + (long) i * fold[j].resultType().bytes());
  }

  private void finish(long[] a, int n, long combined) {
    for (int j = 0; j < fold.length; j++) {
      a[j] = combined + (long) rowOf[j] * width * 8;
    }
    System.arraycopy(a, q + inputs + indices, a, fold.length, epilogueSlots - fold.length);
    epilogue.run(a, n);
  }
}
