package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.AttentionShape.Matrix;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * Attention where groups have local memory: a group owns a block of queries, or of keys, and goes over the other side in
 * tiles (Dao et al. 2022). The work items stand in a square; each has a few rows of the block and a few columns of the
 * tile that follow each other, in registers, and the same rows of what the group adds up.
 *
 * <p>Products come through local memory, {@link #DEPTH} of their depth at a time, transposed and padded by {@link #PAD}, so
 * that a work item reads its rows and its columns as one vector each. The tile's weights go back through local memory as
 * the left side of the second product, whose right side comes in chunks of columns.
 */
abstract class AttentionTiles {
  /** What a group sums up at most: this many chunks of columns; more are shared out to further groups. */
  private static final int MOST_CHUNKS = 4;
  private static final int DEPTH = 16;
  private static final int PAD = 4;
  private static final int CHUNK_LANES = 4;

  final AttentionShape shape;
  final LaunchBuilder k;
  final int side;
  final int rows;
  final int columns;
  /** Rows of a block, columns of a tile, and columns of a chunk of sums. */
  final int block;
  final int tile;
  final int chunk;
  final int parts;
  final Value x;
  final Value y;
  final Value item;
  private final Type vector;
  private final Memory stage;
  private final Memory weights;
  final Memory partials;
  final Memory totals;

  /** Sizes of a group. */
  record Sizes(int side, int rows, int columns) {
    static Sizes of(Tuning tuning) {
      return new Sizes(tuning.get("side"), tuning.get("rows"), tuning.get("columns"));
    }

    int block() {
      return side * rows;
    }

    int tile() {
      return side * columns;
    }

    private int stageElements() {
      return Math.max(DEPTH * (block() + tile() + 2 * PAD), tile() * side * CHUNK_LANES);
    }

    private int weightElements() {
      return tile() * (block() + PAD);
    }

    private int partialElements() {
      return Math.max(block() * (side + 1), 2 * tile());
    }

    boolean fits(DType dtype, Traits traits) {
      long elements = stageElements() + weightElements() + partialElements() + 2L * block();
      return side * side <= traits.maxGroup() && elements * dtype.bytes() <= traits.localBytes();
    }
  }

  /** A column of sums for each row of a work item and chunk: what the group adds up. */
  record Sums(Variable[][] chunks, Value firstColumn, int width) {}

  /** The condition that a row of the block and a column of the tile see each other. */
  interface Mask {
    Value at(Value row, Value column);
  }

  AttentionTiles(AttentionShape shape, LaunchBuilder k, Tuning tuning, int width) {
    Sizes sizes = Sizes.of(tuning);
    this.shape = shape;
    this.k = k;
    this.side = sizes.side;
    this.rows = sizes.rows;
    this.columns = sizes.columns;
    this.block = sizes.block();
    this.tile = sizes.tile();
    this.chunk = side * CHUNK_LANES;
    this.parts = Math.max(1, Math.ceilDiv(width, MOST_CHUNKS * chunk));
    this.vector = new Type(shape.dtype, columns);
    this.stage = k.local("stage", shape.dtype, sizes.stageElements());
    this.weights = k.local("weights", shape.dtype, sizes.weightElements());
    this.partials = k.local("partials", shape.dtype, sizes.partialElements());
    this.totals = k.local("totals", shape.dtype, 2L * block);
    this.x = Values.localId(0);
    this.y = Values.localId(1);
    this.item = k.let("item", Values.add(Values.mul(y, side), x));
  }

  static String variant(Tuning tuning) {
    Sizes s = Sizes.of(tuning);
    return "groups of " + s.side + " by " + s.side + ", blocks of " + s.block() + ", tiles of " + s.tile();
  }

  /** The launch of a group for each block, matrix and part of the columns. */
  final Launch launch(int owned) {
    return k.launch(Dims.of(Math.ceilDiv(owned, block), shape.matrices, parts), Dims.of(side, side, 1));
  }

  final Value number(double value) {
    return Values.constant(shape.dtype, value);
  }

  /** Row {@code r} of this work item, in the block. */
  final Value row(int r) {
    return Values.add(Values.mul(y, rows), r);
  }

  /** The first column of this work item, in the tile. */
  final Value column() {
    return Values.mul(x, columns);
  }

  final Value all(Value... conditions) {
    return Values.and(conditions);
  }

  /** Copies part of a matrix to local memory; what is beyond its rows and columns is 0. */
  private void copy(
      Matrix source, Value firstRow, int rowCount, int rowEnd, Value firstColumn, int columnCount, int columnEnd,
      double factor, BiFunction<Value, Value, Value> place) {
    boolean alongRows = source.row() == 1 && source.column() != 1;
    int fast = alongRows ? rowCount : columnCount;
    k.loop("e", item, Values.index((long) rowCount * columnCount), (long) side * side, e -> {
      Value quick = k.let("quick", Values.rem(e, fast));
      Value slow = k.let("slow", Values.div(e, fast));
      Value r = alongRows ? quick : slow;
      Value c = alongRows ? slow : quick;
      Value row = k.let("row", Values.add(firstRow, r));
      Value column = k.let("column", Values.add(firstColumn, c));
      Variable value = k.variable("value", number(0));
      k.when(all(Values.less(row, rowEnd), Values.less(column, columnEnd)), () -> {
        Value loaded = Values.load(source.memory(), source.at(row, column));
        k.assign(value, factor == 1 ? loaded : Values.binary(BinaryOp.MUL, loaded, number(factor)));
      });
      k.store(stage, place.apply(r, c), Values.read(value));
    });
  }

  /**
   * The products of the block's rows with the tile's, over the width: for each row of this work item a vector of its
   * columns. All of the group goes through barriers, the last at the end.
   */
  final Value[] products(
      Matrix own, Value ownFirst, int ownEnd, Matrix other, Value otherFirst, int otherEnd, int width, double factor) {
    int ownStride = block + PAD;
    int otherStride = tile + PAD;
    long otherStart = (long) DEPTH * ownStride;
    Variable[] sums = new Variable[rows];
    for (int r = 0; r < rows; r++) {
      sums[r] = k.variable("s", Values.splat(number(0), columns));
    }
    k.loop("depth", Values.index(0), Values.index(width), DEPTH, depth -> {
      copy(own, ownFirst, block, ownEnd, depth, DEPTH, width, factor,
          (r, d) -> Values.add(Values.mul(d, ownStride), r));
      copy(other, otherFirst, tile, otherEnd, depth, DEPTH, width, 1,
          (r, d) -> Values.add(Values.add(Values.mul(d, otherStride), r), otherStart));
      k.barrier();
      k.loop("d", DEPTH, d -> {
        Value a = k.let("a", Values.load(stage, Values.add(Values.mul(d, ownStride), row(0)), rows, true));
        Value b = k.let("b", Values.load(
            stage, Values.add(Values.add(Values.mul(d, otherStride), column()), otherStart), columns, true));
        for (int r = 0; r < rows; r++) {
          k.assign(sums[r], Values.mad(Values.lane(a, r), b, Values.read(sums[r])));
        }
      });
      k.barrier();
    });
    Value[] values = new Value[rows];
    for (int r = 0; r < rows; r++) {
      values[r] = Values.read(sums[r]);
    }
    return values;
  }

  /** The sums of this work item's rows, over the group's part of so many columns; 0. */
  final Sums sums(int width) {
    int ofPart = Math.ceilDiv(Math.ceilDiv(width, chunk), parts);
    Variable[][] chunks = new Variable[ofPart][rows];
    for (Variable[] c : chunks) {
      for (int r = 0; r < rows; r++) {
        c[r] = k.variable("sum", Values.splat(number(0), CHUNK_LANES));
      }
    }
    Value first = parts == 1
        ? Values.index(0)
        : k.let("first_column", Values.mul(Values.groupId(2), (long) ofPart * chunk));
    return new Sums(chunks, first, width);
  }

  /** Puts weights, for each row of this work item a vector of its columns, where the group finds them. */
  final void putWeights(Value[] w) {
    for (int c = 0; c < columns; c++) {
      List<Value> down = new ArrayList<>();
      for (int r = 0; r < rows; r++) {
        down.add(Values.lane(w[r], c));
      }
      Value place = Values.add(Values.mul(Values.add(column(), c), block + PAD), row(0));
      k.store(weights, place, Values.join(down), true);
    }
  }

  /**
   * Adds to the sums the weights times rows of a matrix, for the rows and columns that see each other: a weight of 0 would
   * not keep out a NaN. Begins after a barrier and ends with one.
   */
  final void accumulate(
      Sums sums, Matrix other, Value otherFirst, int otherEnd, AttentionLanes.Visible visible, Mask mask) {
    for (int n = 0; n < sums.chunks.length; n++) {
      Variable[] chunkSums = sums.chunks[n];
      Value firstColumn = Values.add(sums.firstColumn, (long) n * chunk);
      copy(other, otherFirst, tile, otherEnd, firstColumn, chunk, sums.width, 1,
          (r, c) -> Values.add(Values.mul(r, chunk), c));
      k.barrier();
      k.loop("j", visible.maskedFrom(), visible.maskedTo(), 1, j -> add(chunkSums, j, mask));
      k.loop("j", visible.plainFrom(), visible.plainTo(), 1, j -> add(chunkSums, j, null));
      k.barrier();
    }
  }

  private void add(Variable[] sums, Value j, @Nullable Mask mask) {
    Value a = k.let("a", Values.load(weights, Values.add(Values.mul(j, block + PAD), row(0)), rows, true));
    Value b = k.let("b", Values.load(
        stage, Values.add(Values.mul(j, chunk), Values.mul(x, CHUNK_LANES)), CHUNK_LANES, true));
    for (int r = 0; r < rows; r++) {
      Value before = Values.read(sums[r]);
      Value after = Values.mad(Values.lane(a, r), b, before);
      k.assign(sums[r], mask == null ? after : Values.select(mask.at(row(r), j), after, before));
    }
  }

  /** Writes the sums of the block's rows, each row changed as the function says. */
  final void write(Sums sums, Matrix target, Value first, int end, BiFunction<Integer, Value, Value> change) {
    for (int r = 0; r < rows; r++) {
      int row = r;
      Value at = k.let("row", Values.add(first, row(r)));
      k.when(Values.less(at, end), () -> {
        for (int n = 0; n < sums.chunks.length; n++) {
          Value column = k.let("column", Values.add(
              Values.add(sums.firstColumn, Values.mul(x, CHUNK_LANES)), (long) n * chunk));
          Value sum = k.let("sum", change.apply(row, Values.read(sums.chunks[n][row])));
          if (target.column() == 1 && sums.width % CHUNK_LANES == 0) {
            k.when(Values.less(column, sums.width), () -> k.store(target.memory(), target.at(at, column), sum));
            continue;
          }
          for (int lane = 0; lane < CHUNK_LANES; lane++) {
            Value c = Values.add(column, lane);
            Value value = Values.lane(sum, lane);
            k.when(Values.less(c, sums.width), () -> k.store(target.memory(), target.at(at, c), value));
          }
        }
      });
    }
  }

  /** The scores with their bias. */
  final Value[] withBias(
      Value[] scores, @Nullable Matrix bias, Mask inside, BiFunction<Value, Value, Value> element) {
    if (bias == null) {
      return scores;
    }
    Value[] biased = new Value[rows];
    for (int r = 0; r < rows; r++) {
      List<Value> parts = new ArrayList<>();
      for (int c = 0; c < columns; c++) {
        Value row = row(r);
        Value column = Values.add(column(), c);
        Variable b = k.variable("b", number(0));
        k.when(inside.at(row, column), () -> k.assign(b, Values.load(bias.memory(), element.apply(row, column))));
        parts.add(Values.read(b));
      }
      biased[r] = k.let("s", RecurrentCell.plus(scores[r], Values.join(parts)));
    }
    return biased;
  }

  /** The numbers of this work item's columns of a tile, as a vector. */
  final Value columnNumbers() {
    return Values.add(Values.lanes(columns), column());
  }

  /** One value of each row of the block, from a value of each work item that has part of it; through barriers. */
  final void reduceRows(Value[] values, int target, BiFunction<Value, Value, Value> combine) {
    for (int r = 0; r < rows; r++) {
      k.store(partials, Values.add(Values.mul(row(r), side + 1), x), values[r]);
    }
    k.barrier();
    k.when(Values.less(item, block), () -> {
      Variable all = k.variable("all", Values.load(partials, Values.mul(item, side + 1)));
      k.loop("other", Values.index(1), Values.index(side), 1, other -> k.assign(all, combine.apply(
          Values.read(all), Values.load(partials, Values.add(Values.mul(item, side + 1), other)))));
      k.store(totals, Values.add(item, (long) target * block), Values.read(all));
    });
    k.barrier();
  }

  final Value total(int which, int r) {
    return Values.load(totals, Values.add(row(r), (long) which * block));
  }

  /** All lanes of a vector in one. */
  final Value fold(Value values, BiFunction<Value, Value, Value> combine) {
    Value all = Values.lane(values, 0);
    for (int c = 1; c < columns; c++) {
      all = k.let("all", combine.apply(all, Values.lane(values, c)));
    }
    return all;
  }

  final Value exp(Value value) {
    return Values.unary(UnaryOp.EXP, value);
  }

  final Value shift(Value value) {
    return Values.select(
        Values.binary(BinaryOp.EQ, value, number(Double.NEGATIVE_INFINITY)), number(0), value);
  }

  final Value times(Value a, Value b) {
    return Values.binary(BinaryOp.MUL, a, b);
  }

  final Value minus(Value a, Value b) {
    return Values.binary(BinaryOp.SUB, a, b);
  }
}
