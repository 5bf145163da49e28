package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.View;

/**
 * Tiled attention (Dao et al. 2022): what the forward and the backward kernel share.
 *
 * <p>Tiles of queries, keys and values are copied out of their views into dense rows and panels of worker scratch, so
 * that any strides cost the same. Under a causal mask, tiles above the diagonal are skipped, and on it each register
 * tile is as deep as its queries see; a key that a query does not see never enters its output or gradient, even if it
 * is NaN. Rows that fill up the last register tile are computed and thrown away. Sums run over tiles and keys in an
 * order that the shape alone decides, so any split into tasks gives the same bits.
 *
 * <p>Floor: with {@code pairs} of queries and keys that see each other, {@code 2 pairs (width + valueWidth)} operations
 * forward, and {@code 2 pairs (3 width + 2 valueWidth)} backward; one {@code exp} a pair in each. Memory: each operand
 * once, and keys and values once more for each 768 queries. Reached by one core of a Zen 4, of its peak of multiply-adds,
 * with 512 positions of width 64: causal 58% forward and 64% backward, without a mask 67% and 71%. Matrices of 32 by 32
 * of width 16 reach 17% and 22%: there the calls count, and a panel is twice as wide as they are.
 */
abstract class AttentionKernel implements Kernel {
  static final int KEY_TILE = 64;

  /** Operations that repay a worker: small matrices reach so little of the peak that these take some microseconds. */
  private static final long WORTH_SHARING = 100_000;

  final TileProducts tiles;
  final ScoreMath math;
  final int heads;
  final int matrices;
  final int queries;
  final int keys;
  final int width;
  final int valueWidth;
  final boolean causal;
  final double scale;
  final int span;
  final long element;
  /** Bytes of one row of a panel. */
  final long spanRow;
  /** Bytes of one row of scores. */
  final long scoreRow;
  final Strides query;
  final Strides key;
  final Strides value;
  final Strides out;
  final @Nullable Strides bias;
  private final long operations;

  /** A view's strides in bytes. */
  record Strides(long offset, long batch, long head, long row, long column, int heads) {
    static Strides of(View view, int heads) {
      long e = view.dtype().bytes();
      return new Strides(
          view.offset() * e,
          view.strides().get(0) * e,
          view.strides().get(1) * e,
          view.strides().get(2) * e,
          view.strides().get(3) * e,
          heads);
    }

    /** The address of row {@code row} of one batch and head. */
    long at(long operand, int matrix, int row) {
      return operand + offset + matrix / heads * batch + matrix % heads * head + row * this.row;
    }
  }

  AttentionKernel(Attention spec) {
    View biasView = spec.bias();
    this.tiles = TileProducts.of(spec.dtype());
    this.math = ScoreMath.of(spec.dtype());
    this.heads = Math.toIntExact(spec.heads());
    this.matrices = Math.toIntExact(spec.batch() * spec.heads());
    this.queries = Math.toIntExact(spec.queries());
    this.keys = Math.toIntExact(spec.keys());
    this.width = Math.toIntExact(spec.width());
    this.valueWidth = Math.toIntExact(spec.valueWidth());
    this.causal = spec.causal();
    this.scale = spec.scale();
    this.span = tiles.span();
    this.element = tiles.bytes();
    this.spanRow = span * element;
    this.scoreRow = (KEY_TILE + Math.max(span, math.slack())) * element;
    this.query = Strides.of(spec.query(), heads);
    this.key = Strides.of(spec.key(), heads);
    this.value = Strides.of(spec.value(), heads);
    this.out = Strides.of(spec.out(), heads);
    this.bias = biasView == null ? null : Strides.of(biasView, heads);
    this.operations = spec.operations();
  }

  /** The kernel for a spec. */
  static Kernel of(Attention spec) {
    return switch (spec.form()) {
      case FORWARD -> new AttentionForward(spec);
      case BACKWARD -> new AttentionBackward(spec);
    };
  }

  /** How many keys a query sees: the first ones. Does not fall with the query. */
  final int visible(int queryIndex) {
    return causal ? (int) Math.clamp(queryIndex + 1L + keys - queries, 0, keys) : keys;
  }

  /** How many of the keys from {@code key0} to {@code key0 + n} a query sees. */
  final int visible(int queryIndex, int key0, int n) {
    return Math.clamp((long) visible(queryIndex) - key0, 0, n);
  }

  /** The first query that sees key {@code keyIndex}. */
  final int firstSeeing(int keyIndex) {
    return causal ? (int) Math.max(0, (long) keyIndex - keys + queries) : 0;
  }

