package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Products on GPUs: a group takes a tile of the output and goes along the depth in slices, which it brings into local
 * memory while it multiplies the slice before. Each work item keeps a few rows and columns of the tile in registers, in
 * chunks of {@link #CHUNK} that lie apart, so that the items of a warp read local memory side by side.
 *
 * <p>In the end the tile goes through local memory once more, a few rows of each work item at a time, so that
 * neighbouring items end neighbouring elements of the output.
 */
final class GpuProduct {
  private static final int CHUNK = 4;
  /** Keeps the stores of neighbouring terms apart where they cross local memory's banks. */
  private static final int PAD = 4;

  private final Product product;
  private final GpuProductTuning t;
  private final Site site;
  private final LaunchBuilder k;
  private final DType compute;
  private final Product.Operands operands;
  private final Finish finish;
  private final int threads;
  private final Value item;

  private GpuProduct(Product product, Site site, String family, GpuProductTuning tuning) {
    this.product = product;
    this.t = tuning;
    this.site = site;
    this.k = new LaunchBuilder(family, product.spec(), site);
    this.compute = product.compute();
    this.operands = product.binding().bind(k);
    this.threads = t.threads();
    this.finish = t.split() > 1
        ? Finish.store(k, compute, partSpace())
        : Finish.of(k, product.epilogue(), product.space(), 2);
    this.item = k.let("item", Values.localId(0));
  }

  static KernelPlan plan(Product product, Site site, String family, GpuProductTuning tuning) {
    return new GpuProduct(product, site, family, tuning).plan();
  }

  private Dims partSpace() {
    return Dims.of(t.split()).append(product.space());
  }

  private KernelPlan plan() {
    Dims groups = Dims.of(t.split()).append(product.batch()).append(
        Dims.of(Math.ceilDiv(product.rows(), t.tileRows()), Math.ceilDiv(product.columns(), t.tileColumns())));
    List<Value> group = Accesses.coordinates(k, Values.groupId(0), groups);
    int rank = product.batch().rank();
    new Tile(group.getFirst(), group.subList(1, 1 + rank), group.get(1 + rank), group.get(2 + rank)).write();
    Launch launch = k.launch(Dims.of(groups.product(), 1, 1), Dims.of(threads, 1, 1));
    String variant = "tiles of " + t.tileRows() + "x" + t.tileColumns() + " in local memory, " + t.rows() + "x"
        + t.columns() + " for a work item, slices of " + t.slice();
    if (t.split() == 1) {
      return KernelPlan.of(variant, launch);
    }
    Launch sum = SplitSum.launch(product.spec(), site, t.split(), compute, product.space(), product.epilogue());
    return new KernelPlan(
        variant + ", split in " + t.split(), List.of(launch, sum), List.of(partSpace().product() * compute.bytes()));
  }

  /** What one group does. */
  private final class Tile {
    private final Value part;
    private final List<Value> batch;
    private final Value firstRow;
    private final Value firstColumn;
    private final Slice left;
    private final Slice right;
    private final Memory shared;
    private final Value x;
    private final Value y;
    private final int lanes = Math.min(CHUNK, t.columns());

    Tile(Value part, List<Value> batch, Value rowTile, Value columnTile) {
      this.part = part;
      this.batch = batch;
      this.firstRow = k.let("first_row", Values.mul(rowTile, t.tileRows()));
      this.firstColumn = k.let("first_column", Values.mul(columnTile, t.tileColumns()));
      this.x = k.let("x", Values.rem(item, t.across()));
      this.y = k.let("y", Values.div(item, t.across()));
      this.shared = k.local("shared", compute, t.sharedElements());
      this.left = new Slice(operands.left(batch), firstRow, product.rows(), t.tileRows(), 0);
      this.right = new Slice(
          operands.right(batch), firstColumn, product.columns(), t.tileColumns(), t.slice() * (t.tileRows() + PAD));
    }

    void write() {
      ProductTile sums = new ProductTile(k, compute, t.rows(), t.columns() / lanes, lanes);
      long steps = Math.ceilDiv(Math.ceilDiv(product.depth(), t.slice()), t.split());
      Value from = k.let("from", Values.mul(part, steps * t.slice()));
      Value to = k.let("to", Values.min(Values.add(from, steps * t.slice()), Values.index(product.depth())));
      left.fetch(from, to);
      right.fetch(from, to);
      k.loop("l", from, to, t.slice(), l -> {
        left.put();
        right.put();
        k.barrier();
        left.fetch(Values.add(l, t.slice()), to);
        right.fetch(Values.add(l, t.slice()), to);
        k.loop("s", Values.index(0), Values.index(t.slice()), 1, 4, s -> sums.add(
            left.scalars(s, y, t.rows(), t.down()), right.vectors(s, x, t.columns(), t.across())));
        k.barrier();
      });
      end(sums);
    }

    /** Rows of each work item that go through local memory at once. */
    private void end(ProductTile sums) {
      int pitch = t.tileColumns() + (product.columnsFollow() ? 0 : 1);
      int together = t.rowsTogether();
      for (int r = 0; r < t.rows(); r += together) {
        for (int rr = 0; rr < together; rr++) {
          Value row = Values.mul(Values.add(y, (long) rr * t.down()), pitch);
          for (int c = 0; c < t.columns(); c += lanes) {
            Value at = k.let("at", Values.add(row, place(x, c, t.columns(), t.across())));
            Value v = sums.sum(r + rr, c / lanes);
            if (product.columnsFollow()) {
              k.store(shared, at, v, true);
            } else {
              for (int lane = 0; lane < lanes; lane++) {
                k.store(shared, Values.add(at, lane), Values.lane(v, lane));
              }
            }
          }
        }
        k.barrier();
        endRows(r, pitch);
        if (r + together < t.rows()) {
          k.barrier();
        }
      }
    }

    /** Ends what lies in local memory: the rows from {@code r} on of each work item. */
    private void endRows(int r, int pitch) {
      long staged = (long) t.rowsTogether() * t.down();
      k.loop("e", Values.index(0), Values.index(Math.ceilDiv(staged * t.tileColumns(), threads)), 1, e -> {
        Value linear = k.let("linear", Values.add(Values.mul(e, threads), item));
        Value column = k.let(
            "column", product.columnsFollow() ? Values.rem(linear, t.tileColumns()) : Values.div(linear, staged));
        Value line = k.let(
            "line", product.columnsFollow() ? Values.div(linear, t.tileColumns()) : Values.rem(linear, staged));
        Value mine = Values.add(Values.div(line, t.down()), r);
        Value row = k.let("row", Values.add(firstRow, placeOf(Values.rem(line, t.down()), mine, t.rows(), t.down())));
        Value there = k.let("there", Values.add(firstColumn, column));
        Value inside = Values.and(Values.less(row, product.rows()), Values.less(there, product.columns()));
        if (staged * t.tileColumns() % threads != 0) {
          inside = Values.and(Values.less(linear, staged * t.tileColumns()), inside);
        }
        k.when(inside, () -> {
          Product.Place point = operands.point(batch, row, there);
          List<Value> at = new ArrayList<>(point.parts());
          if (t.split() > 1) {
            at.addFirst(part);
          }
          k.when(
              point.inside(),
              () -> finish.write(k.let("z", Values.load(shared, Values.add(Values.mul(line, pitch), column))), at));
        });
      });
    }

    /** A slice of one factor: fetched into registers by all work items, then put into local memory term by term. */
    private final class Slice {
      private final Product.Factor factor;
      private final int size;
      private final int base;
      private final int pitch;
      private final List<Variable> fetched = new ArrayList<>();
      private final List<Product.Place> across = new ArrayList<>();

      Slice(Product.Factor factor, Value first, long all, int size, int base) {
        this.factor = factor;
        this.size = size;
        this.base = base;
        this.pitch = size + PAD;
        for (int e = 0; e < size * t.slice() / threads; e++) {
          if (e == 0 || !sameIndex(e)) {
            Value index = k.let("index", Values.add(first, index(e)));
            Product.Place place = factor.across(index);
            Value there = all % size == 0 ? Values.bool(true) : Values.less(index, all);
            across.add(new Product.Place(place.parts(), Values.and(place.inside(), there)));
          } else {
            across.add(across.get(e - 1));
          }
          fetched.add(k.variable("next", Values.constant(compute, 0)));
        }
      }

      /** Whether element {@code e} has the row or column of the one before it. */
      private boolean sameIndex(int e) {
        return !factor.depthFollows() && threads % size == 0;
      }

      /** The row or column of element {@code e}, within the slice. */
      private Value index(int e) {
        if (factor.depthFollows()) {
          return Values.add(Values.div(item, t.slice()), (long) e * (threads / t.slice()));
        }
        return threads % size == 0 ? Values.rem(item, size) : Values.add(item, (long) e * threads % size);
      }

      /** The term of element {@code e}, within the slice. */
      private Value term(int e) {
        if (factor.depthFollows()) {
          return Values.rem(item, t.slice());
        }
        return threads % size == 0
            ? Values.add(Values.div(item, size), (long) e * (threads / size))
            : Values.index((long) e * threads / size);
      }

      /** Whether element {@code e} is of the same term as the one before it. */
      private boolean sameTerm(int e) {
        return factor.depthFollows()
            || threads % size != 0 && (long) e * threads / size == (e - 1L) * threads / size;
      }

      /** Loads the slice that begins at term {@code from}; what is at {@code to} or beyond is zero. */
      void fetch(Value from, Value to) {
        fetched.forEach(next -> k.assign(next, Values.constant(compute, 0)));
        k.when(Values.less(from, to), () -> {
          List<Product.Place> along = new ArrayList<>();
          for (int e = 0; e < fetched.size(); e++) {
            along.add(e == 0 || !sameTerm(e) ? along(Values.add(from, term(e)), to) : along.get(e - 1));
            Product.Place a = across.get(e);
            Product.Place l = along.get(e);
            Variable next = fetched.get(e);
            k.when(Values.and(a.inside(), l.inside()), () -> k.assign(next, factor.element(a, l)));
          }
        });
      }

      private Product.Place along(Value at, Value to) {
        Value term = k.let("term", at);
        Product.Place place = factor.along(term);
        Value there = product.depth() % t.slice() == 0 ? Values.bool(true) : Values.less(term, to);
        return new Product.Place(place.parts(), Values.and(place.inside(), there));
      }

      void put() {
        for (int e = 0; e < fetched.size(); e++) {
          Value at = Values.add(Values.add(Values.mul(term(e), pitch), index(e)), base);
          k.store(shared, at, Values.read(fetched.get(e)));
        }
      }

      /** What a work item at {@code position} of {@code items} needs of term {@code s}: {@code mine} elements. */
      List<Value> vectors(Value s, Value position, int mine, int items) {
        int width = Math.min(CHUNK, mine);
        Value row = k.let("row", Values.add(Values.mul(s, pitch), base));
        List<Value> vectors = new ArrayList<>();
        for (int i = 0; i < mine; i += width) {
          Value at = Values.add(row, place(position, i, mine, items));
          vectors.add(k.let("v", Values.load(shared, at, width, true)));
        }
        return vectors;
      }

      List<Value> scalars(Value s, Value position, int mine, int items) {
        List<Value> scalars = new ArrayList<>();
        for (Value v : vectors(s, position, mine, items)) {
          for (int lane = 0; lane < v.type().lanes(); lane++) {
            scalars.add(Values.lane(v, lane));
          }
        }
        return scalars;
      }
    }
  }

  /** Where element {@code i} of the {@code mine} of a work item stands in the tile: chunks of all items in turn. */
  private static Value place(Value position, int i, int mine, int items) {
    int width = Math.min(CHUNK, mine);
    return Values.add(Values.mul(position, width), (long) i / width * width * items + i % width);
  }

  /** As {@link #place}, of an element that is known at run time only. */
  private static Value placeOf(Value position, Value i, int mine, int items) {
    int width = Math.min(CHUNK, mine);
    Value chunk = Values.mul(Values.div(i, width), (long) width * items);
    return Values.add(Values.add(chunk, Values.mul(position, width)), Values.rem(i, width));
  }
}
