package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.View;

/**
 * Pooling, by the windows: vectors of those side by side on CPUs. Each window of a gradient adds to its elements: where
 * windows lie side by side and cover the data it has them for itself, elsewhere one work item goes through all windows of a
 * picture; on GPUs each element looks at the windows that it is in.
 */
final class PoolingSchedule implements Schedule<Pooling> {

  @Override
  public KernelPlan plan(Pooling spec, Site site, Tuning tuning) {
    if (spec.space().product() == 0) {
      return KernelPlan.nothing();
    }
    return new Writer(spec, site).plan();
  }

  private static final class Writer {
    private final Pooling p;
    private final Site site;
    private final LaunchBuilder k;
    private final Windows windows;

    Writer(Pooling p, Site site) {
      this.p = p;
      this.site = site;
      k = new LaunchBuilder("pooling", p, site);
      windows = new Windows(k, p);
    }

    KernelPlan plan() {
      if (p.form() == Form.GRADIENT) {
        return windows.tiles ? tileGradient() : site.traits().isGpu() ? elementGradient() : pictureGradient();
      }
      Memory data = k.input(0, "data");
      Memory other = p.form() == Form.PICK ? k.input(1, "other") : data;
      Finish finish = finish();
      List<View> views = new ArrayList<>(finish.views());
      views.add(windows.cut());
      return points(p.resultShape(), views, lanes(p.outWidth())).plan(2.0 * p.operations(), c -> finish.write(
          k.let("pooled", windows.at(c, w -> !windows.isMaximum()
              ? windows.mean(data, w)
              : p.form() == Form.PICK ? windows.picked(data, other, w) : windows.maximum(data, w))),
          c));
    }

    private Finish finish() {
      return Finish.of(k, p.epilogue(), p.space(), p.pooledInputs());
    }

    private int lanes(long points) {
      return site.traits().isCpu() ? Vectors.lanes(points, site.traits()) : 1;
    }

    /** An epilogue in place may not be applied twice. */
    private Points points(Dims space, List<View> views, int lanes) {
      return new Points(k, site, space, views, lanes, site.aliasedInputs().isEmpty());
    }

    private Value zero(int lanes) {
      return Values.splat(Values.constant(windows.compute, 0), lanes);
    }

    private @Nullable Memory dataOfMaximum() {
      return windows.isMaximum() ? k.input(0, "data") : null;
    }

    private Memory gradientInput() {
      return k.input(windows.isMaximum() ? 1 : 0, "gradient");
    }

    /** A work item for each picture adds up what its windows give, in a workspace. */
    private KernelPlan pictureGradient() {
      Memory data = dataOfMaximum();
      Memory from = gradientInput();
      Finish finish = finish();
      Dims pictures = Dims.of(p.batch(), p.channels());
      long size = p.height() * p.width();
      double work = 4.0 * p.operations() + p.dataShape().product();
      long wanted = Math.min(pictures.product(), Sweep.items(site.traits(), work));
      long items = Math.ceilDiv(pictures.product(), Math.ceilDiv(pictures.product(), wanted));
      Memory sums = k.workspace(0, "sums", windows.compute, items * size, Access.READ_WRITE);
      Value base = items == 1
          ? Values.index(0)
          : k.let("base", Values.mul(
              items * size > Integer.MAX_VALUE ? Values.cast(Values.globalId(0), DType.I64) : Values.globalId(0),
              size));
      boolean plain = finish.views().stream().allMatch(v -> v.guard() == null) && site.aliasedInputs().isEmpty();
      Sweep.share(k, pictures.product(), items, unit -> {
        List<Value> picture = Accesses.coordinates(k, unit, pictures);
        Sweep.vectors(k, Values.index(0), Values.index(size), lanes(size), remainder(size, lanes(size)),
            (i, n) -> k.store(sums, Values.add(base, i), zero(n)));
        k.loop("oy", p.outHeight(), oy -> {
          Cursor row = Cursor.at(p.resultShape(), List.of(picture.get(0), picture.get(1), oy, Values.index(0)));
          results(row, c -> windows.visit(c, w -> spread(data, from, sums, base, w)));
        });
        int lanes = plain ? lanes(p.width()) : 1;
        k.loop("y", p.height(), y -> Sweep.vectors(k, Values.index(0), Values.index(p.width()), lanes,
            remainder(p.width(), lanes), (x, n) -> {
              Value at = Values.add(base, Values.add(Values.mul(y, p.width()), x));
              Value sum = k.let("sum", Values.load(sums, at, n, false));
              List<Value> point = List.of(picture.get(0), picture.get(1), y, x);
              finish.write(sum, new Cursor(p.dataShape(), point, 3, n, 0, p.width()));
            }));
      });
      return new KernelPlan(items + " work items that go through the windows of pictures",
          List.of(k.launch(items, 1)), List.of(items * size * windows.compute.bytes()));
    }

