package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.LayerNorm;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.MultiHeadAttention;
import org.lathe.models.nn.PositionalEncoding;
import org.lathe.models.nn.TransformerBlock;

/**
 * A decoder-only Transformer (Radford et al. 2018): tokens i32 [batch, steps] to logits of the next tokens [batch, steps,
 * vocabulary]. Layer norm before each part and once at the end (Radford et al. 2019), learned positions, GELU.
 */
public final class TransformerLanguageModel extends Module {
  private final long heads;
  private final long width;
  private final Embedding embedding;
  private final PositionalEncoding.Learned positions;
  private final List<TransformerBlock> blocks;
  private final LayerNorm norm;
  private final Linear out;

  /**
   * @param steps the longest sequence
   */
  public TransformerLanguageModel(
      long vocabulary, long width, long heads, long feedForward, int layers, long steps, double dropout) {
    this.heads = heads;
    this.width = width;
    embedding = child("embedding", new Embedding(vocabulary, width, Initializer.normal(0.02)));
    positions = child("positions", PositionalEncoding.learned(steps, width));
    TransformerBlock.Options block =
        TransformerBlock.Options.of(width, heads, feedForward)
            .withNorm(TransformerBlock.Norm.BEFORE)
            .withActivation(Tensor::geluTanh)
            .withDropout(dropout);
    blocks = children("block", Stream.generate(() -> new TransformerBlock(block, false)).limit(layers).toList());
    norm = child("norm", new LayerNorm(width));
    out = child("out", new Linear(width, vocabulary));
  }

  public Tensor apply(Tensor tokens) {
    Tensor h = positions.apply(embedding.apply(tokens));
    for (TransformerBlock block : blocks) {
      h = block.apply(h, true);
    }
    return out.apply(norm.apply(h));
  }

  public int layers() {
    return blocks.size();
  }

  /** The shape of a layer's cached keys, and of its values: [batch, heads, steps, width / heads]. */
  public long[] cacheShape(long batch, long steps) {
    return new long[] {batch, heads, steps, width / heads};
  }

  /** Logits [batch, 1, vocabulary] of the token after one step, and the caches of all layers with the step in them. */
  public record Decoded(Tensor logits, List<MultiHeadAttention.Cache> caches) {}

  /**
   * One token further, without computing earlier steps again: equal to the same step of {@link #apply}.
   *
   * @param token i32 [batch, 1]
   * @param position i32 scalar: the step's number, from 0
   */
  public Decoded decode(Tensor token, List<MultiHeadAttention.Cache> caches, Tensor position) {
    Tensor h = positions.applyFrom(embedding.apply(token), position);
    List<MultiHeadAttention.Cache> after = new ArrayList<>();
    for (int l = 0; l < blocks.size(); l++) {
      MultiHeadAttention.Cached made = blocks.get(l).applyCached(h, caches.get(l), position);
      h = made.output();
      after.add(made.cache());
    }
    return new Decoded(out.apply(norm.apply(h)), after);
  }
}
