package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.RandomBits;

/**
 * Counter-based random numbers: a pure function of a key i64 [2] (seed, counter), the same on every device. The caller
 * changes the counter, for example to the number of the step, to draw anew; draws that share a key are told apart by
 * their {@code stream}.
 */
public final class RandomOps {
  private RandomOps() {}

  private static final Domain KEYS = new Domain(0, 1e6);

  /** (key i64 [2]) -> i32 bits of attribute {@code shape}: Philox4x32-10, as {@link RandomBits} numbers them. */
  public static final OpDef RANDOM_BITS =
      OpDef.named("randomBits")
          .type(
              (in, a) -> {
                Types.count("randomBits", in, 1);
                checkKey("randomBits", in.getFirst());
                return new TensorType(DType.I32, a.dims("shape"));
              })
          .reference((in, a, out) -> bits((long) in.getFirst().get(0), (long) in.getFirst().get(1), out))
          .noGradient("its result is not floating")
          .lowering(
              new Lowering.Whole(
                  (types, views, a, outputs) -> new RandomBits(outputs.getFirst().size()), List.of()))
          .tolerance(Tolerance.EXACT)
          .sample("i64[2]", Attributes.of("shape", Dims.of(13)), KEYS)
          .sample("i64[2]", Attributes.of("shape", Dims.of(3, 17)), new Domain(-1e15, 1e15))
          .sample("i64[2]", Attributes.of("shape", Dims.of(0)), KEYS)
          .sample("i64[2]", Attributes.of("shape", Dims.of()), KEYS)
          .build();

  static final List<OpDef> ALL = List.of(RANDOM_BITS);

  static void checkKey(String op, TensorType key) {
    Types.that(
        key.equals(TensorType.of(DType.I64, 2)), op, "key " + key + " must be i64[2]: the seed and the counter");
  }

  static Literal bits(long key, long stream, TensorType type) {
    return Loops.fill(type, (i, at) -> philox(key, stream, at / 4)[at % 4]);
  }

  /** One block of Philox4x32-10 (Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3). */
  private static int[] philox(long key, long stream, long block) {
    long mask = 0xffffffffL;
    long[] c = {block & mask, block >>> 32, stream & mask, stream >>> 32};
    long k0 = key & mask;
    long k1 = key >>> 32;
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * c[0];
      long p1 = 0xCD9E8D57L * c[2];
      c = new long[] {(p1 >>> 32) ^ c[1] ^ k0, p1 & mask, (p0 >>> 32) ^ c[3] ^ k1, p0 & mask};
      k0 = (k0 + 0x9E3779B9L) & mask;
      k1 = (k1 + 0xBB67AE85L) & mask;
    }
    return new int[] {(int) c[0], (int) c[1], (int) c[2], (int) c[3]};
  }
}
