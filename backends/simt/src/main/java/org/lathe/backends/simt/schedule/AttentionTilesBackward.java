package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.schedule.AttentionLanes.Visible;
import org.lathe.backends.simt.schedule.AttentionShape.Matrix;

/**
 * The backward pass in two launches, as {@link AttentionLanesBackward} has them: groups own blocks of queries in the first
 * and blocks of keys in the second.
 */
final class AttentionTilesBackward {
  private static final int DELTAS = 0;

  private AttentionTilesBackward() {}

  static KernelPlan plan(AttentionShape shape, Site site, Tuning tuning) {
    List<Launch> launches = new ArrayList<>();
    if (shape.queries > 0) {
      launches
          .add(new Queries(shape, new LaunchBuilder("attention_query_gradient", shape.spec, site), tuning).launch());
    }
    if (shape.keys > 0) {
      launches.add(new Keys(shape, new LaunchBuilder("attention_key_gradient", shape.spec, site), tuning).launch());
    }
    return new KernelPlan(
        AttentionTiles.variant(tuning), launches,
        List.of((long) shape.matrices * shape.queries * shape.dtype.bytes()));
  }

  /** The gradients of queries. */
  private static final class Queries extends AttentionTiles {
    private static final int LOG_SUMS = 1;

    Queries(AttentionShape shape, LaunchBuilder k, Tuning tuning) {
      super(shape, k, tuning, shape.width);
    }

    Launch launch() {
      int inOut = shape.inOut();
      Memory query = k.input(0, "query");
      Memory key = k.input(1, "key");
      Memory value = k.input(2, "value");
      @Nullable
      Memory bias = shape.spec.bias() == null ? null : k.input(3, "bias");
      Memory out = k.input(inOut, "out");
      Memory logSum = k.input(inOut + 1, "log_sum");
      Memory outGradient = k.input(inOut + 2, "d_out");
      Memory queryGradient = k.output(0, "d_query");
      Memory deltas = k.workspace(DELTAS, "deltas", shape.dtype, (long) shape.matrices * shape.queries, Access.WRITE);
      int blocks = Math.ceilDiv(shape.queries, block);
      Value matrix = k.let("matrix", Values.groupId(1));
      Value first = k.let("first", Values.mul(Values.sub(Values.index(blocks - 1), Values.groupId(0)), block));
      Matrix queries = shape.query(k, query, matrix);
      Matrix keys = shape.key(k, key, matrix);
      Matrix values = shape.value(k, value, matrix);
      Matrix gradients = shape.out(k, outGradient, matrix);
      @Nullable
      Matrix biases = bias == null ? null : shape.bias(k, bias, matrix);
      Value position = k.let("position", Values.add(Values.mul(matrix, shape.queries), first));
      Value[] delta = deltas(shape.out(k, out, matrix), gradients, first);
      Value[] shift = new Value[rows];
      for (int r = 0; r < rows; r++) {
        Value at = k.let("at", Values.add(position, row(r)));
        Variable sum = k.variable("log_sum", number(0));
        Value d = delta[r];
        k.when(Values.less(Values.add(first, row(r)), shape.queries), () -> {
          k.assign(sum, Values.load(logSum, at));
          k.when(all(Values.equal(x, 0), Values.equal(Values.groupId(2), 0)), () -> k.store(deltas, at, d));
        });
        shift[r] = k.let("shift", shift(Values.read(sum)));
      }
      Sums sums = sums(shape.width);
      Value seen = shape.causal()
          ? k.let("seen", AttentionLanes.clamp(
              Values.add(Values.min(Values.add(first, block), Values.index(shape.queries)), shape.ahead - 1),
              Values.index(shape.keys)))
          : Values.index(shape.keys);
      k.loop("key0", Values.index(0), seen, tile, key0 -> {
        Mask inside = (row, column) -> all(
            Values.less(Values.add(first, row), shape.queries), Values.less(Values.add(key0, column), shape.keys));
        Value[] s = withBias(
            products(queries, first, shape.queries, keys, key0, shape.keys, shape.width, shape.spec.scale()), biases,
            inside,
            (row, column) -> biases == null ? row : biases.at(Values.add(first, row), Values.add(key0, column)));
        Value[] dp = products(gradients, first, shape.queries, values, key0, shape.keys, shape.valueWidth, 1);
        Value[] slopes = new Value[rows];
        Value numbers = k.let("keys", Values.add(columnNumbers(), key0));
        for (int r = 0; r < rows; r++) {
          Value limit = shape.causal()
              ? Values.min(Values.add(Values.add(first, row(r)), shape.ahead), Values.index(shape.keys))
              : Values.index(shape.keys);
          Value slope = times(
              times(exp(minus(s[r], shift[r])), minus(dp[r], delta[r])), number(shape.spec.scale()));
          slopes[r] = k.let("slope",
              Values.select(Values.less(numbers, Values.splat(limit, columns)), slope, number(0)));
        }
        putWeights(slopes);
        Value n = shape.causal() || shape.keys % tile != 0
            ? k.let("n", Values.min(Values.sub(Values.index(shape.keys), key0), Values.index(tile)))
            : Values.index(tile);
        Visible visible = Visible.all(n);
        if (shape.causal()) {
          Value common = k.let("common", AttentionLanes.clamp(Values.sub(Values.add(first, shape.ahead), key0), n));
          visible = new Visible(common, n, Values.index(0), common);
        }
        accumulate(sums, keys, key0, shape.keys, visible,
            (row, j) -> Values.less(Values.add(key0, j), Values.add(Values.add(first, row), shape.ahead)));
      });
      write(sums, shape.query(k, queryGradient, matrix), first, shape.queries, (r, v) -> v);
      return launch(shape.queries);
    }

