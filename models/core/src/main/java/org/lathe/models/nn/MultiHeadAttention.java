package org.lathe.models.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Attentions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Multi-head attention (Vaswani et al. 2017) over [batch, steps, width].
 *
 * <p>Queries, keys and values are made by one product where they come from the same sequence, by one for the queries and
 * one for keys and values where they do not; the heads are views of its result. Parameters: {@code in.weight} [width, 3
 * width], or {@code query.weight} [width, width] and {@code memory.weight} [width, 2 width]; {@code out.weight} [width,
 * width]; each with a bias.
 */
public final class MultiHeadAttention extends Module {
  private final long width;
  private final long heads;
  private final @Nullable Linear in;
  private final @Nullable Linear query;
  private final @Nullable Linear memory;
  private final Linear out;

  private MultiHeadAttention(long width, long heads, boolean self) {
    if (width % heads != 0) {
      throw new IllegalArgumentException("a width of " + width + " does not divide into " + heads + " heads");
    }
    this.width = width;
    this.heads = heads;
    in = self ? child("in", new Linear(width, 3 * width)) : null;
    query = self ? null : child("query", new Linear(width, width));
    memory = self ? null : child("memory", new Linear(width, 2 * width));
    out = child("out", new Linear(width, width));
  }

  /** A sequence looks at itself: {@link #apply} and {@link #applyCached}. */
  public static MultiHeadAttention self(long width, long heads) {
    return new MultiHeadAttention(width, heads, true);
  }

  /** A sequence looks at another: {@link #applyTo(Tensor, Tensor, Tensor)}. */
  public static MultiHeadAttention cross(long width, long heads) {
    return new MultiHeadAttention(width, heads, false);
  }

  /**
   * @param causal whether a step sees itself and earlier ones only
   */
  public Tensor apply(Tensor x, boolean causal) {
    return apply(x, null, causal);
  }

  /**
   * @param bias added to the scores, broadcasting to [batch, heads, steps, steps]; -inf hides; null for none
   */
  public Tensor apply(Tensor x, @Nullable Tensor bias, boolean causal) {
    List<Tensor> parts = heads(of(in, "self").apply(x), 3);
    return joined(Attentions.attention(parts.get(0), parts.get(1), parts.get(2), bias, causal));
  }

  /**
   * Each step of x [batch, queries, width] looks at all of {@code source} [batch, keys, width].
   *
   * @param bias as in {@link #apply(Tensor, Tensor, boolean)}, over [batch, heads, queries, keys]
   */
  public Tensor applyTo(Tensor x, Tensor source, @Nullable Tensor bias) {
    return applyTo(x, remember(source), bias);
  }

  /** As {@link #applyTo(Tensor, Tensor, Tensor)}, for a source that many steps look at. */
  public Tensor applyTo(Tensor x, Cache source, @Nullable Tensor bias) {
    Tensor q = heads(of(query, "cross").apply(x), 1).getFirst();
    return joined(Attentions.attention(q, source.keys(), source.values(), bias, false));
  }

  /** The keys and values of a source [batch, keys, width]. */
  public Cache remember(Tensor source) {
    List<Tensor> kv = heads(of(memory, "cross").apply(source), 2);
    return new Cache(kv.get(0), kv.get(1));
  }

  /** How much each step of x looks at each of the source, [batch, heads, queries, keys]: each row sums to 1. */
  public Tensor weightsTo(Tensor x, Cache source, @Nullable Tensor bias) {
    Tensor q = heads(of(query, "cross").apply(x), 1).getFirst();
    Tensor scores = q.matmul(source.keys().transpose()).div(Math.sqrt((double) width / heads));
    return (bias == null ? scores : scores.add(bias)).softmax(3);
  }

  /** Keys and values of earlier steps, or of a source, each [batch, heads, steps, width / heads]. */
  public record Cache(Tensor keys, Tensor values) {}

  /** What a cached step gives: its output, and the cache with the step in it. */
  public record Cached(Tensor output, Cache cache) {}

  /**
   * One step x [batch, 1, width] that sees itself and the earlier ones in {@code cache}.
   *
   * @param position i32 scalar: the step's number, from 0
   */
  public Cached applyCached(Tensor x, Cache cache, Tensor position) {
    List<Tensor> parts = heads(of(in, "self").apply(x), 3);
    Tensor steps = Tensor.iota(x.builder(), DType.I32, Dims.of(1, 1, cache.keys().dim(2), 1), 2);
    Tensor here = steps.equalTo(position);
    Tensor keys = here.where(parts.get(1), cache.keys());
    Tensor values = here.where(parts.get(2), cache.values());
    Tensor seen = steps.reshape(1, 1, 1, -1).lessEqual(position);
    Tensor zeros = Tensor.fill(x.builder(), seen.type().withDtype(x.dtype()), 0);
    Tensor bias = seen.where(zeros, zeros.like(Double.NEGATIVE_INFINITY));
    Tensor y = Attentions.attention(parts.get(0), keys, values, bias, false);
    return new Cached(joined(y), new Cache(keys, values));
  }

  /** [batch, steps, parts * width] as {@code parts} views [batch, heads, steps, width / heads]. */
  private List<Tensor> heads(Tensor joined, int parts) {
    Tensor split = joined.reshape(joined.dim(0), joined.dim(1), parts, heads, width / heads).permute(2, 0, 3, 1, 4);
    List<Tensor> all = new ArrayList<>();
    for (int i = 0; i < parts; i++) {
      all.add(split.at(0, i));
    }
    return all;
  }

  private Tensor joined(Tensor y) {
    return out.apply(y.permute(0, 2, 1, 3).reshape(y.dim(0), y.dim(2), width));
  }

  private static Linear of(@Nullable Linear layer, String kind) {
    if (layer == null) {
      throw new IllegalStateException("this is not " + kind + "-attention; make it with MultiHeadAttention." + kind);
    }
    return layer;
  }
}
