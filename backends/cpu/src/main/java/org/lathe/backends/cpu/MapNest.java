package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;

/**
 * An elementwise nest without guards: a loop along the best dimension, driven over all others. Inputs that are dense
 * along another dimension than the outputs are first copied, tile by tile, into the worker's scratch memory, so that the
 * loop reads everything densely and each cache line is fetched once. Short lines that are only copied, as where heads are
 * taken apart, are copied many at a time: a call of the loop takes several times as long as one of them.
 */
final class MapNest {
  /** Points of a line that one call of the loop evaluates. */
  private static final int SEGMENT = 4096;
  private static final int TILE_ROWS = 64;
  private static final int TILE_COLUMNS = 64;
  /** A strided input is worth a copy if the vector loop saves more than the copy costs. */
  private static final int OPERATIONS_WORTH_A_COPY = 8;
  /** Of a call of the loop. */
  private static final double CALL_NANOSECONDS = 15;
  /** Longer lines are as well copied by the loop. */
  private static final int SHORT_LINE = 256;

  private final Loop loop;
  private final int operands;
  private final int inputs;
  private final long[] start;
  /** Over the outer dimensions, then segments of the line, then blocks of rows. */
  private final Odometer odometer;
  private final long units;
  private final int rank;
  private final long line;
  private final int segment;
  private final long rows;
  private final int blockRows;
  private final long[] rowStep;
  private final long[] lineStep;
  private final int[] staged;
  /** Where rows of short lines are copied in one go: the input of each output. Empty elsewhere. */
  private final int[] copied;
  private final int[] bytes;
  private final int slots;
  private final double cost;
  private final String variant;

  /**
   * @param nest its slots are those of the loop of {@code expr}: inputs, outputs, indices
   */
  MapNest(Nest nest, Expr expr, List<DType> inputTypes, List<DType> outputTypes, boolean vector) {
    inputs = inputTypes.size();
    operands = inputs + outputTypes.size();
    bytes = new int[operands];
    for (int k = 0; k < operands; k++) {
      bytes[k] = (k < inputs ? inputTypes.get(k) : outputTypes.get(k - inputs)).bytes();
    }
    Nest n = nest.normalised(inputs).atLeastOne();
    n = n.innermost(bestLine(n));
    int last = n.rank() - 1;
    lineStep = n.steps()[last];
    line = n.sizes()[last];
    boolean[] stage = new boolean[inputs];
    int tile = vector ? stage(n, expr, stage) : -1;
    if (tile >= 0) {
      n = n.innermost(tile).innermost(last - 1);
    }
    copied = vector && tile < 0 && last > 0 && line <= SHORT_LINE ? copies(expr, inputTypes, outputTypes) : new int[0];
    boolean tiled = tile >= 0 || copied.length > 0;
    List<Integer> list = new ArrayList<>();
    for (int k = 0; k < inputs; k++) {
      if (stage[k]) {
        list.add(k);
      }
    }
    staged = list.stream().mapToInt(k -> k).toArray();
    rows = tiled ? n.sizes()[last - 1] : 1;
    rowStep = tiled ? n.steps()[last - 1] : new long[n.slots()];
    blockRows = (int) (tiled ? Math.min(rows, TILE_ROWS) : 1);
    segment = (int) Math.min(line, staged.length > 0 ? TILE_COLUMNS : SEGMENT);
    start = n.start();
    slots = n.slots();
    Nest blocks = blocks(n, tiled ? last - 1 : last);
    rank = blocks.rank();
    odometer = new Odometer(blocks, 0, slots + staged.length);
    units = blocks.points();
    LoopSpec spec = spec(expr, inputTypes, outputTypes, stage, vector);
    loop = LoopCompiler.compile(spec);
    double moved = IntStream.range(0, operands).filter(k -> lineStep[k] != 0).mapToDouble(k -> bytes[k]).sum();
    double computed = LoopCompiler.cost(spec) + staged.length * 0.5;
    double calls = copied.length > 0 ? 0 : (double) n.points() / segment;
    cost = n.points() * Math.max(computed, moved / MapKernel.MOVED_PER_NANOSECOND) + calls * CALL_NANOSECONDS;
    variant = n.points() + " points in lines of " + line
        + (copied.length > 0 ? ", copied by " + blockRows : tiled ? ", tiles of " + blockRows + " x " + segment : "")
        + (LoopCompiler.isVector(spec) ? ", vector" : ", scalar");
  }

  /** The input that each output is a copy of, if all are dense copies of 32 bits; else nothing. */
  private int[] copies(Expr expr, List<DType> inputTypes, List<DType> outputTypes) {
    int[] of = new int[operands - inputs];
    for (int j = 0; j < of.length; j++) {
      if (!(expr.nodes().get(expr.results().get(j)) instanceof Expr.Input in)
          || inputTypes.get(in.index()) != outputTypes.get(j) || bytes[inputs + j] != 4
          || lineStep[in.index()] != 4 || lineStep[inputs + j] != 4) {
        return new int[0];
      }
      of[j] = in.index();
    }
    return of;
  }

  /** The dimension along which the most operands are dense; outputs count more, and short lines cost their call. */
  private int bestLine(Nest n) {
    int best = 0;
    double least = Double.MAX_VALUE;
    for (int d = n.rank() - 1; d >= 0; d--) {
      double c = 40.0 / n.sizes()[d];
      for (int k = 0; k < operands; k++) {
        long step = n.steps()[d][k];
        if (step != bytes[k] && (k >= inputs || step != 0)) {
          c += k >= inputs ? 8 : 3;
        }
      }
      if (c < least) {
        least = c;
        best = d;
      }
    }
    return best;
  }

