package org.lathe.models.nets;

import java.util.List;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.FullSoftmax;
import org.lathe.models.nn.HierarchicalSoftmax;
import org.lathe.models.nn.Huffman;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.NegativeSampling;
import org.lathe.models.nn.OutputLoss;

/**
 * word2vec (Mikolov et al. 2013): a vector for each word, learned by telling a word from those around it (continuous bag of
 * words) or those around it from the word (skip-gram). Token 0 is no word.
 *
 * <p>Parameters: {@code vectors.weight} [vocabulary, width], and those of the output.
 */
public final class WordVectors extends Module {
  /** What stands for the softmax over all words. */
  public enum Output {
    /** {@link FullSoftmax}. */
    SOFTMAX,
    /** {@link HierarchicalSoftmax} over the words' Huffman code. */
    HIERARCHICAL,
    /** {@link NegativeSampling}. */
    NEGATIVE
  }

  private static final int NONE = 0;
  private static final int NEGATIVES = 5;

  private final Embedding vectors;
  private final OutputLoss output;

  /**
   * @param counts how often each word occurs
   */
  public WordVectors(double[] counts, long width, Output kind) {
    vectors = child("vectors", new Embedding(counts.length, width, Initializer.uniform(0.5 / width)));
    output = switch (kind) {
      case SOFTMAX -> child("output", new FullSoftmax(counts.length, width));
      case HIERARCHICAL -> child("output", new HierarchicalSoftmax(Huffman.of(counts), width));
      case NEGATIVE -> child("output", new NegativeSampling(counts, NEGATIVES, width));
    };
  }

  /** Continuous bag of words: the mean vector of context words i32 [batch, words], as [batch, width]. */
  public Tensor ofContext(Tensor context) {
    Tensor there = context.notEqualTo(NONE).cast(DType.F32).expandDims(2);
    return vectors.apply(context).mul(there).sum(1).div(there.sum(1).maximum(1));
  }

  /** Skip-gram: the vectors of words i32 [batch], as [batch, width]. */
  public Tensor ofWord(Tensor words) {
    return vectors.apply(words);
  }

  /** What it costs to tell labels i32 [batch] from these vectors [batch, width]: [batch]. */
  public Tensor losses(Tensor hidden, Tensor labels) {
    return output.losses(hidden, labels);
  }

  /**
   * @param words i32 [batch, count], the nearest first
   * @param cosines [batch, count] of the angles to them
   */
  public record Neighbours(Tensor words, Tensor cosines) {}

  /**
   * The words with the most similar vectors.
   *
   * @param words i32 [batch]
   * @param first tokens below it are no words
   */
  public Neighbours nearest(Tensor words, int first, int count) {
    Tensor all = unit(vectors.weight().tensor());
    Tensor cosines = unit(vectors.apply(words)).matmul(all.transpose());
    Tensor tokens = Tensor.iota(words.builder(), DType.I32, Dims.of(1, all.dim(0)), 1);
    Tensor other = tokens.notEqualTo(words.expandDims(1)).and(tokens.greaterEqual(first));
    List<Tensor> best = other.where(cosines, cosines.like(-2)).topK(count);
    return new Neighbours(best.get(1), best.get(0));
  }

  private static Tensor unit(Tensor rows) {
    return rows.div(rows.square().sum(1).sqrt().maximum(1e-12).expandDims(1));
  }
}
