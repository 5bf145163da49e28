package org.lathe.models.nn;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Draws symbols from a fixed distribution, each in constant time (Walker 1977; Vose 1991): a uniform column keeps its own
 * symbol with its threshold's probability and else gives its alias.
 */
public final class AliasTable {
  private final double[] thresholds;
  private final int[] aliases;

  /**
   * @param weights of the symbols: none negative, not all 0; they need not sum to 1
   */
  public AliasTable(double... weights) {
    int n = weights.length;
    double sum = Arrays.stream(weights).sum();
    if (!(sum > 0) || !Double.isFinite(sum) || Arrays.stream(weights).anyMatch(w -> w < 0)) {
      throw new IllegalArgumentException("weights " + Arrays.toString(weights) + ": expected none negative, not all 0");
    }
    thresholds = new double[n];
    aliases = new int[n];
    double[] scaled = Arrays.stream(weights).map(w -> w * n / sum).toArray();
    Deque<Integer> small = new ArrayDeque<>();
    Deque<Integer> large = new ArrayDeque<>();
    for (int i = 0; i < n; i++) {
      aliases[i] = i;
      (scaled[i] < 1 ? small : large).add(i);
    }
    while (!small.isEmpty() && !large.isEmpty()) {
      int s = small.remove();
      int l = large.element();
      thresholds[s] = scaled[s];
      aliases[s] = l;
      scaled[l] -= 1 - scaled[s];
      if (scaled[l] < 1) {
        small.add(large.remove());
      }
    }
    // What is left has weight 1 but for rounding.
    small.forEach(i -> thresholds[i] = 1);
    large.forEach(i -> thresholds[i] = 1);
  }

  /** The probability of each symbol. */
  public double[] probabilities() {
    double[] p = new double[thresholds.length];
    for (int i = 0; i < p.length; i++) {
      p[i] += thresholds[i] / p.length;
      p[aliases[i]] += (1 - thresholds[i]) / p.length;
    }
    return p;
  }

  /** Fresh symbols of the step: i32 [shape]. */
  public Tensor draw(RandomKey random, long... shape) {
    int n = thresholds.length;
    GraphBuilder builder = random.tensor().builder();
    // Below n by rounding of u * n alone; gathers clamp, comparisons do not.
    Tensor column = random.uniform(DType.F32, shape).mul(n).floor().cast(DType.I32).minimum(n - 1);
    Tensor keeps = Tensor.constant(builder, Literal.of(TensorType.of(DType.F32, n), floats())).gather(column);
    Tensor alias = Tensor.constant(
        builder, Literal.of(TensorType.of(DType.I32, n), Arrays.stream(aliases).asDoubleStream().toArray()))
        .gather(column);
    return random.uniform(DType.F32, Dims.of(shape).toArray()).less(keeps).where(column, alias);
  }

  private double[] floats() {
    return Arrays.stream(thresholds).map(t -> (float) t).toArray();
  }
}
