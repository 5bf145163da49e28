package org.lathe.backends.cpu;

import org.lathe.hal.spec.Attention;

/**
 * The backward pass of {@link Attention}. First, for each query, delta: its output times the gradient of it. Then for
 * each pair of tiles the probabilities P are computed again from the log-sums, and with {@code dS = scale P (dO V^T -
 * delta)}: {@code dV += P^T dO}, {@code dK += dS^T Q}, {@code dQ += dS K}.
 *
 * <p>A task is one batch and head; where there are too few of them, it is one tile of keys (dK and dV) or one tile of
 * queries (dQ), at 7/5 of the operations and with the same order of every sum.
 */
final class AttentionBackward extends AttentionKernel {
  private static final int QUERY_TILE = 60;

  private final int keyTiles;
  private final int queryTiles;
  private final long sharedBytes;
  private final long zeros;
  private final long spare;
  private final long queryRows;
  private final long queryPanels;
  private final long outRows;
  private final long outPanels;
  private final long keyTransposed;
  private final long keyPanels;
  private final long valueTransposed;
  private final long scoreTile;
  private final long gradientTile;
  private final long querySums;
  private final long keySums;
  private final long valueSums;
  private final long workerBytes;
  private final long widthRow;
  private final long valueWidthRow;
  /** Positions of operands. */
  private final int inOut;
  private final int inLogSum;
  private final int inGradient;
  private final int outQuery;

  AttentionBackward(Attention spec) {
    super(spec);
    this.keyTiles = Math.ceilDiv(keys, KEY_TILE);
    this.queryTiles = Math.ceilDiv(queries, QUERY_TILE);
    this.widthRow = tiles.padded(width) * element;
    this.valueWidthRow = tiles.padded(valueWidth) * element;
    ScratchLayout shared = new ScratchLayout(tiles.bytes());
    shared.take((long) matrices * queries);
    this.sharedBytes = shared.bytes();
    ScratchLayout own = new ScratchLayout(tiles.bytes());
    long paddedKeys = tiles.padded(KEY_TILE);
    this.zeros = own.take(span);
    this.spare = own.take(Math.max(span, 16));
    this.queryRows = own.take((long) QUERY_TILE * width);
    this.queryPanels = own.take((long) QUERY_TILE * tiles.padded(width));
    this.outRows = own.take((long) QUERY_TILE * valueWidth);
    this.outPanels = own.take((long) QUERY_TILE * tiles.padded(valueWidth));
    this.keyTransposed = own.take(paddedKeys * width);
    this.keyPanels = own.take((long) KEY_TILE * tiles.padded(width));
    this.valueTransposed = own.take(paddedKeys * valueWidth);
    this.scoreTile = own.take(QUERY_TILE * scoreRow / element);
    this.gradientTile = own.take(QUERY_TILE * scoreRow / element);
    this.querySums = own.take((long) queryTiles * QUERY_TILE * tiles.padded(width));
    this.keySums = own.take((long) KEY_TILE * tiles.padded(width));
    this.valueSums = own.take((long) KEY_TILE * tiles.padded(valueWidth));
    this.workerBytes = own.bytes();
    this.inOut = bias == null ? 3 : 4;
    this.inLogSum = inOut + 1;
    this.inGradient = inOut + 2;
    this.outQuery = inOut + 3;
  }

  @Override
  public long sharedScratch() {
    return sharedBytes;
  }

  @Override
  public long workerScratch() {
    return workerBytes;
  }

  @Override
  public int workers(int most) {
    return workers(most, (long) matrices * (keyTiles + queryTiles));
  }