  /** Copies rows of a view into dense rows of {@code targetRow} bytes. */
  final void pack(Strides view, long address, long target, long targetRow, int rows, int columns) {
    if (view.column == element) {
      tiles.copyRows(address, view.row, target, targetRow, rows, columns);
    } else {
      for (int r = 0; r < rows; r++) {
        tiles.copySteps(address + r * view.row, view.column, target + r * targetRow, element, columns);
      }
    }
  }

  /** Copies rows of a view into panels of {@code rows} rows each, the last padded with zeros. */
  final void packPanels(Strides view, long address, long target, int rows, int columns) {
    for (int p = 0; p < tiles.panels(columns); p++) {
      int n = Math.min(span, columns - p * span);
      long panel = target + p * rows * spanRow;
      if (n < span) {
        tiles.fill(panel, 0, rows * span);
      }
      pack(view, address + p * span * view.column, panel, spanRow, rows, n);
    }
  }

  /** Copies rows of a view into the columns of panels of {@code columns} rows each. */
  final void packTransposed(Strides view, long address, long target, int rows, int columns) {
    for (int p = 0; p < tiles.panels(rows); p++) {
      int n = Math.min(span, rows - p * span);
      tiles.transposeIntoPanel(
          address + p * span * view.row, view.row, view.column, target + p * columns * spanRow, n, columns);
    }
  }

  /** Copies dense rows into a view. */
  final void unpack(long source, long sourceRow, Strides view, long address, int rows, int columns) {
    if (view.column == element) {
      tiles.copyRows(source, sourceRow, address, view.row, rows, columns);
      return;
    }
    for (int r = 0; r < rows; r++) {
      tiles.copySteps(source + r * sourceRow, element, address + r * view.row, view.column, columns);
    }
  }

  /** The scores, or the gradients of probabilities, of a register tile of queries and the first {@code n} keys. */
  final void scores(long rows, int depth, long panels, int n, long zeros, long scores) {
    for (int p = 0; p < tiles.panels(n); p++) {
      long panel = panels + p * depth * spanRow;
      long target = scores + p * spanRow;
      tiles.multiply(rows, depth * element, element, panel, depth, zeros, 0, target, scoreRow, tiles.tileRows());
    }
  }

  /** How many keys from {@code key0} on a query sees if there are enough, less than 0 for one that comes before them. */
  final int seen(int queryIndex, int key0) {
    return causal ? Math.toIntExact(queryIndex + 1L + keys - queries - key0) : keys - key0;
  }

  /** Adds the bias of the keys that they see to the scores of {@code count} queries. */
  final void addBiases(
      long operand, int matrix, int query0, int count, int key0, int keyCount, long scores) {
    for (int r = 0; r < count && bias != null; r++) {
      math.addSteps(
          scores + r * scoreRow, bias.at(operand, matrix, query0 + r) + key0 * bias.column, bias.column,
          visible(query0 + r, key0, keyCount));
    }
  }

  /**
   * Adds to the rows at {@code sums}, those of a register tile, the products of weights and panels.
   *
   * @param weights 0 for the keys that a query does not see
   * @param count how many of the rows are of queries
   * @param panels {@code [keyCount][span]} each
   * @param finite whether the panels hold neither infinities nor NaN. If not, 0 times what a query does not see would be
   *     NaN, and each query is computed as deep as it sees.
   * @param columns of the sums, whose rows are padded to whole panels
   */
  final void addVisible(
      long weights, int query0, int count, int key0, int keyCount, long panels, boolean finite, int columns,
      long sums) {
    long sumRow = tiles.padded(columns) * element;
    int most = visible(query0 + count - 1, key0, keyCount);
    int common = finite ? most : visible(query0, key0, keyCount);
    for (int p = 0; p < tiles.panels(columns); p++) {
      long panel = panels + p * keyCount * spanRow;
      long target = sums + p * spanRow;
      tiles.multiply(weights, scoreRow, element, panel, common, target, sumRow, target, sumRow, tiles.tileRows());
      for (int r = 1; r < count && common < most; r++) {
        int more = visible(query0 + r, key0, keyCount) - common;
        if (more > 0) {
          long from = target + r * sumRow;
          tiles.multiply(
              weights + r * scoreRow + common * element, scoreRow, element, panel + common * spanRow, more,
              from, sumRow, from, sumRow, 1);
        }
      }
    }
  }

  /** As many workers as the operations are worth, and as there are tasks for. */
  final int workers(int most, long tasks) {
    return (int) Math.clamp(Math.min(operations / WORTH_SHARING, tasks), 1, most);
  }
}
