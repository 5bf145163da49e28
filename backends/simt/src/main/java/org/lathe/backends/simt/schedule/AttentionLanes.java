package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.AttentionShape.Matrix;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * Attention where a work item has a core: it owns a block of queries, or of keys, and goes over the other side in tiles.
 * The block lies across the lanes of vectors, so that maxima, sums and products all run down the lanes, and the other
 * side comes as scalars. The block's rows are copied once, transposed; tiles are copied as they are, whatever their
 * strides. Everything but the operands is in arrays of the work item, small enough for the first caches.
 */
abstract class AttentionLanes {
  final AttentionShape shape;
  final Site site;
  final Traits traits;
  /** The type of one vector of the block, and how many of them it has. */
  final Type vector;
  final int lanes;
  final int vectors;
  /** Rows of the block: all lanes. */
  final int block;
  /** Rows of a tile, a multiple of those of a register tile. */
  final int tile;
  final int registerRows;
  final int blocks;

  /**
   * @param owned how many rows there are to be owned: queries or keys
   * @param copies how many arrays of {@code [width][block]} the kernel keeps
   */
  AttentionLanes(AttentionShape shape, Site site, Tuning tuning, int owned, int copies) {
    this.shape = shape;
    this.site = site;
    this.traits = site.traits();
    int l = Lanes.of(shape.dtype, traits, owned);
    int v = Math.min(tuning.get("vectors"), Math.ceilDiv(owned, l));
    int rows = tuning.get("rows");
    int t = Math.ceilDiv(tuning.get("tile"), rows) * rows;
    long budget = AttentionSchedule.CORE_BYTES / shape.dtype.bytes();
    while (elements(l * v, t, copies) > budget && v > 1) {
      v--;
    }
    while (elements(l * v, t, copies) > budget && t > rows) {
      t -= rows;
    }
    while (elements(l * v, t, copies) > budget && l > 1) {
      l /= 2;
    }
    this.lanes = l;
    this.vectors = v;
    this.vector = new Type(shape.dtype, l);
    this.block = l * v;
    this.tile = t;
    this.registerRows = rows;
    this.blocks = Math.ceilDiv(owned, block);
  }

  private long elements(long block, long tile, int copies) {
    long most = Math.max(shape.width, shape.valueWidth);
    return copies * most * block + 2 * most * tile + 2 * block * tile;
  }

  final String variant() {
    return "blocks of " + vectors + " vectors of " + lanes + ", tiles of " + tile + ", registers " + registerRows
        + " by "
        + vectors;
  }

  /** The rows of a tile that the block's rows do not all see, and those that they do. */
  record Visible(Value maskedFrom, Value maskedTo, Value plainFrom, Value plainTo) {
    static Visible all(Value n) {
      return new Visible(Values.index(0), Values.index(0), Values.index(0), n);
    }
  }

  /** Of a tile of keys, which ones a block of queries sees. */
  final Visible keysSeen(KernelBuilder k, Value first, Value key0, Value n) {
    if (!shape.causal()) {
      return Visible.all(n);
    }
    Value common = k.let("common", clamp(Values.sub(Values.add(first, shape.ahead), key0), n));
    return new Visible(common, n, Values.index(0), common);
  }

  /** For each lane of a block of queries the first key that it does not see. */
  final Value[] limits(KernelBuilder k, Value first) {
    Value[] limits = new Value[vectors];
    for (int v = 0; v < vectors && shape.causal(); v++) {
      limits[v] = rowNumbers(k, Values.add(first, shape.ahead), v);
    }
    return limits;
  }

  /** The condition, lane by lane, that the block's row and a tile's row see each other. */
  interface Mask {
    /** A constant without a causal mask. */
    Value at(Value tileRow, int v);
  }

  final Value number(double value) {
    return Values.constant(shape.dtype, value);
  }

  final Variable[] vectors(KernelBuilder k, String name, double first) {
    Variable[] all = new Variable[vectors];
    for (int v = 0; v < vectors; v++) {
      all[v] = k.variable(name, Values.splat(number(first), lanes));
    }
    return all;
  }

  /** The numbers of the rows in the lanes of vector {@code v} of a block. */
  final Value rowNumbers(KernelBuilder k, Value first, int v) {
    return k.let("rows", Values.add(Values.lanes(lanes), Values.add(first, (long) v * lanes)));
  }

  /** The rows of a register tile of so many columns. */
  final int tileRows(int columns) {
    return Math.clamp(columns, 1, registerRows);
  }

