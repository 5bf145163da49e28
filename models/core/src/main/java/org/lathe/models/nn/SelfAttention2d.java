package org.lathe.models.nn;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;

/**
 * Attention of each place of a map to all others (Zhang, Goodfellow, Metaxas and Odena 2019): [batch, channels, height, width]
 * to the same shape, both sides even. Queries have an eighth of the channels, values half of them, and keys and values are
 * max-pooled to half the side, as in BigGAN. What is found is added with a weight that begins at 0.
 *
 * <p>Parameters: {@code query.weight}, {@code key.weight}, {@code value.weight}, {@code out.weight}, {@code weight} [1]; see
 * also {@link Conv2d#spectral}.
 */
public final class SelfAttention2d extends Module implements Layer {
  private static final PoolingOps.Options HALVE = PoolingOps.Options.of(2);

  private final Conv2d query;
  private final Conv2d key;
  private final Conv2d value;
  private final Conv2d out;
  private final Parameter weight;

  public SelfAttention2d(long channels) {
    long narrow = Math.max(1, channels / 8);
    long half = Math.max(1, channels / 2);
    query = child("query", one(channels, narrow));
    key = child("key", one(channels, narrow));
    value = child("value", one(channels, half));
    out = child("out", one(half, channels));
    weight = parameter("weight", Initializer.ZEROS, 1);
  }

  private static Conv2d one(long in, long out) {
    return new Conv2d(in, out, 1, Convolutions.Options.DEFAULT, Initializer.xavier(), null);
  }

  /** Makes all four convolutions divide their filters by the largest singular value; this layer. */
  public SelfAttention2d spectral() {
    query.spectral();
    key.spectral();
    value.spectral();
    out.spectral();
    return this;
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor queries = query.apply(x).flatten(2);
    Tensor keys = key.apply(x).maxPool(HALVE).flatten(2);
    Tensor values = value.apply(x).maxPool(HALVE).flatten(2);
    Tensor attended = queries.permute(0, 2, 1).matmul(keys).softmax(2);
    Tensor found = values.matmul(attended.permute(0, 2, 1));
    return x.add(out.apply(found.reshape(x.dim(0), -1, x.dim(2), x.dim(3))).mul(weight.tensor()));
  }
}
