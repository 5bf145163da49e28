package org.lathe.backends.simt.schedule;

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
import org.lathe.backends.simt.schedule.AttentionShape.Matrix;
import org.lathe.hal.expr.BinaryOp;

/**
 * The backward pass in two launches. With {@code delta} of a query its output times the gradient of it, P the
 * probabilities from the log-sums, and {@code dS = scale P (dO V^T - delta)}: the first launch owns blocks of queries, and
 * gives delta and {@code dQ = dS K}; the second owns blocks of keys, and gives {@code dV = P^T dO} and {@code dK = dS^T
 * Q}. The scores are computed in both, 7/5 of the least work, so that every sum has one owner.
 */
final class AttentionLanesBackward {
  private static final int DELTAS = 0;

  private AttentionLanesBackward() {}

  static KernelPlan plan(AttentionShape shape, Site site, Tuning tuning) {
    List<Launch> launches = new java.util.ArrayList<>();
    String variant = "nothing to do";
    if (shape.queries > 0) {
      Queries queries = new Queries(shape, site, tuning);
      launches.add(queries.launch());
      variant = queries.variant();
    }
    if (shape.keys > 0) {
      Keys keys = new Keys(shape, site, tuning);
      launches.add(keys.launch());
      variant = keys.variant();
    }
    return new KernelPlan(
        variant, launches, List.of((long) shape.matrices * shape.queries * shape.dtype.bytes()));
  }

  private static @Nullable Matrix bias(AttentionShape shape, LaunchBuilder k, @Nullable Memory bias, Value matrix) {
    return bias == null ? null : shape.bias(k, bias, matrix);
  }

  /** The gradients of queries. */
  private static final class Queries extends AttentionLanes {
    Queries(AttentionShape shape, Site site, Tuning tuning) {
      super(shape, site, tuning, shape.queries, 3);
    }

    Launch launch() {
      LaunchBuilder k = new LaunchBuilder("attention_query_gradient", shape.spec, site);
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
      Memory deltas = k.workspace(
          DELTAS, "deltas", shape.dtype, (long) shape.matrices * shape.queries, Access.WRITE);
      Memory packed = array(k, "packed", shape.width, block);
      Memory packedOut = array(k, "packed_out", shape.valueWidth, block);
      Memory keyTile = array(k, "key_tile", tile, padded(shape.width));
      Memory valueTile = array(k, "value_tile", tile, padded(shape.valueWidth));
      Memory weights = array(k, "weights", tile, block);
      Memory slopes = array(k, "slopes", tile, block);
      Memory sums = array(k, "sums", Math.max(padded(shape.width), shape.valueWidth), block);
      Memory totals = array(k, "totals", 2, block);
      return Tasks.launch(k, traits, (long) shape.matrices * blocks, task -> {
        Value matrix = k.let("matrix", Values.div(task, blocks));
        Value first = k.let(
            "first", Values.mul(Values.sub(Values.index(blocks - 1), Values.rem(task, blocks)), block));
        Value owned = owned(k, first, shape.queries);
        Matrix keys = shape.key(k, key, matrix);
        Matrix values = shape.value(k, value, matrix);
        @Nullable
        Matrix biases = bias(shape, k, bias, matrix);
        packTransposed(
            k, shape.query(k, query, matrix), first, shape.queries, shape.width, shape.spec.scale(), packed);
        packTransposed(
            k, shape.out(k, outGradient, matrix), first, shape.queries, shape.valueWidth, 1, packedOut);
        packTransposed(k, shape.out(k, out, matrix), first, shape.queries, shape.valueWidth, 1, sums);
        Value position = k.let("position", Values.add(Values.mul(matrix, shape.queries), first));
        Value[] delta = deltas(k, packedOut, sums);
        Value[] shift = new Value[vectors];
        k.loop("x", block, x -> {
          Value row = shape.queries % block == 0 ? x : Values.min(x, Values.sub(owned, 1));
          k.store(totals, x, Values.load(logSum, Values.add(position, row)));
        });
        for (int v = 0; v < vectors; v++) {
          shift[v] = k.let("shift", shift(load(totals, Values.index(0), v)));
          store(k, totals, Values.index(1), v, delta[v]);
        }
        k.loop("x", Values.index(0), owned, 1,
            x -> k.store(deltas, Values.add(position, x), Values.load(totals, Values.add(x, block))));
        zero(k, sums, shape.width);
        Value seen = shape.causal()
            ? k.let("seen", clamp(Values.add(Values.add(first, owned), shape.ahead - 1), Values.index(shape.keys)))
            : Values.index(shape.keys);
        Value[] limits = limits(k, first);
        k.loop("key0", Values.index(0), seen, tile, key0 -> {
          Value n = shape.causal() || shape.keys % tile != 0
              ? k.let("n", Values.min(Values.sub(seen, key0), Values.index(tile)))
              : Values.index(tile);
          Mask mask = (j, v) -> shape.causal()
              ? Values.less(Values.splat(Values.add(key0, j), lanes), limits[v])
              : Values.bool(true);
          copyTile(k, keys, key0, n, shape.width, keyTile);
          copyTile(k, values, key0, n, shape.valueWidth, valueTile);
          scores(k, keyTile, packed, shape.width, n, weights);
          scores(k, valueTile, packedOut, shape.valueWidth, n, slopes);
          if (biases != null) {
            addBias(k, biases, n, owned, biases.row(), (j, x) -> biases.at(Values.add(first, x), Values.add(key0, j)),
                weights);
          }
          k.loop("j", Values.index(0), n, 1, j -> {
            for (int v = 0; v < vectors; v++) {
              Value p = exp(Values.binary(BinaryOp.SUB, load(weights, j, v), shift[v]));
              store(k, slopes, j, v, slope(k, p, load(slopes, j, v), delta[v], mask.at(j, v)));
            }
          });
          accumulate(k, keyTile, shape.width, slopes, keysSeen(k, first, key0, n), mask, null, sums);
        });
        unpack(k, sums, first, owned, shape.width, shape.query(k, queryGradient, matrix));
      });
    }