  @Override
  public String variant() {
    return "tiles of " + QUERY_TILE + " queries by " + KEY_TILE + " keys, " + tiles.getClass().getSimpleName();
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long scratch = run.workerScratch(worker);
    long deltas = run.sharedScratch();
    tiles.fill(scratch + zeros, 0, span);
    int deltaTasks = matrices * queryTiles;
    for (int task = run.firstTask(worker); task < deltaTasks; task = run.nextTask()) {
      deltas(operands, deltas, task / queryTiles, task % queryTiles * QUERY_TILE);
    }
    run.barrier();
    if (workers == 1 || matrices >= 4 * workers || matrices % workers == 0) {
      for (int matrix = run.firstTask(worker); matrix < matrices; matrix = run.nextTask()) {
        matrix(operands, scratch, deltas, matrix);
      }
      return;
    }
    int tilesOfMatrix = keyTiles + queryTiles;
    int tasks = matrices * tilesOfMatrix;
    for (int task = run.firstTask(worker); task < tasks; task = run.nextTask()) {
      int tile = task % tilesOfMatrix;
      if (tile < keyTiles) {
        keyTile(operands, scratch, deltas, task / tilesOfMatrix, tile * KEY_TILE, 0);
      } else {
        queryTile(operands, scratch, deltas, task / tilesOfMatrix, (tile - keyTiles) * QUERY_TILE);
      }
    }
  }

  private void deltas(long[] operands, long deltas, int matrix, int query0) {
    int end = Math.min(queries, query0 + QUERY_TILE);
    for (int i = query0; i < end; i++) {
      double delta = math.dot(
          out.at(operands[inOut], matrix, i), out.column(),
          out.at(operands[inGradient], matrix, i), out.column(), valueWidth);
      math.put(deltas + ((long) matrix * queries + i) * element, delta);
    }
  }

  /** All gradients of one batch and head. */
  private void matrix(long[] operands, long scratch, long deltas, int matrix) {
    long sums = scratch + querySums;
    tiles.fill(sums, 0, queries * tiles.padded(width));
    for (int key0 = 0; key0 < keys; key0 += KEY_TILE) {
      keyTile(operands, scratch, deltas, matrix, key0, sums);
    }
    unpack(sums, widthRow, query, query.at(operands[outQuery], matrix, 0), queries, width);
  }

  /**
   * The gradients of one tile of keys and values.
   *
   * @param sums where the gradients of all queries are added up, or 0 if they are not wanted
   */
  private void keyTile(long[] operands, long scratch, long deltas, int matrix, int key0, long sums) {
    int keyCount = Math.min(KEY_TILE, keys - key0);
    packKeys(operands, scratch, matrix, key0, keyCount);
    boolean finite = finiteKeys(scratch, keyCount);
    tiles.fill(scratch + keySums, 0, keyCount * tiles.padded(width));
    tiles.fill(scratch + valueSums, 0, keyCount * tiles.padded(valueWidth));
    int from = firstSeeing(key0) / QUERY_TILE * QUERY_TILE;
    for (int query0 = from; query0 < queries; query0 += QUERY_TILE) {
      int count = Math.min(QUERY_TILE, queries - query0);
      int first = firstTile(key0, query0);
      packQueries(operands, scratch, matrix, query0, count);
      probabilities(operands, scratch, deltas, matrix, query0, first, count, key0, keyCount);
      packPanels(query, query.at(operands[0], matrix, query0), scratch + queryPanels, count, width);
      packPanels(out, out.at(operands[inGradient], matrix, query0), scratch + outPanels, count, valueWidth);
      addDown(scratch + scoreTile, scratch + outPanels, query0, count, key0, keyCount, valueWidth,
          scratch + valueSums);
      addDown(scratch + gradientTile, scratch + queryPanels, query0, count, key0, keyCount, width,
          scratch + keySums);
      if (sums != 0) {
        addQueries(scratch, query0, first, count, key0, keyCount, finite, sums + query0 * widthRow);
      }
    }
    unpack(scratch + keySums, widthRow, key, key.at(operands[outQuery + 1], matrix, key0), keyCount, width);
    unpack(
        scratch + valueSums, valueWidthRow, value, value.at(operands[outQuery + 2], matrix, key0), keyCount,
        valueWidth);
  }