    private static Sweep.Remainder remainder(long size, int lanes) {
      return size % lanes == 0 ? Sweep.Remainder.NONE : Sweep.Remainder.SINGLE;
    }

    /** The results of a row, by vectors where no window reaches beyond the data. */
    private void results(Cursor row, Consumer<Cursor> body) {
      List<Long> cuts = Sweep.cuts(List.of(windows.cut()), 3, p.outWidth());
      for (int part = 0; part + 1 < cuts.size(); part++) {
        long from = cuts.get(part);
        long to = cuts.get(part + 1);
        int lanes = lanes(to - from);
        Sweep.vectors(k, Values.index(from), Values.index(to), lanes, remainder(to - from, lanes),
            (x, n) -> body.accept(row.run(3, x, n, from, to)));
      }
    }

    /** Adds the gradient of these windows to their elements. */
    private void spread(@Nullable Memory data, Memory from, Memory sums, Value base, Cursor results) {
      Value g = results.read(k, from, windows.result);
      if (data == null) {
        Value share = windows.share(g, results);
        windows.elements(results, (y, x) -> {
          Value at = k.let("at", Values.add(base, Values.add(Values.mul(y, p.width()), x)));
          for (int l = 0; l < results.lanes(); l++) {
            add(sums, Values.add(at, l * p.strideX()), Values.lane(share, l));
          }
        });
        return;
      }
      Value place = windows.argument(data, results, Values.index(-1), (y, x) -> placeInPicture(results, y, x));
      for (int l = 0; l < results.lanes(); l++) {
        Value at = k.let("at", Values.lane(place, l));
        Value part = Values.lane(g, l);
        k.when(Values.atLeast(at, 0), () -> add(sums, Values.add(base, at), part));
      }
    }

    private void add(Memory sums, Value at, Value part) {
      k.store(sums, at, Values.binary(BinaryOp.ADD, Values.load(sums, at), part));
    }

    /** The number of an element in its picture, for each of the windows. */
    private Value placeInPicture(Cursor results, Value y, Value x) {
      Value first = Values.cast(Values.add(Values.mul(y, p.width()), x), DType.I32);
      return results.lanes() == 1
          ? first
          : Values.add(Values.splat(first, results.lanes()), Values.mul(Values.lanes(results.lanes()), p.strideX()));
    }

    /** Each element adds up what the windows give that it is in. */
    private KernelPlan elementGradient() {
      Memory data = dataOfMaximum();
      Memory from = gradientInput();
      Finish finish = finish();
      double each = Math.ceilDiv(p.windowHeight(), p.strideY()) * Math.ceilDiv(p.windowWidth(), p.strideX());
      return points(p.dataShape(), finish.views(), 1).plan(4 * each * p.dataShape().product(), c -> {
        Variable sum = k.variable("sum", zero(1));
        Value y = c.at().get(2);
        Value x = c.at().get(3);
        Value here = Values.cast(Values.add(Values.mul(y, p.width()), x), DType.I32);
        covering(y, p.strideY(), p.padY(), p.windowHeight(), p.outHeight(),
            oy -> covering(x, p.strideX(), p.padX(), p.windowWidth(), p.outWidth(), ox -> {
              Cursor window = Cursor.at(p.resultShape(), List.of(c.at().get(0), c.at().get(1), oy, ox));
              Runnable add = () -> {
                Value g = window.read(k, from, windows.result);
                Value part = data == null ? windows.share(g, window) : g;
                k.assign(sum, Values.binary(BinaryOp.ADD, Values.read(sum), part));
              };
              if (data == null) {
                add.run();
              } else {
                Value chosen = windows.argument(
                    data, window, Values.index(-1), (wy, wx) -> placeInPicture(window, wy, wx));
                k.when(Values.binary(BinaryOp.EQ, chosen, here), add);
              }
            }));
        finish.write(Values.read(sum), c);
      });
    }

