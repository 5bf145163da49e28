package org.lathe.models.nets;

import java.util.List;
import java.util.stream.Stream;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.LayerNorm;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.MultiHeadAttention;
import org.lathe.models.nn.Parameter;
import org.lathe.models.nn.PositionalEncoding;
import org.lathe.models.nn.TransformerBlock;

/**
 * A decoder-only Transformer (Radford et al. 2018): tokens i32 [batch, steps] to logits of the next tokens [batch, steps,
 * vocabulary]. Layer norm before each part and once at the end (Radford et al. 2019), learned positions, GELU.
 */
public final class TransformerLanguageModel extends Module {
  private final Embedding embedding;
  private final PositionalEncoding.Learned positions;
  private final List<TransformerBlock> blocks;
  private final LayerNorm norm;
  private final Linear out;
  private final List<CacheState> caches;

  /**
   * @param steps the longest sequence
   */
  public record Options(
      long vocabulary, long width, long heads, long feedForward, int layers, long steps, double dropout) {}

  public TransformerLanguageModel(Options options) {
    this(options, 0);
  }

  /** The same model with a cache, for {@link #decode}: its parameters have the same names. */
  public static TransformerLanguageModel decoder(Options options, long batch) {
    return new TransformerLanguageModel(options, batch);
  }

  private TransformerLanguageModel(Options options, long cachedBatch) {
    long width = options.width();
    embedding = child("embedding", new Embedding(options.vocabulary(), width, Initializer.normal(0.02)));
    positions = child("positions", PositionalEncoding.learned(options.steps(), width));
    TransformerBlock.Options block = TransformerBlock.Options.of(width, options.heads(), options.feedForward())
        .withNorm(TransformerBlock.Norm.BEFORE)
        .withActivation(Tensor::geluTanh)
        .withDropout(options.dropout());
    blocks = children("block",
        Stream.generate(() -> new TransformerBlock(block, false)).limit(options.layers()).toList());
    norm = child("norm", new LayerNorm(width));
    out = child("out", new Linear(width, options.vocabulary()));
    long[] shape = {cachedBatch, options.heads(), options.steps(), width / options.heads()};
    caches = cachedBatch == 0
        ? List.of()
        : children("cache", Stream.generate(() -> new CacheState(shape)).limit(options.layers()).toList());
  }

  public Tensor apply(Tensor tokens) {
    Tensor h = positions.apply(embedding.apply(tokens));
    for (TransformerBlock block : blocks) {
      h = block.apply(h, true);
    }
    return out.apply(norm.apply(h));
  }

  /**
   * One token further, without computing earlier steps again: logits [batch, 1, vocabulary], equal to those of the same
   * step of {@link #apply}. Keys and values of earlier steps are in the model's state; tokens come in the order of their
   * positions, and position 0 begins anew.
   *
   * @param token i32 [batch, 1]
   * @param position i32 scalar: the step's number, from 0
   */
  public Tensor decode(Tensor token, Tensor position) {
    if (caches.isEmpty()) {
      throw new IllegalStateException("this model keeps no cache; make it with decoder()");
    }
    Tensor h = positions.applyFrom(embedding.apply(token), position);
    for (int l = 0; l < blocks.size(); l++) {
      CacheState cache = caches.get(l);
      MultiHeadAttention.Cached made = blocks.get(l).applyCached(h,
          new MultiHeadAttention.Cache(cache.keys.tensor(), cache.values.tensor()), position);
      h = made.output();
      cache.keys.update(made.cache().keys());
      cache.values.update(made.cache().values());
    }
    return out.apply(norm.apply(h));
  }

  /** Keys and values of earlier steps, each [batch, heads, steps, width / heads]. */
  private static final class CacheState extends Module {
    final Parameter keys;
    final Parameter values;

    CacheState(long... shape) {
      keys = state("keys", Initializer.ZEROS, shape);
      values = state("values", Initializer.ZEROS, shape);
    }
  }
}