    /** Of each row of this work item the output times the gradient of it. */
    private Value[] deltas(Matrix out, Matrix gradient, Value first) {
      Value[] products = new Value[rows];
      for (int r = 0; r < rows; r++) {
        Variable sum = k.variable("delta", number(0));
        Value at = k.let("row", Values.add(first, row(r)));
        k.when(Values.less(at, shape.queries), () -> k.loop(
            "d", x, Values.index(shape.valueWidth), side, d -> k.assign(sum, Values.mad(
                Values.load(out.memory(), out.at(at, d)), Values.load(gradient.memory(), gradient.at(at, d)),
                Values.read(sum)))));
        products[r] = Values.read(sum);
      }
      reduceRows(products, LOG_SUMS, RecurrentCell::plus);
      Value[] deltas = new Value[rows];
      for (int r = 0; r < rows; r++) {
        deltas[r] = k.let("delta", total(LOG_SUMS, r));
      }
      return deltas;
    }
  }

  /** The gradients of keys and values. */
  private static final class Keys extends AttentionTiles {
    Keys(AttentionShape shape, LaunchBuilder k, Tuning tuning) {
      super(shape, k, tuning, Math.max(shape.width, shape.valueWidth));
    }

    Launch launch() {
      int inOut = shape.inOut();
      Memory query = k.input(0, "query");
      Memory key = k.input(1, "key");
      Memory value = k.input(2, "value");
      @Nullable
      Memory bias = shape.spec.bias() == null ? null : k.input(3, "bias");
      Memory logSum = k.input(inOut + 1, "log_sum");
      Memory outGradient = k.input(inOut + 2, "d_out");
      Memory keyGradient = k.output(1, "d_key");
      Memory valueGradient = k.output(2, "d_value");
      Memory deltas = k.workspace(DELTAS, "deltas", shape.dtype, (long) shape.matrices * shape.queries, Access.READ);
      Value matrix = k.let("matrix", Values.groupId(1));
      Value first = k.let("first", Values.mul(Values.groupId(0), block));
      Matrix queries = shape.query(k, query, matrix);
      Matrix keys = shape.key(k, key, matrix);
      Matrix values = shape.value(k, value, matrix);
      Matrix gradients = shape.out(k, outGradient, matrix);
      @Nullable
      Matrix biases = bias == null ? null : shape.bias(k, bias, matrix);
      Value position = k.let("position", Values.mul(matrix, shape.queries));
      Sums keySums = sums(shape.width);
      Sums valueSums = sums(shape.valueWidth);
      Value from = shape.causal()
          ? k.let("from", AttentionLanes.clamp(Values.sub(first, shape.ahead - 1), Values.index(shape.queries)))
          : Values.index(0);
      k.loop("query0", from, Values.index(shape.queries), tile, query0 -> {
        // the shift and delta of each query of the tile, seen after the products' first barrier
        k.loop("e", item, Values.index(tile), (long) side * side, e -> {
          Variable sum = k.variable("log_sum", number(0));
          Variable delta = k.variable("delta", number(0));
          Value at = k.let("at", Values.add(query0, e));
          k.when(Values.less(at, shape.queries), () -> {
            k.assign(sum, Values.load(logSum, Values.add(position, at)));
            k.assign(delta, Values.load(deltas, Values.add(position, at)));
          });
          k.store(partials, e, shift(Values.read(sum)));
          k.store(partials, Values.add(e, tile), Values.read(delta));
        });
        k.barrier();
        Mask inside = (row, column) -> all(
            Values.less(Values.add(first, row), shape.keys), Values.less(Values.add(query0, column), shape.queries));
        Value[] s = withBias(
            products(keys, first, shape.keys, queries, query0, shape.queries, shape.width, shape.spec.scale()), biases,
            inside,
            (row, column) -> biases == null ? row : biases.at(Values.add(query0, column), Values.add(first, row)));
        Value[] dp = products(values, first, shape.keys, gradients, query0, shape.queries, shape.valueWidth, 1);
        Value shift = k.let("shift", Values.load(partials, column(), columns, true));
        Value delta = k.let("delta", Values.load(partials, Values.add(column(), tile), columns, true));
        Value numbers = k.let("queries", Values.add(columnNumbers(), query0));
        Value[] p = new Value[rows];
        Value[] slopes = new Value[rows];
        for (int r = 0; r < rows; r++) {
          Value visible = Values.less(numbers, Values.splat(Values.index(shape.queries), columns));
          if (shape.causal()) {
            Value reach = Values.add(numbers, Values.splat(Values.index(shape.ahead), columns));
            visible = Values.and(visible, Values.less(Values.splat(Values.add(first, row(r)), columns), reach));
          }
          Value seen = k.let("seen", visible);
          p[r] = k.let("p", Values.select(seen, exp(minus(s[r], shift)), number(0)));
          slopes[r] = k.let("slope", Values.select(
              seen, times(times(p[r], minus(dp[r], delta)), number(shape.spec.scale())), number(0)));
        }
        Value n = shape.causal() || shape.queries % tile != 0
            ? k.let("n", Values.min(Values.sub(Values.index(shape.queries), query0), Values.index(tile)))
            : Values.index(tile);
        Visible visible = Visible.all(n);
        if (shape.causal()) {
          Value whole = k.let("whole",
              AttentionLanes.clamp(Values.sub(Values.add(first, block - shape.ahead), query0), n));
          visible = new Visible(Values.index(0), whole, whole, n);
        }
        Mask mask = (row, i) -> Values.less(
            Values.add(first, row), Values.add(Values.add(query0, i), shape.ahead));
        putWeights(p);
        accumulate(valueSums, gradients, query0, shape.queries, visible, mask);
        putWeights(slopes);
        accumulate(keySums, queries, query0, shape.queries, visible, mask);
        if (shape.width == 0 && shape.valueWidth == 0) {
          // Nothing above has waited: the next shifts come where these are still read.
          k.barrier();
        }
      });
      write(keySums, shape.key(k, keyGradient, matrix), first, shape.keys, (r, v) -> v);
      write(valueSums, shape.value(k, valueGradient, matrix), first, shape.keys, (r, v) -> v);
      return launch(shape.keys);
    }
  }
}
