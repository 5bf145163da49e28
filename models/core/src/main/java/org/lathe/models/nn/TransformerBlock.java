package org.lathe.models.nn;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;

/**
 * One layer of a Transformer (Vaswani et al. 2017) over [batch, steps, width]: self-attention, attention to an encoder's
 * output if it is a decoder of a pair, and a feed-forward network, each added to its input.
 *
 * <p>Normalised after each sum as in the paper, or before each part (Xiong et al. 2020), which trains without warm-up.
 */
public final class TransformerBlock extends Module {
  /** Where layer norm stands. */
  public enum Norm {
    BEFORE, AFTER
  }

  /**
   * @param feedForward the width of the hidden layer
   * @param activation of the hidden layer
   * @param dropout on each part's output
   */
  public record Options(
      long width, long heads, long feedForward, Norm norm, UnaryOperator<Tensor> activation, double dropout) {
    public static Options of(long width, long heads, long feedForward) {
      return new Options(width, heads, feedForward, Norm.AFTER, Tensor::relu, 0);
    }

    public Options withNorm(Norm newNorm) {
      return new Options(width, heads, feedForward, newNorm, activation, dropout);
    }

    public Options withActivation(UnaryOperator<Tensor> newActivation) {
      return new Options(width, heads, feedForward, norm, newActivation, dropout);
    }

    public Options withDropout(double rate) {
      return new Options(width, heads, feedForward, norm, activation, rate);
    }
  }

  private final Options options;
  private final MultiHeadAttention self;
  private final LayerNorm selfNorm;
  private final @Nullable MultiHeadAttention cross;
  private final @Nullable LayerNorm crossNorm;
  private final Linear up;
  private final Linear down;
  private final LayerNorm feedNorm;
  private final Dropout dropout;

  /**
   * @param decodes whether it looks at an encoder's output
   */
  public TransformerBlock(Options options, boolean decodes) {
    this.options = options;
    this.dropout = new Dropout(options.dropout());
    self = child("self", MultiHeadAttention.self(options.width(), options.heads()));
    selfNorm = child("self_norm", new LayerNorm(options.width()));
    cross = decodes ? child("cross", MultiHeadAttention.cross(options.width(), options.heads())) : null;
    crossNorm = decodes ? child("cross_norm", new LayerNorm(options.width())) : null;
    up = child("up", new Linear(options.width(), options.feedForward()));
    down = child("down", new Linear(options.feedForward(), options.width()));
    feedNorm = child("feed_norm", new LayerNorm(options.width()));
  }

  /** Without an encoder. */
  public Tensor apply(Tensor x, boolean causal) {
    return apply(x, null, causal);
  }

  /**
   * @param memory the encoder's output [batch, steps', width]; null if there is none
   */
  public Tensor apply(Tensor x, @Nullable Tensor memory, boolean causal) {
    Tensor h = residual(x, selfNorm, y -> self.apply(y, causal));
    if (cross != null && crossNorm != null) {
      if (memory == null) {
        throw new IllegalArgumentException("this block decodes: it needs the encoder's output");
      }
      h = residual(h, crossNorm, y -> cross.applyTo(y, memory, null));
    }
    return feed(h);
  }

  /** One step x [batch, 1, width]; see {@link MultiHeadAttention#applyCached}. For a block without an encoder. */
  public MultiHeadAttention.Cached applyCached(Tensor x, MultiHeadAttention.Cache cache, Tensor position) {
    if (cross != null) {
      throw new IllegalStateException("cached decoding is for blocks without an encoder");
    }
    boolean before = options.norm() == Norm.BEFORE;
    MultiHeadAttention.Cached made = self.applyCached(before ? selfNorm.apply(x) : x, cache, position);
    Tensor h = x.add(made.output());
    return new MultiHeadAttention.Cached(feed(before ? h : selfNorm.apply(h)), made.cache());
  }

  private Tensor feed(Tensor h) {
    return residual(h, feedNorm, y -> down.apply(options.activation().apply(up.apply(y))));
  }

  private Tensor residual(Tensor x, LayerNorm norm, UnaryOperator<Tensor> part) {
    return options.norm() == Norm.BEFORE
        ? x.add(dropout.apply(part.apply(norm.apply(x))))
        : norm.apply(x.add(dropout.apply(part.apply(x))));
  }
}
