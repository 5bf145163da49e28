package org.lathe.backends.simt.schedule;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.schedule.AttentionShape.Matrix;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** The forward pass: a work item owns a block of queries, and keeps their running maxima and sums in vectors. */
final class AttentionLanesForward extends AttentionLanes {

  AttentionLanesForward(AttentionShape shape, Site site, Tuning tuning) {
    super(shape, site, tuning, shape.queries, 2);
  }

  KernelPlan plan() {
    LaunchBuilder k = new LaunchBuilder("attention_forward", shape.spec, site);
    Memory query = k.input(0, "query");
    Memory key = k.input(1, "key");
    Memory value = k.input(2, "value");
    Memory bias = shape.spec.bias() == null ? query : k.input(3, "bias");
    Memory out = k.output(0, "out");
    Memory logSum = k.output(1, "log_sum");
    Memory packed = array(k, "packed", shape.width, block);
    Memory keyTile = array(k, "key_tile", tile, padded(shape.width));
    Memory valueTile = array(k, "value_tile", tile, padded(shape.valueWidth));
    Memory weights = array(k, "weights", tile, block);
    Memory sums = array(k, "sums", padded(shape.valueWidth), block);
    Memory totals = array(k, "totals", 2, block);
    return KernelPlan.of(variant(), Tasks.launch(k, traits, (long) shape.matrices * blocks, task -> {
      Value matrix = k.let("matrix", Values.div(task, blocks));
      // the last block first: it sees the most keys
      Value first = k.let(
          "first", Values.mul(Values.sub(Values.index(blocks - 1), Values.rem(task, blocks)), block));
      Value owned = owned(k, first, shape.queries);
      Matrix keys = shape.key(k, key, matrix);
      Matrix values = shape.value(k, value, matrix);
      @Nullable
      Matrix biases = shape.spec.bias() == null ? null : shape.bias(k, bias, matrix);
      packTransposed(k, shape.query(k, query, matrix), first, shape.queries, shape.width, shape.spec.scale(), packed);
      zero(k, sums, shape.valueWidth);
      Variable[] most = vectors(k, "most", Double.NEGATIVE_INFINITY);
      Variable[] total = vectors(k, "total", 0);
      Value seen = shape.causal()
          ? k.let("seen", clamp(Values.add(Values.add(first, owned), shape.ahead - 1), Values.index(shape.keys)))
          : Values.index(shape.keys);
      Value[] limits = limits(k, first);
      k.loop("key0", Values.index(0), seen, tile, key0 -> {
        Value n = shape.causal() || shape.keys % tile != 0
            ? k.let("n", Values.min(Values.sub(seen, key0), Values.index(tile)))
            : Values.index(tile);
        Mask mask = (j,
            v) -> shape.causal() ? Values.less(Values.splat(Values.add(key0, j), lanes), limits[v]) : Values.bool(true);
        copyTile(k, keys, key0, n, shape.width, keyTile);
        copyTile(k, values, key0, n, shape.valueWidth, valueTile);
        scores(k, keyTile, packed, shape.width, n, weights);
        if (biases != null) {
          addBias(k, biases, n, owned, biases.row(), (j, x) -> biases.at(Values.add(first, x), Values.add(key0, j)),
              weights);
        }
        Value[] factor = softmax(k, n, mask, weights, most, total);
        accumulate(k, valueTile, shape.valueWidth, weights, keysSeen(k, first, key0, n), mask, v -> factor[v], sums);
      });
      for (int v = 0; v < vectors; v++) {
        store(k, totals, Values.index(0), v, Values.read(most[v]));
        store(k, totals, Values.index(1), v, Values.read(total[v]));
      }
      finish(k, matrix, first, owned, sums, totals, shape.out(k, out, matrix), logSum);
    }));
  }

  /** Turns scores into weights, and gives the factor by which what was summed up before shrinks. */
  private Value[] softmax(LaunchBuilder k, Value n, Mask mask, Memory weights, Variable[] most, Variable[] total) {
    Value[] before = new Value[vectors];
    for (int v = 0; v < vectors; v++) {
      before[v] = k.let("before", Values.read(most[v]));
    }
    k.loop("j", Values.index(0), n, 1, j -> {
      for (int v = 0; v < vectors; v++) {
        Value s = k.let("s", Values.select(mask.at(j, v), load(weights, j, v), number(Double.NEGATIVE_INFINITY)));
        if (shape.causal()) {
          store(k, weights, j, v, s);
        }
        k.assign(most[v], largest(Values.read(most[v]), s));
      }
    });
    Value[] shift = new Value[vectors];
    Value[] factor = new Value[vectors];
    for (int v = 0; v < vectors; v++) {
      shift[v] = k.let("shift", shift(Values.read(most[v])));
      factor[v] = k.let("factor", exp(Values.binary(BinaryOp.SUB, before[v], shift[v])));
      k.assign(total[v], Values.binary(BinaryOp.MUL, Values.read(total[v]), factor[v]));
    }
    k.loop("j", Values.index(0), n, 1, j -> {
      for (int v = 0; v < vectors; v++) {
        Value p = k.let("p", exp(Values.binary(BinaryOp.SUB, load(weights, j, v), shift[v])));
        store(k, weights, j, v, p);
        k.assign(total[v], RecurrentCell.plus(Values.read(total[v]), p));
      }
    });
    return factor;
  }

  /** Divides by the sums of weights, and writes the outputs and the log-sums. */
  private void finish(
      LaunchBuilder k, Value matrix, Value first, Value owned, Memory sums, Memory totals, Matrix out, Memory logSum) {
    k.loop("x", Values.index(0), owned, 1, x -> {
      Value total = k.let("total", Values.load(totals, Values.add(x, block)));
      Value nothing = k.let("nothing", Values.binary(BinaryOp.EQ, total, number(0)));
      Value inverse = k.let("inverse", Values.unary(UnaryOp.RECIPROCAL, total));
      Value query = k.let("query", Values.add(first, x));
      Value to = k.let("to", out.at(query, Values.index(0)));
      k.loop("d", shape.valueWidth, d -> {
        Value sum = Values.load(sums, Values.add(Values.mul(d, block), x));
        k.store(
            out.memory(), Values.add(to, Values.mul(d, out.column())),
            Values.select(nothing, number(0), Values.binary(BinaryOp.MUL, sum, inverse)));
      });
      Value log = RecurrentCell.plus(Values.load(totals, x), Values.unary(UnaryOp.LOG, total));
      k.store(
          logSum, Values.add(Values.mul(matrix, shape.queries), query),
          Values.select(nothing, number(Double.NEGATIVE_INFINITY), log));
    });
  }
}
