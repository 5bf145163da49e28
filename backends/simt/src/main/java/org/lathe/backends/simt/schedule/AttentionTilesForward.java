package org.lathe.backends.simt.schedule;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.schedule.AttentionLanes.Visible;
import org.lathe.backends.simt.schedule.AttentionShape.Matrix;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** The forward pass: a group owns a block of queries. Each work item adds up the weights of its own columns alone. */
final class AttentionTilesForward extends AttentionTiles {
  private static final int MAXIMA = 0;
  private static final int SUMS = 1;

  private AttentionTilesForward(AttentionShape shape, LaunchBuilder k, Tuning tuning) {
    super(shape, k, tuning, shape.valueWidth);
  }

  static KernelPlan plan(AttentionShape shape, Site site, Tuning tuning) {
    LaunchBuilder k = new LaunchBuilder("attention_forward", shape.spec, site);
    AttentionTilesForward a = new AttentionTilesForward(shape, k, tuning);
    a.write();
    return KernelPlan.of(variant(tuning), a.launch(shape.queries));
  }

  private void write() {
    Memory query = k.input(0, "query");
    Memory key = k.input(1, "key");
    Memory value = k.input(2, "value");
    @Nullable
    Memory bias = shape.spec.bias() == null ? null : k.input(3, "bias");
    Memory out = k.output(0, "out");
    Memory logSum = k.output(1, "log_sum");
    Value matrix = k.let("matrix", Values.groupId(1));
    // the last block first: it sees the most keys
    int blocks = Math.ceilDiv(shape.queries, block);
    Value first = k.let("first", Values.mul(Values.sub(Values.index(blocks - 1), Values.groupId(0)), block));
    Matrix queries = shape.query(k, query, matrix);
    Matrix keys = shape.key(k, key, matrix);
    Matrix values = shape.value(k, value, matrix);
    @Nullable
    Matrix biases = bias == null ? null : shape.bias(k, bias, matrix);
    Sums sums = sums(shape.valueWidth);
    Variable[] most = new Variable[rows];
    Variable[] total = new Variable[rows];
    for (int r = 0; r < rows; r++) {
      most[r] = k.variable("most", number(Double.NEGATIVE_INFINITY));
      total[r] = k.variable("total", number(0));
    }
    Value seen = keysSeen(first);
    k.loop("key0", Values.index(0), seen, tile, key0 -> {
      Value[] s = products(
          queries, first, shape.queries, keys, key0, shape.keys, shape.width, shape.spec.scale());
      Mask inside = (row, column) -> all(
          Values.less(Values.add(first, row), shape.queries), Values.less(Values.add(key0, column), shape.keys));
      s = withBias(s, biases, inside,
          (row, column) -> biases == null ? row : biases.at(Values.add(first, row), Values.add(key0, column)));
      Value[] factor = softmax(s, first, key0, most, total);
      for (Variable[] c : sums.chunks()) {
        for (int r = 0; r < rows; r++) {
          k.assign(c[r], times(Values.read(c[r]), factor[r]));
        }
      }
      accumulate(sums, values, key0, shape.keys, visible(first, key0),
          (row, j) -> Values.less(Values.add(key0, j), Values.add(Values.add(first, row), shape.ahead)));
    });
    Value[] totals = new Value[rows];
    for (int r = 0; r < rows; r++) {
      totals[r] = Values.read(total[r]);
    }
    reduceRows(totals, SUMS, RecurrentCell::plus);
    Value[] sum = new Value[rows];
    for (int r = 0; r < rows; r++) {
      sum[r] = k.let("sum", total(SUMS, r));
    }
    write(sums, shape.out(k, out, matrix), first, shape.queries, (r, v) -> Values.select(
        Values.binary(BinaryOp.EQ, sum[r], number(0)), number(0),
        times(v, Values.unary(UnaryOp.RECIPROCAL, sum[r]))));
    for (int r = 0; r < rows; r++) {
      Value at = k.let("at", Values.add(first, row(r)));
      Value nothing = Values.binary(BinaryOp.EQ, sum[r], number(0));
      Value log = RecurrentCell.plus(Values.read(most[r]), Values.unary(UnaryOp.LOG, sum[r]));
      k.when(all(Values.less(at, shape.queries), Values.equal(x, 0), Values.equal(Values.groupId(2), 0)), () -> k.store(
          logSum, Values.add(Values.mul(matrix, shape.queries), at),
          Values.select(nothing, number(Double.NEGATIVE_INFINITY), log)));
    }
  }

  /** Makes weights of the scores and puts them down; gives the factor by which each row's sums shrink. */
  private Value[] softmax(Value[] scores, Value first, Value key0, Variable[] most, Variable[] total) {
    Value[] s = new Value[rows];
    Value[] largest = new Value[rows];
    Value numbers = k.let("keys", Values.add(columnNumbers(), key0));
    for (int r = 0; r < rows; r++) {
      Value limit = shape.causal()
          ? Values.min(Values.add(Values.add(first, row(r)), shape.ahead), Values.index(shape.keys))
          : Values.index(shape.keys);
      s[r] = k.let("s", Values.select(
          Values.less(numbers, Values.splat(limit, columns)), scores[r], number(Double.NEGATIVE_INFINITY)));
      largest[r] = fold(s[r], AttentionLanes::largest);
    }
    reduceRows(largest, MAXIMA, AttentionLanes::largest);
    Value[] factor = new Value[rows];
    Value[] p = new Value[rows];
    for (int r = 0; r < rows; r++) {
      Value before = k.let("before", Values.read(most[r]));
      k.assign(most[r], AttentionLanes.largest(Values.read(most[r]), k.let("row_most", total(MAXIMA, r))));
      Value shift = k.let("shift", shift(Values.read(most[r])));
      factor[r] = k.let("factor", exp(minus(before, shift)));
      p[r] = k.let("p", exp(minus(s[r], shift)));
      k.assign(total[r], Values.mad(Values.read(total[r]), factor[r], fold(p[r], RecurrentCell::plus)));
    }
    putWeights(p);
    return factor;
  }

  /** The end of the keys that any query of a block sees. */
  private Value keysSeen(Value first) {
    return shape.causal()
        ? k.let("seen", AttentionLanes.clamp(
            Values.add(Values.min(Values.add(first, block), Values.index(shape.queries)), shape.ahead - 1),
            Values.index(shape.keys)))
        : Values.index(shape.keys);
  }

  private Visible visible(Value first, Value key0) {
    Value n = Values.min(Values.sub(Values.index(shape.keys), key0), Values.index(tile));
    if (!shape.causal()) {
      return Visible.all(shape.keys % tile == 0 ? Values.index(tile) : k.let("n", n));
    }
    Value end = k.let("n", n);
    Value common = k.let("common", AttentionLanes.clamp(Values.sub(Values.add(first, shape.ahead), key0), end));
    return new Visible(common, end, Values.index(0), common);
  }
}
