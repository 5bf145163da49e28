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
   * @param encoded the encoder's output [batch, steps', width]; null if there is none
   */
  public Tensor apply(Tensor x, @Nullable Tensor encoded, boolean causal) {
    return apply(x, null, encoded == null ? null : memory(encoded, null), causal);
  }

  /**
   * An encoder's output as one block sees it.
   *
   * @param bias of the scores, broadcasting to [batch, heads, steps, steps']; -inf hides; null for none
   */
  public record Memory(MultiHeadAttention.Cache cache, @Nullable Tensor bias) {}

  /** What {@code encoded} [batch, steps', width] is to this block; the bias as in {@link Memory}. */
  public Memory memory(Tensor encoded, @Nullable Tensor bias) {
    return new Memory(decoding().remember(encoded), bias);
  }

  /**
   * @param bias of the scores of self-attention, broadcasting to [batch, heads, steps, steps]; -inf hides; null for none
   * @param memory of the encoder's output; null for a block without one
   */
  public Tensor apply(Tensor x, @Nullable Tensor bias, @Nullable Memory memory, boolean causal) {
    return feed(look(residual(x, selfNorm, y -> self.apply(y, bias, causal)), memory));
  }

  /** How much each step of x in {@link #apply} looks at the encoder's, the mean over heads: [batch, steps, steps']. */
  public Tensor weights(Tensor x, Memory memory) {
    Tensor h = residual(x, selfNorm, y -> self.apply(y, true));
    Tensor query = options.norm() == Norm.BEFORE && crossNorm != null ? crossNorm.apply(h) : h;
    return decoding().weightsTo(query, memory.cache(), memory.bias()).mean(1);
  }

  /** One step x [batch, 1, width]; see {@link MultiHeadAttention#applyCached}. For a block without an encoder. */
  public MultiHeadAttention.Cached applyCached(Tensor x, MultiHeadAttention.Cache cache, Tensor position) {
    return applyCached(x, cache, position, null);
  }

  /** One step x [batch, 1, width], which looks at an encoder's output too if there is one. */
  public MultiHeadAttention.Cached applyCached(
      Tensor x, MultiHeadAttention.Cache cache, Tensor position, @Nullable Memory memory) {
    boolean before = options.norm() == Norm.BEFORE;
    MultiHeadAttention.Cached made = self.applyCached(before ? selfNorm.apply(x) : x, cache, position);
    Tensor h = x.add(made.output());
    return new MultiHeadAttention.Cached(feed(look(before ? h : selfNorm.apply(h), memory)), made.cache());
  }

  private Tensor look(Tensor h, @Nullable Memory memory) {
    if ((cross == null) != (memory == null)) {
      throw new IllegalArgumentException(
          cross == null ? "this block has no encoder to look at" : "this block decodes: it needs the encoder's output");
    }
    return cross == null || crossNorm == null || memory == null
        ? h
        : residual(h, crossNorm, y -> cross.applyTo(y, memory.cache(), memory.bias()));
  }

  private MultiHeadAttention decoding() {
    if (cross == null) {
      throw new IllegalStateException("this block has no encoder to look at");
    }
    return cross;
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