  /** The gradients of one tile of queries. */
  private void queryTile(long[] operands, long scratch, long deltas, int matrix, int query0) {
    int count = Math.min(QUERY_TILE, queries - query0);
    long sums = scratch + querySums;
    tiles.fill(sums, 0, count * tiles.padded(width));
    packQueries(operands, scratch, matrix, query0, count);
    int seen = visible(query0 + count - 1);
    for (int key0 = 0; key0 < seen; key0 += KEY_TILE) {
      int keyCount = Math.min(KEY_TILE, keys - key0);
      int first = firstTile(key0, query0);
      packKeys(operands, scratch, matrix, key0, keyCount);
      boolean finite = finiteKeys(scratch, keyCount);
      probabilities(operands, scratch, deltas, matrix, query0, first, count, key0, keyCount);
      addQueries(scratch, query0, first, count, key0, keyCount, finite, sums);
    }
    unpack(sums, widthRow, query, query.at(operands[outQuery], matrix, query0), count, width);
  }

  /** The first query of a tile, in whole register tiles, that sees the first key of another. */
  private int firstTile(int key0, int query0) {
    return Math.max(0, firstSeeing(key0) - query0) / tiles.tileRows() * tiles.tileRows();
  }

  private boolean finiteKeys(long scratch, int n) {
    return !causal || math.finite(scratch + keyPanels, n * tiles.padded(width), scratch + spare);
  }

  private void packKeys(long[] operands, long scratch, int matrix, int key0, int n) {
    long keyRows = key.at(operands[1], matrix, key0);
    packTransposed(key, keyRows, scratch + keyTransposed, n, width);
    packTransposed(value, value.at(operands[2], matrix, key0), scratch + valueTransposed, n, valueWidth);
    packPanels(key, keyRows, scratch + keyPanels, n, width);
  }

  private void packQueries(long[] operands, long scratch, int matrix, int query0, int n) {
    pack(query, query.at(operands[0], matrix, query0), scratch + queryRows, width * element, n, width);
    math.scale(scratch + queryRows, scale, n * width);
    pack(
        out, out.at(operands[inGradient], matrix, query0), scratch + outRows, valueWidth * element, n, valueWidth);
  }

  /** P and dS of one pair of tiles, for the queries from {@code first}; 0 where a query does not see a key. */
  private void probabilities(
      long[] operands, long scratch, long deltas, int matrix, int query0, int first, int count, int key0,
      int keyCount) {
    int rows = tiles.tileRows();
    for (int i = first; i < count; i += rows) {
      int n = Math.min(rows, count - i);
      int most = visible(query0 + i + n - 1, key0, keyCount);
      long p = scratch + scoreTile + i * scoreRow;
      long ds = scratch + gradientTile + i * scoreRow;
      scores(
          scratch + queryRows + i * width * element, width, scratch + keyTransposed, most, scratch + zeros, p);
      scores(
          scratch + outRows + i * valueWidth * element, valueWidth, scratch + valueTransposed, most, scratch + zeros,
          ds);
      addBiases(operands[3], matrix, query0 + i, n, key0, keyCount, p);
      long position = ((long) matrix * queries + query0 + i) * element;
      math.probabilities(
          p, ds, scoreRow, seen(query0 + i, key0), causal ? 1 : 0, keyCount, operands[inLogSum] + position,
          deltas + position, scale, n);
    }
  }

  /** Adds to the sums of keys the products of columns of a tile with rows of queries, for those that see the keys. */
  private void addDown(
      long tile, long panels, int query0, int count, int key0, int keyCount, int columns, long sums) {
    long sumRow = tiles.padded(columns) * element;
    int rows = tiles.tileRows();
    for (int p = 0; p < tiles.panels(columns); p++) {
      long panel = panels + p * count * spanRow;
      for (int j = 0; j < keyCount; j += rows) {
        int n = Math.min(rows, keyCount - j);
        int first = Math.max(0, firstSeeing(key0 + j) - query0);
        if (first < count) {
          long target = sums + j * sumRow + p * spanRow;
          tiles.multiply(
              tile + first * scoreRow + j * element, element, scoreRow, panel + first * spanRow, count - first,
              target, sumRow, target, sumRow, n);
        }
      }
    }
  }

  private void addQueries(
      long scratch, int query0, int first, int count, int key0, int keyCount, boolean finite, long sums) {
    int rows = tiles.tileRows();
    for (int i = first; i < count; i += rows) {
      addVisible(
          scratch + gradientTile + i * scoreRow, query0 + i, Math.min(rows, count - i), key0, keyCount,
          scratch + keyPanels, finite, width, sums + i * widthRow);
    }
  }
}
