package org.lathe.models.nn;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;

/**
 * Attention of queries [batch, to, width] to a memory [batch, from, width] by one of three scores, over the memory itself or
 * over learned values of it.
 *
 * <p>Parameters: {@code key} [width, width] unless the score is the identity; {@code query} [width, width] and
 * {@code combine} [width] of the additive one; {@code value} [width, width] for learned values.
 */
public final class ScoredAttention extends Module {
  /** How well a query q and a step k of the memory fit. */
  public enum Score {
    /** q k: nothing to learn (Luong, Pham and Manning 2015, "dot"). */
    IDENTITY,
    /** q W k (the same, "general"). */
    MULTIPLICATIVE,
    /** v tanh(q W + k U) (Bahdanau, Cho and Bengio 2015). */
    ADDITIVE
  }

  /**
   * A memory as queries see it.
   *
   * @param keys [batch, from, width]
   * @param values [batch, from, width]
   * @param bias [batch, 1, from]: 0, or -inf for steps that only fill up
   */
  public record Memory(Tensor keys, Tensor values, Tensor bias) {}

  /**
   * @param context the means of the values [batch, to, width]
   * @param weights of these means [batch, to, from]: each row sums to 1
   */
  public record Seen(Tensor context, Tensor weights) {}

  private final @Nullable Parameter key;
  private final @Nullable Parameter query;
  private final @Nullable Parameter combine;
  private final @Nullable Parameter value;

  /**
   * @param learnedValues whether the context is of learned projections of the memory
   */
  public ScoredAttention(long width, Score score, boolean learnedValues) {
    boolean additive = score == Score.ADDITIVE;
    key = score == Score.IDENTITY ? null : parameter("key", Initializer.xavier(), width, width);
    query = additive ? parameter("query", Initializer.xavier(), width, width) : null;
    combine = additive ? parameter("combine", Initializer.normal(1 / Math.sqrt(width)), width) : null;
    value = learnedValues ? parameter("value", Initializer.xavier(), width, width) : null;
  }

  /**
   * What all queries share.
   *
   * @param there bool [batch, from]: false for what only fills up
   */
  public Memory memory(Tensor memory, Tensor there) {
    Tensor zeros = Tensor.fill(memory.builder(), there.type().withDtype(memory.dtype()), 0);
    return new Memory(
        key == null ? memory : memory.matmul(key.tensor()),
        value == null ? memory : memory.matmul(value.tensor()),
        there.where(zeros, zeros.like(Double.NEGATIVE_INFINITY)).expandDims(1));
  }

  public Seen apply(Tensor queries, Memory memory) {
    Tensor weights = scores(queries, memory.keys()).add(memory.bias()).softmax(2);
    return new Seen(weights.matmul(memory.values()), weights);
  }

  private Tensor scores(Tensor queries, Tensor keys) {
    if (query == null || combine == null) {
      return queries.matmul(keys.transpose());
    }
    Tensor sums = queries.matmul(query.tensor()).expandDims(2).add(keys.expandDims(1)).tanh();
    return sums.matmul(combine.tensor().reshape(-1, 1)).squeeze(3);
  }
}
