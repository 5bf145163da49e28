package org.lathe.models.train;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;
import org.lathe.models.nn.Initializer;

/**
 * One array of a model's state.
 *
 * @param name unique in the model, and its name in checkpoints
 * @param initializer how it begins; null for a key, which begins with a number made of the seed and its name
 */
public record StateEntry(String name, TensorType type, Kind kind, @Nullable Initializer initializer) {

  /** What an array is for. */
  public enum Kind {
    /** Trained by an optimiser. */
    PARAMETER,
    /** Set by forward passes: running statistics, recurrent states. */
    STATE,
    /** An optimiser's running quantity. */
    SLOT,
    /** i64 [2]: a number that tells this stream of random numbers from others, and how often its step has run. */
    KEY
  }

  /** Device and oracle both hold it exactly. */
  private static final long KEY_MASK = (1L << 48) - 1;

  static StateEntry key(String step) {
    return new StateEntry("step." + step, TensorType.of(DType.I64, 2), Kind.KEY, null);
  }

  /** The first value: a function of the seed and the entry's name, whatever else the model holds. */
  public Literal initial(long seed) {
    if (initializer == null) {
      return Literal.of(type, mix(seed, name) & KEY_MASK, 0);
    }
    float[] values = initializer.values(type.shape(), random(seed, name));
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return Literal.adopt(type, wide);
  }

  /** The random numbers that {@code seed} and {@code name} stand for. */
  static RandomGenerator random(long seed, String name) {
    return new SplittableRandom(mix(seed, name));
  }

  /** The 64-bit finaliser of MurmurHash3 over each character in turn. */
  static long mix(long seed, String name) {
    long h = finish(seed + 0x9E3779B97F4A7C15L);
    for (int i = 0; i < name.length(); i++) {
      h = finish(h ^ name.charAt(i));
    }
    return h;
  }

  private static long finish(long h) {
    long x = (h ^ h >>> 33) * 0xff51afd7ed558ccdL;
    x = (x ^ x >>> 33) * 0xc4ceb9fe1a85ec53L;
    return x ^ x >>> 33;
  }
}