    /** Each query's output times the gradient of it. */
    private Value[] deltas(LaunchBuilder k, Memory packedOut, Memory packedGradient) {
      Variable[] delta = vectors(k, "delta", 0);
      k.loop("d", shape.valueWidth, d -> {
        for (int v = 0; v < vectors; v++) {
          k.assign(delta[v], Values.mad(load(packedOut, d, v), load(packedGradient, d, v), Values.read(delta[v])));
        }
      });
      Value[] values = new Value[vectors];
      for (int v = 0; v < vectors; v++) {
        values[v] = Values.read(delta[v]);
      }
      return values;
    }
  }

  /** The gradients of keys and values. */
  private static final class Keys extends AttentionLanes {
    Keys(AttentionShape shape, Site site, Tuning tuning) {
      super(shape, site, tuning, shape.keys, 4);
    }

    Launch launch() {
      LaunchBuilder k = new LaunchBuilder("attention_key_gradient", shape.spec, site);
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
      Memory deltas = k.workspace(
          DELTAS, "deltas", shape.dtype, (long) shape.matrices * shape.queries, Access.READ);
      Memory packed = array(k, "packed", shape.width, block);
      Memory packedValue = array(k, "packed_value", shape.valueWidth, block);
      Memory queryTile = array(k, "query_tile", tile, padded(shape.width));
      Memory outTile = array(k, "out_tile", tile, padded(shape.valueWidth));
      Memory weights = array(k, "weights", tile, block);
      Memory slopes = array(k, "slopes", tile, block);
      Memory keySums = array(k, "key_sums", padded(shape.width), block);
      Memory valueSums = array(k, "value_sums", padded(shape.valueWidth), block);
      return Tasks.launch(k, traits, (long) shape.matrices * blocks, task -> {
        Value matrix = k.let("matrix", Values.div(task, blocks));
        Value first = k.let("first", Values.mul(Values.rem(task, blocks), block));
        Value owned = owned(k, first, shape.keys);
        Matrix queries = shape.query(k, query, matrix);
        Matrix gradients = shape.out(k, outGradient, matrix);
        @Nullable
        Matrix biases = bias(shape, k, bias, matrix);
        packTransposed(k, shape.key(k, key, matrix), first, shape.keys, shape.width, shape.spec.scale(), packed);
        packTransposed(k, shape.value(k, value, matrix), first, shape.keys, shape.valueWidth, 1, packedValue);
        Value position = k.let("position", Values.mul(matrix, shape.queries));
        zero(k, keySums, shape.width);
        zero(k, valueSums, shape.valueWidth);
        Value[] numbers = new Value[vectors];
        for (int v = 0; v < vectors && shape.causal(); v++) {
          numbers[v] = rowNumbers(k, first, v);
        }
        Value from = shape.causal()
            ? k.let("from", clamp(Values.sub(first, shape.ahead - 1), Values.index(shape.queries)))
            : Values.index(0);
        k.loop("query0", from, Values.index(shape.queries), tile, query0 -> {
          Value n = shape.causal() || shape.queries % tile != 0
              ? k.let("n", Values.min(Values.sub(Values.index(shape.queries), query0), Values.index(tile)))
              : Values.index(tile);
          Mask mask = (i, v) -> shape.causal()
              ? Values.less(numbers[v], Values.splat(Values.add(Values.add(query0, i), shape.ahead), lanes))
              : Values.bool(true);
          copyTile(k, queries, query0, n, shape.width, queryTile);
          copyTile(k, gradients, query0, n, shape.valueWidth, outTile);
          scores(k, queryTile, packed, shape.width, n, weights);
          scores(k, outTile, packedValue, shape.valueWidth, n, slopes);
          if (biases != null) {
            addBias(k, biases, n, owned, biases.column(),
                (i, x) -> biases.at(Values.add(query0, i), Values.add(first, x)), weights);
          }
          k.loop("i", Values.index(0), n, 1, i -> {
            Value place = k.let("place", Values.add(Values.add(position, query0), i));
            Value shift = k.let("shift", shift(Values.load(logSum, place)));
            Value delta = k.let("delta", Values.load(deltas, place));
            for (int v = 0; v < vectors; v++) {
              Value p = exp(Values.binary(BinaryOp.SUB, load(weights, i, v), shift));
              Value weight = k.let("p", Values.select(mask.at(i, v), p, number(0)));
              store(k, weights, i, v, weight);
              store(k, slopes, i, v, slope(k, weight, load(slopes, i, v), delta, mask.at(i, v)));
            }
          });
          Value whole = shape.causal()
              ? k.let("whole", clamp(Values.sub(Values.add(first, block - shape.ahead), query0), n))
              : Values.index(0);
          Visible visible = new Visible(Values.index(0), whole, whole, n);
          accumulate(k, outTile, shape.valueWidth, weights, visible, mask, null, valueSums);
          accumulate(k, queryTile, shape.width, slopes, visible, mask, null, keySums);
        });
        unpack(k, keySums, first, owned, shape.width, shape.key(k, keyGradient, matrix));
        unpack(k, valueSums, first, owned, shape.valueWidth, shape.value(k, valueGradient, matrix));
      });
    }
  }
}
