package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.Pooling.Kind;
import org.lathe.hal.spec.View;

/**
 * Pooling. Each element of the output by itself: an element of a gradient looks at the windows that it is in. Where windows
 * lie side by side and cover the data, they are the points of a gradient too, and vectors of neighbouring windows are.
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
    private final DType compute;
    private final View dataView;
    private final View resultView;

    Writer(Pooling p, Site site) {
      this.p = p;
      this.site = site;
      k = new LaunchBuilder("pooling", p, site);
      compute = p.dtype().compute();
      dataView = View.dense(p.dtype(), p.dataShape());
      resultView = View.dense(p.dtype(), p.resultShape());
    }

    KernelPlan plan() {
      boolean tiles = tiles();
      if (p.form() == Form.GRADIENT) {
        return tiles ? tileGradient() : gradient();
      }
      Memory data = k.input(0, "data");
      Memory other = p.form() == Form.PICK ? k.input(1, "other") : data;
      Finish finish = finish();
      return points(p.resultShape(), finish.views(), tiles).plan(2.0 * p.operations(), c -> {
        Value result = p.kind() == Kind.MEAN ? mean(data, c) : maximum(data, other, c);
        finish.write(result, c);
      });
    }

    private Finish finish() {
      return Finish.of(k, p.epilogue(), p.space(), p.pooledInputs());
    }

    /** Whether the windows cover the data side by side. */
    private boolean tiles() {
      return p.padY() == 0 && p.padX() == 0 && p.windowHeight() == p.strideY() && p.windowWidth() == p.strideX()
          && p.outHeight() * p.strideY() == p.height() && p.outWidth() * p.strideX() == p.width();
    }

    private Points points(Dims space, List<View> views, boolean vectors) {
      int lanes = vectors && site.traits().isCpu() ? Vectors.lanes(space.last(0), site.traits()) : 1;
      return points(space, views, lanes);
    }

    /** An epilogue in place may not be applied twice. */
    private Points points(Dims space, List<View> views, int lanes) {
      return new Points(k, site, space, views, lanes, site.aliasedInputs().isEmpty());
    }

    private Value zero(int lanes) {
      return Values.splat(Values.constant(compute, 0), lanes);
    }

    /** The cursor of a result element moved to element (y, x) of its picture of the data. */
    private Cursor data(Cursor result, Value y, Value x) {
      List<Value> at = new ArrayList<>(result.at());
      at.set(2, y);
      at.set(3, x);
      return new Cursor(p.dataShape(), at, result.along(), result.lanes(), 0, p.width());
    }

    private Value element(Memory memory, Cursor result, Value y, Value x) {
      Cursor at = data(result, y, x);
      if (result.lanes() == 1) {
        return at.read(k, memory, dataView);
      }
      Value first = k.let("e", Accesses.element(dataView, at.at(), p.dataShape()));
      return strided(memory, first, result.lanes());
    }

    private Value strided(Memory memory, Value first, int lanes) {
      List<Value> parts = new ArrayList<>();
      for (int l = 0; l < lanes; l++) {
        parts.add(Values.load(memory, Values.add(first, l * p.strideX())));
      }
      return k.let("x", Values.join(parts));
    }

    /** Visits the elements of a window that lie in the data, in row-major order. */
    private void window(Value oy, Value ox, boolean inside, Visit visit) {
      k.loop("dy", p.windowHeight(), dy -> {
        Value y = k.let("y", Values.sub(Values.add(Values.mul(oy, p.strideY()), dy), p.padY()));
        k.when(inside ? Values.bool(true) : within(y, p.height()), () -> k.loop("dx", p.windowWidth(), dx -> {
          Value x = k.let("x", Values.sub(Values.add(Values.mul(ox, p.strideX()), dx), p.padX()));
          k.when(inside ? Values.bool(true) : within(x, p.width()), () -> visit.at(y, x));
        }));
      });
    }

    private interface Visit {
      void at(Value y, Value x);
    }

    private static Value within(Value i, long size) {
      return Values.and(Values.atLeast(i, 0), Values.less(i, size));
    }

    /** The elements of a window inside of the data, by which a mean divides; at least 1. */
    private Value count(Value oy, Value ox) {
      if (p.countPadding() || tiles()) {
        return Values.constant(compute, Math.max(1, p.windowHeight() * p.windowWidth()));
      }
      Value rows = inside(oy, p.strideY(), p.padY(), p.windowHeight(), p.height());
      Value columns = inside(ox, p.strideX(), p.padX(), p.windowWidth(), p.width());
      return k.let("count", Values.cast(Values.max(Values.mul(rows, columns), Values.index(1)), compute));
    }

    private static Value inside(Value o, long stride, long pad, long window, long size) {
      Value from = Values.sub(Values.mul(o, stride), pad);
      Value to = Values.min(Values.add(from, window), Values.index(size));
      return Values.max(Values.sub(to, Values.max(from, Values.index(0))), Values.index(0));
    }

    private Value mean(Memory data, Cursor c) {
      Variable sum = k.variable("sum", zero(c.lanes()));
      window(c.at().get(2), c.at().get(3), tiles(), (y, x) -> k.assign(
          sum, Values.binary(BinaryOp.ADD, Values.read(sum), element(data, c, y, x))));
      return Values.binary(BinaryOp.DIV, Values.read(sum), count(c.at().get(2), c.at().get(3)));
    }

    /** Of {@code other} the element where {@code data} has its maximum. */
    private Value maximum(Memory data, Memory other, Cursor c) {
      double empty = p.form() == Form.PICK ? 0 : Double.NEGATIVE_INFINITY;
      Maximum max = new Maximum(c.lanes());
      Variable picked = k.variable("picked", Values.splat(Values.constant(compute, empty), c.lanes()));
      window(c.at().get(2), c.at().get(3), tiles(), (y, x) -> {
        Value value = element(data, c, y, x);
        Value better = max.take(value);
        Value candidate = p.form() == Form.PICK ? element(other, c, y, x) : value;
        k.assign(picked, Values.select(better, candidate, Values.read(picked)));
      });
      return Values.read(picked);
    }

    /** The first maximum of a window, or its first NaN, in each lane. */
    private final class Maximum {
      private final Variable value;
      private final Variable any;

      Maximum(int lanes) {
        value = k.variable("max", Values.splat(Values.constant(compute, Double.NEGATIVE_INFINITY), lanes));
        any = k.variable("any", Values.splat(Values.bool(false), lanes));
      }

      /** Whether this element is the maximum so far. */
      Value take(Value x) {
        Value max = Values.read(value);
        Value beyond = Values.binary(BinaryOp.AND,
            Values.unary(UnaryOp.NOT, Values.unary(UnaryOp.IS_NAN, max)),
            Values.unary(UnaryOp.NOT, Values.binary(BinaryOp.LE, x, max)));
        Value better = k.let("better",
            Values.binary(BinaryOp.OR, beyond, Values.unary(UnaryOp.NOT, Values.read(any))));
        k.assign(value, Values.select(better, x, max));
        k.assign(any, Values.splat(Values.bool(true), any.type().lanes()));
        return better;
      }
    }

    /** The gradient where windows overlap or leave gaps. */
    private KernelPlan gradient() {
      boolean isMax = p.kind() == Kind.MAX;
      @Nullable
      Memory data = isMax ? k.input(0, "data") : null;
      Memory from = k.input(isMax ? 1 : 0, "gradient");
      Finish finish = finish();
      double windows = Math.ceilDiv(p.windowHeight(), p.strideY()) * Math.ceilDiv(p.windowWidth(), p.strideX());
      return points(p.dataShape(), finish.views(), false).plan(windows * p.dataShape().product() * 4, c -> {
        Variable sum = k.variable("sum", zero(1));
        Value y = c.at().get(2);
        Value x = c.at().get(3);
        covering(y, p.strideY(), p.padY(), p.windowHeight(), p.outHeight(),
            oy -> covering(x, p.strideX(), p.padX(), p.windowWidth(), p.outWidth(), ox -> {
              Cursor window = new Cursor(p.resultShape(), List.of(c.at().get(0), c.at().get(1), oy, ox), -1, 1, 0, 0);
              if (data == null) {
                Value g = window.read(k, from, resultView);
                Value share = Values.binary(BinaryOp.DIV, g, count(oy, ox));
                k.assign(sum, Values.binary(BinaryOp.ADD, Values.read(sum), share));
              } else {
                Value chosen = isChosen(data, window, y, x);
                k.when(chosen, () -> k.assign(sum, Values.binary(
                    BinaryOp.ADD, Values.read(sum), window.read(k, from, resultView))));
              }
            }));
        finish.write(Values.read(sum), c);
      });
    }

    /** The windows that element {@code i} is in. */
    private void covering(
        Value i, long stride, long pad, long window, long count, Consumer<Value> body) {
      Value last = k.let("last", Values.div(Values.add(i, pad), stride));
      k.loop("back", Math.ceilDiv(window, stride), back -> {
        Value o = k.let("o", Values.sub(last, back));
        Value reaches = Values.binary(
            BinaryOp.GT, Values.add(Values.sub(Values.mul(o, stride), pad), window), i);
        k.when(Values.and(within(o, count), reaches), () -> body.accept(o));
      });
    }

    /** Whether the maximum of a window is its element (y, x). */
    private Value isChosen(Memory data, Cursor window, Value y, Value x) {
      Maximum max = new Maximum(1);
      Variable chosen = k.variable("chosen", Values.bool(false));
      window(window.at().get(2), window.at().get(3), false, (wy, wx) -> {
        Value better = max.take(element(data, window, wy, wx));
        Value here = Values.and(Values.binary(BinaryOp.EQ, wy, y), Values.binary(BinaryOp.EQ, wx, x));
        k.assign(chosen, Values.select(better, here, Values.read(chosen)));
      });
      return Values.read(chosen);
    }

    /** The gradient where windows are tiles: each writes its own elements. */
    private KernelPlan tileGradient() {
      boolean isMax = p.kind() == Kind.MAX;
      @Nullable
      Memory data = isMax ? k.input(0, "data") : null;
      Memory from = k.input(isMax ? 1 : 0, "gradient");
      Finish finish = finish();
      int lanes = site.traits().isCpu() && finish.views().stream().allMatch(v -> v.guard() == null)
          ? Math.max(1, Vectors.lanes(p.outWidth() * p.strideX(), site.traits()) / (int) Math.min(16, p.strideX()))
          : 1;
      return points(p.resultShape(), List.of(), Integer.highestOneBit(lanes)).plan(4.0 * p.operations(), c -> {
        Value oy = c.at().get(2);
        Value ox = c.at().get(3);
        Value g = c.read(k, from, resultView);
        if (data == null) {
          Value share = k.let("share", Values.splat(Values.binary(BinaryOp.DIV, g, count(oy, ox)), c.lanes()));
          tile(finish, c, (dy, dx) -> share);
          return;
        }
        Maximum max = new Maximum(c.lanes());
        Variable chosen = k.variable("chosen", Values.splat(Values.index(0), c.lanes()));
        window(oy, ox, true, (y, x) -> {
          Value better = max.take(element(data, c, y, x));
          k.assign(chosen, Values.select(better, place(oy, ox, y, x), Values.read(chosen)));
        });
        tile(finish, c, (dy, dx) -> {
          Value place = Values.add(Values.mul(dy, p.windowWidth()), dx);
          return Values.select(Values.binary(BinaryOp.EQ, Values.read(chosen), place), g, zero(c.lanes()));
        });
      });
    }

    /** What each element of a tile, or of tiles side by side, gets. */
    private interface Shares {
      Value of(Value dy, Value dx);
    }

    /** Ends the elements of the tiles at {@code c}: a row of several tiles as one vector where its lanes are a power of 2. */
    private void tile(Finish finish, Cursor c, Shares shares) {
      Value x0 = k.let("x", Values.mul(c.at().get(3), p.strideX()));
      long row = c.lanes() * p.strideX();
      boolean vector = c.lanes() > 1 && row <= 16 && Long.bitCount(row) == 1;
      k.loop("dy", p.windowHeight(), dy -> {
        Value y = k.let("y", Values.add(Values.mul(c.at().get(2), p.strideY()), dy));
        if (vector) {
          List<Value> columns = new ArrayList<>();
          for (long dx = 0; dx < p.strideX(); dx++) {
            columns.add(k.let("g", shares.of(dy, Values.index(dx))));
          }
          List<Value> parts = new ArrayList<>();
          for (int i = 0; i < row; i++) {
            parts.add(Values.lane(columns.get((int) (i % p.strideX())), (int) (i / p.strideX())));
          }
          List<Value> at = List.of(c.at().get(0), c.at().get(1), y, x0);
          finish.write(Values.join(parts), new Cursor(p.dataShape(), at, 3, (int) row, 0, p.width()));
          return;
        }
        k.loop("dx", p.windowWidth(), dx -> {
          Value v = k.let("g", shares.of(dy, dx));
          for (int l = 0; l < c.lanes(); l++) {
            Value x = Values.add(Values.add(x0, dx), l * p.strideX());
            List<Value> at = List.of(c.at().get(0), c.at().get(1), y, x);
            finish.write(Values.lane(v, l), Cursor.at(p.dataShape(), at));
          }
        });
      });
    }

    /** The number of an element in its window. */
    private Value place(Value oy, Value ox, Value y, Value x) {
      Value dy = Values.sub(y, Values.mul(oy, p.strideY()));
      Value dx = Values.sub(x, Values.mul(ox, p.strideX()));
      return Values.cast(Values.add(Values.mul(dy, p.windowWidth()), dx), DType.I32);
    }
  }
}