    /** The windows that element {@code i} is in. */
    private void covering(Value i, long stride, long pad, long window, long count, Consumer<Value> body) {
      Value last = k.let("last", Values.div(Values.add(i, pad), stride));
      k.loop("back", Math.ceilDiv(window, stride), back -> {
        Value o = k.let("o", Values.sub(last, back));
        Value reaches = Values.binary(
            BinaryOp.GT, Values.add(Values.sub(Values.mul(o, stride), pad), window), i);
        k.when(Values.and(Values.atLeast(o, 0), Values.less(o, count), reaches), () -> body.accept(o));
      });
    }

    /** The gradient where windows are tiles: each ends its own elements. */
    private KernelPlan tileGradient() {
      Memory data = dataOfMaximum();
      Memory from = gradientInput();
      Finish finish = finish();
      boolean plain = finish.views().stream().allMatch(v -> v.guard() == null);
      int row = plain ? lanes(p.outWidth() * p.strideX()) : 1;
      int lanes = Integer.highestOneBit((int) Math.max(1, row / Math.min(row, p.strideX())));
      return points(p.resultShape(), List.of(), lanes).plan(4.0 * p.operations(), c -> {
        Value g = c.read(k, from, windows.result);
        if (data == null) {
          Value share = windows.share(g, c);
          tile(finish, c, (dy, dx) -> share);
          return;
        }
        Value oy = c.at().get(2);
        Value ox = c.at().get(3);
        Value chosen = windows.argument(data, c, Values.index(0), (y, x) -> place(
            Values.sub(y, Values.mul(oy, p.strideY())), Values.sub(x, Values.mul(ox, p.strideX()))));
        tile(finish, c, (dy, dx) -> Values.select(
            Values.binary(BinaryOp.EQ, chosen, place(dy, dx)), g, zero(c.lanes())));
      });
    }

    /** The number of an element in its window. */
    private Value place(Value dy, Value dx) {
      return Values.cast(Values.add(Values.mul(dy, p.windowWidth()), dx), DType.I32);
    }

    /** What each element of a tile, or of tiles side by side, gets. */
    private interface Parts {
      Value of(Value dy, Value dx);
    }

    /** Ends the elements of the tiles at {@code c}: a row of several tiles as one vector where its lanes are a power of 2. */
    private void tile(Finish finish, Cursor c, Parts parts) {
      Value x0 = k.let("x", Values.mul(c.at().get(3), p.strideX()));
      long row = c.lanes() * p.strideX();
      boolean vector = c.lanes() > 1 && row <= site.traits().floatLanes() && Long.bitCount(row) == 1;
      k.loop("dy", p.windowHeight(), dy -> {
        Value y = k.let("y", Values.add(Values.mul(c.at().get(2), p.strideY()), dy));
        if (vector) {
          List<Value> columns = new ArrayList<>();
          for (long dx = 0; dx < p.strideX(); dx++) {
            columns.add(k.let("g", parts.of(dy, Values.index(dx))));
          }
          List<Value> mixed = new ArrayList<>();
          for (int i = 0; i < row; i++) {
            mixed.add(Values.lane(columns.get((int) (i % p.strideX())), (int) (i / p.strideX())));
          }
          List<Value> at = List.of(c.at().get(0), c.at().get(1), y, x0);
          finish.write(k.let("row", Values.join(mixed)), new Cursor(p.dataShape(), at, 3, (int) row, 0, p.width()));
          return;
        }
        k.loop("dx", p.windowWidth(), dx -> {
          Value v = k.let("g", parts.of(dy, dx));
          for (int l = 0; l < c.lanes(); l++) {
            Value x = Values.add(Values.add(x0, dx), l * p.strideX());
            List<Value> at = List.of(c.at().get(0), c.at().get(1), y, x);
            finish.write(Values.lane(v, l), Cursor.at(p.dataShape(), at));
          }
        });
      });
    }
  }
}
