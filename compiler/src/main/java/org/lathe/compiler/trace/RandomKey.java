package org.lathe.compiler.trace;

import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.op.RandomOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Where the random numbers of a trace come from: a key i64 [2], the seed and the number of the step, which is an input of
 * the trace. Each draw has a stream of its own, so that no two draws of a step share numbers; each step draws anew; and
 * equal keys give equal numbers on every device.
 *
 * <p>A training step takes the key as an input, returns {@link #next} as an output, and donates the one to the other. Inside
 * of a loop's body use {@link #at}, since the key itself is the same in every iteration. Belongs to its trace's thread.
 */
public final class RandomKey {
  public static final TensorType TYPE = TensorType.of(DType.I64, 2);
  private static final long MOST_SEED = 1L << 48;
  private static final long ODD = 0x9E3779B1L;

  private final Tensor key;
  private final long[] streams;

  /** @throws TypeError unless {@code key} is i64 [2] */
  public RandomKey(Tensor key) {
    this(key, new long[1]);
  }

  private RandomKey(Tensor key, long[] streams) {
    if (!key.type().equals(TYPE)) {
      throw new TypeError("a random key is " + TYPE + ", the seed and the step; found " + key.type());
    }
    this.key = key;
    this.streams = streams;
  }

  /** What the key's array holds at the first step: the seed, spread over 48 bits, and 0. */
  public static long[] of(long seed) {
    long z = seed + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return new long[]{(z ^ (z >>> 31)) & (MOST_SEED - 1), 0};
  }

  /** Uniform in [0, 1). */
  public Tensor uniform(DType dtype, long... shape) {
    return RandomOps.uniform(key, streams[0]++, dtype, Dims.of(shape));
  }

  /** Normal with mean 0 and variance 1. */
  public Tensor normal(DType dtype, long... shape) {
    return RandomOps.normal(key, streams[0]++, dtype, Dims.of(shape));
  }

  /** Bools that are true with {@code probability}. */
  public Tensor bernoulli(double probability, long... shape) {
    return RandomOps.bernoulli(key, streams[0]++, probability, Dims.of(shape));
  }

  /** The key of the next step. */
  public Tensor next() {
    return key.add(Tensor.constant(key.builder(), Literal.of(TYPE, 0, 1)));
  }

  /** The key of iteration {@code index}, i64 [] from 0 and below 2^20, of a loop; its draws take streams of their own. */
  public RandomKey at(Tensor index) {
    Tensor spread = index.add(1).mul(ODD).broadcastTo(2);
    Tensor seedOnly = Tensor.constant(index.builder(), Literal.of(TYPE, 1, 0));
    return new RandomKey(key.add(spread.mul(seedOnly)), streams);
  }

  /** The key itself, for an op that takes one. */
  public Tensor tensor() {
    return key;
  }
}