  /** Marks the inputs to copy; gives the dimension of the tiles' rows, or -1 for none. */
  private int stage(Nest n, Expr expr, boolean[] stage) {
    int last = n.rank() - 1;
    for (int k = inputs; k < operands; k++) {
      if (lineStep[k] != bytes[k]) {
        return -1;
      }
    }
    int rowsAlong = -1;
    int found = 0;
    for (int k = 0; k < inputs; k++) {
      boolean strided = lineStep[k] != 0 && lineStep[k] != bytes[k];
      for (int d = 0; d < last && strided; d++) {
        if (Math.abs(n.steps()[d][k]) == bytes[k] && n.sizes()[d] >= 4 && (rowsAlong < 0 || rowsAlong == d)) {
          rowsAlong = d;
        }
      }
      stage[k] = strided;
      found += strided ? 1 : 0;
    }
    if (found == 0 || rowsAlong < 0 && expr.operations() < OPERATIONS_WORTH_A_COPY) {
      Arrays.fill(stage, false);
      return -1;
    }
    return rowsAlong;
  }

  /** The nest of units: outer dimensions, segments of lines, blocks of rows. */
  private Nest blocks(Nest n, int outer) {
    long[] sizes = Arrays.copyOf(n.sizes(), outer + 2);
    long[][] steps = Arrays.copyOf(n.steps(), outer + 2);
    // From tile to tile along the rows, the pages that a copied input comes from stay the same.
    sizes[outer] = (line + segment - 1) / segment;
    sizes[outer + 1] = (rows + blockRows - 1) / blockRows;
    steps[outer] = scaled(lineStep, segment);
    steps[outer + 1] = scaled(rowStep, blockRows);
    return new Nest(sizes, steps, n.start());
  }

  private static long[] scaled(long[] step, long by) {
    long[] s = step.clone();
    for (int k = 0; k < s.length; k++) {
      s[k] *= by;
    }
    return s;
  }

  private LoopSpec spec(
      Expr expr, List<DType> inputTypes, List<DType> outputTypes, boolean[] stage, boolean vector) {
    List<LoopSpec.Input> in = new ArrayList<>();
    for (int k = 0; k < inputs; k++) {
      in.add(new LoopSpec.Input(inputTypes.get(k), stage[k] ? 1 : lineStep[k] / bytes[k]));
    }
    List<LoopSpec.Output> out = new ArrayList<>();
    for (int k = inputs; k < operands; k++) {
      // A line of one point is dense.
      out.add(LoopSpec.store(outputTypes.get(k - inputs), line == 1 ? 1 : lineStep[k] / bytes[k]));
    }
    List<Long> steps = new ArrayList<>();
    for (int k = operands; k < lineStep.length; k++) {
      steps.add(lineStep[k]);
    }
    return LoopSpec.of(expr, in, out, steps, vector);
  }

  /** Nanoseconds that one worker takes, roughly. */
  double cost() {
    return cost;
  }

  int scratchLongs() {
    return slots + staged.length + rank;
  }

  long scratchBytes() {
    return (long) staged.length * TILE_ROWS * TILE_COLUMNS * 8;
  }

  String variant() {
    return variant;
  }

  /** Does a worker's share. {@code operands} are the addresses of the inputs, then of the outputs. */
  void part(long[] operandAddresses, long[] a, long scratch, int worker, int workers) {
    long from = units * worker / workers;
    long to = units * (worker + 1) / workers;
    if (from >= to) {
      return;
    }
    for (int k = 0; k < slots; k++) {
      a[k] = start[k] + (k < operands ? operandAddresses[k] : 0);
    }
    odometer.seek(a, from);
    for (long u = from; u < to; u++) {
      int n = (int) Math.min(segment, line - odometer.index(a, rank - 2) * segment);
      if (staged.length == 0 && blockRows == 1) {
        loop.run(a, n);
      } else {
        int m = (int) Math.min(blockRows, rows - odometer.index(a, rank - 1) * blockRows);
        if (copied.length > 0) {
          copy(a, m, n);
        } else {
          tile(a, scratch, m, n);
        }
      }
      odometer.next(a);
    }
  }

  private void copy(long[] a, int m, int n) {
    for (int j = 0; j < copied.length; j++) {
      int from = copied[j];
      int to = inputs + j;
      Packing.rows(true, a[from], rowStep[from], m, n, a[to], rowStep[to]);
    }
  }

  private void tile(long[] a, long scratch, int m, int n) {
    long at = scratch;
    for (int i = 0; i < staged.length; i++) {
      int k = staged[i];
      Tiles.copy(a[k], rowStep[k], lineStep[k], at, (long) n * bytes[k], bytes[k], m, n, bytes[k]);
      a[slots + i] = a[k];
      a[k] = at;
      at += (long) TILE_ROWS * TILE_COLUMNS * 8;
    }
    for (int r = 0; r < m; r++) {
      loop.run(a, n);
      for (int k = 0; k < slots; k++) {
        a[k] += rowStep[k];
      }
      for (int k : staged) {
        a[k] += (long) n * bytes[k] - rowStep[k];
      }
    }
    for (int k = 0; k < slots; k++) {
      a[k] -= m * rowStep[k];
    }
    for (int i = 0; i < staged.length; i++) {
      a[staged[i]] = a[slots + i];
    }
  }
}
