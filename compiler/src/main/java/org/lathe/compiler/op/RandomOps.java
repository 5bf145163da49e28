package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
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
  public static final OpDef RANDOM_BITS = OpDef.named("randomBits")
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

  /** (key) -> uniform in [0, 1), of attributes {@code dtype}, {@code shape}, {@code stream}; every value is exact. */
  public static final OpDef RANDOM_UNIFORM = drawing("randomUniform")
      .reference(
          (in, a, out) -> {
            int digits = digits(out.dtype());
            Literal bits = streamBits(in.getFirst(), a, out.shape());
            return Loops.fill(out, (i, at) -> ((int) bits.get(at) >>> (32 - digits)) * Math.scalb(1.0, -digits));
          })
      .decomposition((in, a) -> uniform(in.getFirst(), a, a.dtype("dtype")))
      .tolerance(Tolerance.EXACT)
      .sample("i64[2]", draw(DType.F32, 0, 13), KEYS)
      .sample("i64[2]", draw(DType.F32, 5, 3, 17), KEYS)
      .sample("i64[2]", draw(DType.F64, 1, 7), KEYS)
      .sample("i64[2]", draw(DType.F16, 2, 31), KEYS)
      .sample("i64[2]", draw(DType.BF16, 3, 31), KEYS)
      .sample("i64[2]", draw(DType.F32, 1, 0), KEYS)
      .build();

  /** (key) -> normal with mean 0 and variance 1, by Box and Muller's method; attributes as {@link #RANDOM_UNIFORM}. */
  public static final OpDef RANDOM_NORMAL = drawing("randomNormal")
      .reference(
          (in, a, out) -> {
            int digits = normalDigits(out.dtype());
            int n = Math.toIntExact(out.size());
            Literal bits = streamBits(in.getFirst(), a, Dims.of(2, n));
            return Loops.fill(
                out,
                (i, at) -> {
                  double u = (((int) bits.get(at) >>> (32 - digits)) + 1) * Math.scalb(1.0, -digits);
                  double v = ((int) bits.get(n + at) >>> (32 - digits)) * Math.scalb(1.0, -digits);
                  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
                });
          })
      .decomposition(
          (in, a) -> {
            DType dtype = a.dtype("dtype");
            int digits = normalDigits(dtype);
            Dims shape = a.dims("shape");
            Tensor ticks = bits(in.getFirst(), a, Dims.of(2).append(shape)).shiftRight(32 - digits);
            double tick = Math.scalb(1.0, -digits);
            Tensor u = ticks.at(0, 0).add(1).cast(dtype.compute()).mul(tick);
            Tensor v = ticks.at(0, 1).cast(dtype.compute()).mul(tick);
            return u.log().mul(-2).sqrt().mul(v.mul(2 * Math.PI).cos()).cast(dtype);
          })
      .tolerance(new Tolerance(1e-5, 1e-5))
      .sample("i64[2]", draw(DType.F32, 0, 13), KEYS)
      .sample("i64[2]", draw(DType.F32, 5, 3, 17), KEYS)
      .sample("i64[2]", draw(DType.F64, 1, 7), KEYS)
      .sample("i64[2]", draw(DType.F16, 1, 31), KEYS)
      .sample("i64[2]", draw(DType.F32, 1, 0), KEYS)
      .build();

  /** (key) -> bool of attribute {@code shape}, true with attribute {@code probability}; attribute {@code stream}. */
  public static final OpDef RANDOM_BERNOULLI = OpDef.named("randomBernoulli")
      .type(
          (in, a) -> {
            Types.count("randomBernoulli", in, 1);
            checkKey("randomBernoulli", in.getFirst());
            checkStream("randomBernoulli", a);
            double p = a.real("probability");
            Types.that(p >= 0 && p <= 1, "randomBernoulli", "probability " + p + " is not within 0 and 1");
            return new TensorType(DType.BOOL, a.dims("shape"));
          })
      .reference(
          (in, a, out) -> {
            Literal bits = streamBits(in.getFirst(), a, out.shape());
            return Loops.fill(out, (i, at) -> Loops.bool((int) bits.get(at) >>> 8 < threshold(a)));
          })
      .noGradient("its result is bool")
      .decomposition((in, a) -> bits(in.getFirst(), a, a.dims("shape")).shiftRight(8).less(threshold(a)))
      .tolerance(Tolerance.EXACT)
      .sample("i64[2]", coin(Dims.of(33), 0.3, 0), KEYS)
      .sample("i64[2]", coin(Dims.of(3, 17), 1, 7), KEYS)
      .sample("i64[2]", coin(Dims.of(0), 0.5, 0), KEYS)
      .build();

  static final List<OpDef> ALL = List.of(RANDOM_BITS, RANDOM_UNIFORM, RANDOM_NORMAL, RANDOM_BERNOULLI);

  /**
   * Uniform in [0, 1).
   *
   * @param key i64 [2]: the seed, and a counter below 2^32
   * @param stream tells draws with one key apart: 0 to 2^20
   */
  public static Tensor uniform(Tensor key, long stream, DType dtype, Dims shape) {
    return Tensor.apply(RANDOM_UNIFORM, List.of(key), draw(dtype, stream, shape.toArray()));
  }

  /** Normal with mean 0 and variance 1; {@code key} and {@code stream} as for {@link #uniform}. */
  public static Tensor normal(Tensor key, long stream, DType dtype, Dims shape) {
    return Tensor.apply(RANDOM_NORMAL, List.of(key), draw(dtype, stream, shape.toArray()));
  }

  /** True with this probability; {@code key} and {@code stream} as for {@link #uniform}. */
  public static Tensor bernoulli(Tensor key, long stream, double probability, Dims shape) {
    return Tensor.apply(RANDOM_BERNOULLI, List.of(key), coin(shape, probability, stream));
  }

  private static Attributes draw(DType dtype, long stream, long... shape) {
    return Attributes.of("dtype", dtype, "stream", stream).with("shape", Dims.of(shape));
  }

  private static Attributes coin(Dims shape, double probability, long stream) {
    return Attributes.of("shape", shape, "probability", probability).with("stream", stream);
  }

  private static OpDefBuilder drawing(String name) {
    return OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 1);
              checkKey(name, in.getFirst());
              checkStream(name, a);
              return Types.elements(name, new TensorType(a.dtype("dtype"), a.dims("shape")), Elements.FLOATING);
            })
        .noGradient("it depends on nothing that is floating");
  }

  private static void checkStream(String op, Attributes a) {
    long stream = a.integer("stream");
    Types.that(stream >= 0 && stream <= 1 << 20, op, "stream " + stream + " is not within 0 and 2^20");
  }

  /** How many bits of a draw a uniform value keeps: all of them exact in the type, none rounded up to 1. */
  private static int digits(DType dtype) {
    return switch (dtype) {
      case F64 -> 31;
      case F16 -> 11;
      case BF16 -> 8;
      default -> 24;
    };
  }

  /** One more than the largest number of so many bits must be an i32. */
  private static int normalDigits(DType dtype) {
    return dtype == DType.F64 ? 30 : 24;
  }

  /** The draws below it, of 2^24, are true. */
  private static int threshold(Attributes a) {
    return (int) Math.round(Math.scalb(a.real("probability"), 24));
  }

  private static Tensor uniform(Tensor key, Attributes a, DType dtype) {
    int digits = digits(dtype);
    return bits(key, a, a.dims("shape")).shiftRight(32 - digits).cast(dtype).mul(Math.scalb(1.0, -digits));
  }

  /** Bits of the key's stream: the high half of the counter word is the stream's number. */
  private static Tensor bits(Tensor key, Attributes a, Dims shape) {
    long stream = a.integer("stream");
    Literal mask = Literal.of(key.type(), 0, (double) (stream << 32));
    Tensor mixed = stream == 0 ? key : key.xor(Tensor.constant(key.builder(), mask));
    return Tensor.apply(RANDOM_BITS, List.of(mixed), Attributes.of("shape", shape));
  }

  private static Literal streamBits(Literal key, Attributes a, Dims shape) {
    long counter = (long) key.get(1) ^ a.integer("stream") << 32;
    return bits((long) key.get(0), counter, new TensorType(DType.I32, shape));
  }

  static void checkKey(String op, TensorType key) {
    Types.that(
        key.equals(TensorType.of(DType.I64, 2)), op, "key " + key + " must be i64[2]: the seed and the counter");
  }

  static Literal bits(long key, long stream, TensorType type) {
    return Loops.fill(type, (i, at) -> philox(key, stream, at / 4)[at % 4]);
  }

  /** One block of Philox4x32-10 (Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3). */
  static int[] philox(long key, long stream, long block) {
    long mask = 0xffffffffL;
    long[] c = {block & mask, block >>> 32, stream & mask, stream >>> 32};
    long k0 = key & mask;
    long k1 = key >>> 32;
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * c[0];
      long p1 = 0xCD9E8D57L * c[2];
      c = new long[]{(p1 >>> 32) ^ c[1] ^ k0, p1 & mask, (p0 >>> 32) ^ c[3] ^ k1, p0 & mask};
      k0 = (k0 + 0x9E3779B9L) & mask;
      k1 = (k1 + 0xBB67AE85L) & mask;
    }
    return new int[]{(int) c[0], (int) c[1], (int) c[2], (int) c[3]};
  }
}