  /** Columns of a tile, and rows of sums over it, as whole register tiles. */
  final int padded(int columns) {
    return Math.ceilDiv(columns, tileRows(columns)) * tileRows(columns);
  }

  /** Copies rows of a matrix into an array {@code [width][block]}; past the last row it is that row again. */
  final void packTransposed(
      KernelBuilder k, Matrix source, Value first, int rows, int width, double factor, Memory target) {
    k.loop("v", vectors, v -> {
      Value[] from = new Value[lanes];
      for (int x = 0; x < lanes; x++) {
        Value row = Values.add(Values.add(first, Values.mul(v, lanes)), x);
        from[x] = rows % block == 0
            ? x == 0 ? k.let("from", source.at(row, Values.index(0))) : Values.add(from[0], x * source.row())
            : k.let("from", source.at(Values.min(row, Values.index(rows - 1)), Values.index(0)));
      }
      k.loop("d", width, d -> {
        Value column = k.let("column", Values.mul(d, source.column()));
        List<Value> parts = new ArrayList<>();
        for (int x = 0; x < lanes; x++) {
          parts.add(Values.load(source.memory(), rows % block == 0 && x > 0
              ? Values.add(Values.add(from[0], column), x * source.row())
              : Values.add(from[x], column)));
        }
        Value all = Values.join(parts);
        k.store(
            target, Values.add(Values.mul(d, block), Values.mul(v, lanes)),
            factor == 1 ? all : Values.binary(BinaryOp.MUL, all, number(factor)), true);
      });
    });
  }

  /**
   * Copies {@code n} rows of a matrix into an array {@code [tile][padded(width)]}. What fills up register tiles is
   * multiplied and never read: zeros to the right, the last row again below.
   */
  final void copyTile(KernelBuilder k, Matrix source, Value first, Value n, int width, Memory target) {
    int rowElements = padded(width);
    boolean whole = n instanceof Value.Constant c && c.bits() % registerRows == 0;
    Value end = whole
        ? n
        : k.let("end", Values.mul(Values.div(Values.add(n, registerRows - 1), registerRows), registerRows));
    k.loop("r", Values.index(0), end, 1, r -> {
      Value row = Values.add(first, whole ? r : Values.min(r, Values.sub(n, 1)));
      Value from = k.let("from", source.at(row, Values.index(0)));
      Value to = k.let("to", Values.mul(r, rowElements));
      k.loop("d", width, d -> k.store(
          target, Values.add(to, d), Values.load(source.memory(), Values.add(from, Values.mul(d, source.column())))));
      k.loop("d", Values.index(width), Values.index(rowElements), 1,
          d -> k.store(target, Values.add(to, d), number(0)));
    });
  }

  /** Copies the block's {@code n} rows out of an array {@code [width][block]}. */
  final void unpack(KernelBuilder k, Memory source, Value first, Value n, int width, Matrix target) {
    k.loop("x", Values.index(0), n, 1, x -> {
      Value to = k.let("to", target.at(Values.add(first, x), Values.index(0)));
      k.loop("d", width, d -> k.store(
          target.memory(), Values.add(to, Values.mul(d, target.column())),
          Values.load(source, Values.add(Values.mul(d, block), x))));
    });
  }

  /** How many of a block's rows are there. */
  final Value owned(KernelBuilder k, Value first, int rows) {
    return rows % block == 0
        ? Values.index(block)
        : k.let("owned", Values.min(Values.sub(Values.index(rows), first), Values.index(block)));
  }

  /** {@code target[r][x]} = the product of a tile's row and a row of the block. */
  final void scores(KernelBuilder k, Memory rows, Memory packed, int width, Value n, Memory target) {
    int rowElements = padded(width);
    k.loop("j", Values.index(0), n, registerRows, j -> {
      Value from = k.let("from", Values.mul(j, rowElements));
      RegisterTile sums = RegisterTile.zeros(k, registerRows, vectors, vector);
      sums.multiply(
          Values.index(0), Values.index(width),
          (r, i) -> Values.load(rows, Values.add(Values.add(from, i), (long) r * rowElements)),
          (v, i) -> load(packed, i, v));
      Value to = k.let("to", Values.mul(j, block));
      sums.each((r, v, sum) -> k.store(target, Values.add(to, (long) r * block + (long) v * lanes), sum, true));
    });
  }

  /** Vector {@code v} of row {@code row} of an array whose rows are as long as the block. */
  final Value load(Memory memory, Value row, int v) {
    return Values.load(memory, Values.add(Values.mul(row, block), (long) v * lanes), lanes, true);
  }

