package org.lathe.backends.cpu;

import org.lathe.hal.spec.Attention;

/**
 * The forward pass of {@link Attention}: a task is one batch, head and chunk of queries. For each tile of keys, packed
 * once a task, the queries go by in register tiles: scores, online softmax and weighted values while they are in the
 * first cache.
 */
final class AttentionForward extends AttentionKernel {
  private static final int MOST_QUERIES = 768;
  private static final int LEAST_QUERIES = 48;

  private final int mostQueries;
  private final long zeros;
  private final long spare;
  private final long queryRows;
  private final long sums;
  private final long states;
  private final long keyPanels;
  private final long valuePanels;
  private final long scoreTile;
  private final long workerBytes;
  private final long sumRow;
  private final long stateBytes;
  private final int logSums;

  AttentionForward(Attention spec) {
    super(spec);
    this.mostQueries = Math.max(1, Math.ceilDiv(queries, Math.max(1, Math.ceilDiv(queries, MOST_QUERIES))));
    this.sumRow = tiles.padded(valueWidth) * element;
    this.stateBytes = math.stateElements() * element;
    ScratchLayout own = new ScratchLayout(tiles.bytes());
    this.zeros = own.take(span);
    this.spare = own.take(Math.max(span, 16));
    int tileQueries = Math.ceilDiv(mostQueries, tiles.tileRows()) * tiles.tileRows();
    this.queryRows = own.take((long) tileQueries * width);
    this.sums = own.take((long) tileQueries * tiles.padded(valueWidth));
    this.states = own.take((long) mostQueries * math.stateElements());
    this.keyPanels = own.take((long) tiles.padded(KEY_TILE) * width);
    this.valuePanels = own.take((long) KEY_TILE * tiles.padded(valueWidth));
    this.scoreTile = own.take(tiles.tileRows() * scoreRow / element);
    this.workerBytes = own.bytes();
    this.logSums = spec.inputs().size() + 1;
  }

  @Override
  public long workerScratch() {
    return workerBytes;
  }

  @Override
  public int workers(int most) {
    return workers(most, (long) matrices * Math.ceilDiv(queries, LEAST_QUERIES));
  }

  @Override
  public String variant() {
    return "tiles of " + tiles.tileRows() + " queries by " + KEY_TILE + " keys, " + tiles.getClass().getSimpleName();
  }

  /** Queries of one task: few enough that each worker finds a few tasks, many enough to pay for packing the keys. */
  private int chunk(int workers) {
    int chunk = mostQueries;
    while (workers > 1 && chunk > LEAST_QUERIES && (long) matrices * Math.ceilDiv(queries, chunk) < 4L * workers) {
      chunk = Math.max(LEAST_QUERIES, Math.ceilDiv(chunk, 2 * tiles.tileRows()) * tiles.tileRows());
    }
    return chunk;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long scratch = run.workerScratch(worker);
    tiles.fill(scratch + zeros, 0, span);
    int chunk = chunk(workers);
    int chunks = Math.ceilDiv(queries, chunk);
    int tasks = matrices * chunks;
    for (int task = run.firstTask(worker); task < tasks; task = run.nextTask()) {
      // The last chunk first: it sees the most keys.
      int query0 = (chunks - 1 - task / matrices) * chunk;
      chunk(operands, scratch, task % matrices, query0, Math.min(chunk, queries - query0));
    }
  }

  private void chunk(long[] operands, long scratch, int matrix, int query0, int n) {
    pack(query, query.at(operands[0], matrix, query0), scratch + queryRows, width * element, n, width);
    math.scale(scratch + queryRows, scale, n * width);
    tiles.fill(scratch + sums, 0, n * tiles.padded(valueWidth));
    math.begin(scratch + states, n);
    int seen = visible(query0 + n - 1);
    int rows = tiles.tileRows();
    for (int key0 = 0; key0 < seen; key0 += KEY_TILE) {
      int keyCount = Math.min(KEY_TILE, seen - key0);
      packTransposed(key, key.at(operands[1], matrix, key0), scratch + keyPanels, keyCount, width);
      packPanels(value, value.at(operands[2], matrix, key0), scratch + valuePanels, keyCount, valueWidth);
      boolean finite = !causal
          || math.finite(scratch + valuePanels, keyCount * tiles.padded(valueWidth), scratch + spare);
      for (int i = 0; i < n; i += rows) {
        int count = Math.min(rows, n - i);
        if (visible(query0 + i + count - 1) > key0) {
          tile(operands, scratch, matrix, query0, i, count, key0, keyCount, finite);
        }
      }
    }
    finish(operands, scratch, matrix, query0, n);
  }

  private void tile(
      long[] operands,
      long scratch,
      int matrix,
      int query0,
      int i,
      int count,
      int key0,
      int keyCount,
      boolean finite) {
    int first = query0 + i;
    long tile = scratch + scoreTile;
    int most = visible(first + count - 1, key0, keyCount);
    scores(scratch + queryRows + i * width * element, width, scratch + keyPanels, most, scratch + zeros, tile);
    addBiases(operands[3], matrix, first, count, key0, keyCount, tile);
    math.softmax(
        tile, scoreRow, seen(first, key0), causal ? 1 : 0, most, scratch + states + i * stateBytes,
        scratch + sums + i * sumRow, sumRow, tiles.padded(valueWidth), count);
    addVisible(
        tile, first, count, key0, keyCount, scratch + valuePanels, finite, valueWidth, scratch + sums + i * sumRow);
  }

  /** Divides by the sums of weights, and writes the outputs and the log-sums. */
  private void finish(long[] operands, long scratch, int matrix, int query0, int n) {
    math.finish(
        scratch + states, scratch + sums, sumRow, tiles.padded(valueWidth),
        operands[logSums] + ((long) matrix * queries + query0) * element, n);
    unpack(scratch + sums, sumRow, out, out.at(operands[logSums - 1], matrix, query0), n, valueWidth);
  }
}