  final void store(KernelBuilder k, Memory memory, Value row, int v, Value value) {
    k.store(memory, Values.add(Values.mul(row, block), (long) v * lanes), value, true);
  }

  /**
   * Adds the bias to scores.
   *
   * @param at the bias's element for a row of the tile and a row of the block
   * @param blockStride its step from one row of the block to the next
   */
  final void addBias(
      KernelBuilder k, @Nullable Matrix bias, Value n, Value owned, long blockStride,
      BiFunction<Value, Value, Value> at, Memory scores) {
    if (bias == null) {
      return;
    }
    if (blockStride == 0) {
      k.loop("j", Values.index(0), n, 1, j -> {
        Value b = k.let("b", Values.load(bias.memory(), at.apply(j, Values.index(0))));
        for (int v = 0; v < vectors; v++) {
          store(k, scores, j, v, RecurrentCell.plus(load(scores, j, v), b));
        }
      });
      return;
    }
    k.loop("x", Values.index(0), owned, 1, x -> k.loop("j", Values.index(0), n, 1, j -> {
      Value place = k.let("place", Values.add(Values.mul(j, block), x));
      k.store(scores, place,
          RecurrentCell.plus(Values.load(scores, place), Values.load(bias.memory(), at.apply(j, x))));
    }));
  }

  /**
   * {@code sums[d][x] = factor[x] * sums[d][x] + sum over j of rows[j][d] * weights[j][x]}, over the rows that the block
   * sees: a weight of 0 would not keep out a NaN.
   */
  final void accumulate(
      KernelBuilder k, Memory rows, int width, Memory weights, Visible visible, Mask mask,
      @Nullable Function<Integer, Value> factor, Memory sums) {
    int tileRows = tileRows(width);
    int rowElements = padded(width);
    k.loop("d", Values.index(0), Values.index(width), tileRows, d -> {
      Value to = k.let("to", Values.mul(d, block));
      RegisterTile tile = new RegisterTile(k, tileRows, vectors, (r, v) -> {
        Value before = Values.load(sums, Values.add(to, (long) r * block + (long) v * lanes), lanes, true);
        return factor == null ? before : Values.binary(BinaryOp.MUL, before, factor.apply(v));
      });
      BiFunction<Integer, Value, Value> left = (r, j) -> Values.load(rows,
          Values.add(Values.add(Values.mul(j, rowElements), d), r));
      BiFunction<Integer, Value, Value> right = (v, j) -> load(weights, j, v);
      tile.multiplyWhere(visible.maskedFrom, visible.maskedTo, left, right, (v, j) -> mask.at(j, v));
      tile.multiply(visible.plainFrom, visible.plainTo, left, right);
      tile.each((r, v, sum) -> k.store(sums, Values.add(to, (long) r * block + (long) v * lanes), sum, true));
    });
  }

  final void zero(KernelBuilder k, Memory sums, int width) {
    k.loop("d", padded(width), d -> {
      for (int v = 0; v < vectors; v++) {
        store(k, sums, d, v, Values.splat(number(0), lanes));
      }
    });
  }

  final Value exp(Value x) {
    return Values.unary(UnaryOp.EXP, x);
  }

  /** The larger; the first if the second is NaN. */
  static Value largest(Value a, Value b) {
    return Values.select(Values.binary(BinaryOp.GT, b, a), b, a);
  }

  /** What is taken off scores: 0 for a maximum or log-sum of -inf, that of a row that sees nothing. */
  final Value shift(Value x) {
    Value nothing = number(Double.NEGATIVE_INFINITY);
    return Values.select(Values.binary(BinaryOp.EQ, x, nothing), number(0), x);
  }

  final Memory array(KernelBuilder k, String name, long rows, long columns) {
    return k.array(name, shape.dtype, rows * columns);
  }

  /** {@code min(max(x, 0), most)}. */
  static Value clamp(Value x, Value most) {
    return Values.min(Values.max(x, Values.index(0)), most);
  }

  /** The gradient of a score; 0 where the rows do not see each other. */
  final Value slope(KernelBuilder k, Value p, Value gradient, Value delta, Value visible) {
    Value slope = Values.binary(
        BinaryOp.MUL, Values.binary(BinaryOp.MUL, p, Values.binary(BinaryOp.SUB, gradient, delta)),
        number(shape.spec.scale()));
    return Values.select(visible, slope, number(0));
  }
}
