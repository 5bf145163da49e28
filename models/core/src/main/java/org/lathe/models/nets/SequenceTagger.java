package org.lathe.models.nets;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.SequenceLayer;

/**
 * A class for each token of a sequence: tokens i32 [batch, steps] to logits [batch, steps, classes].
 *
 * <p>Parts: {@code embedding}, {@code body}, and {@code head} where the body does not give logits itself.
 */
public final class SequenceTagger extends Module {
  private final Embedding embedding;
  private final SequenceLayer body;
  private final @Nullable Linear head;

  private SequenceTagger(long vocabulary, long width, Module module, SequenceLayer body, @Nullable Linear head) {
    embedding = child("embedding", new Embedding(vocabulary, width));
    child("body", module);
    this.body = body;
    this.head = head == null ? null : child("head", head);
  }

  /**
   * @param body [steps, batch, width] to [steps, batch, features]
   */
  public static <B extends Module & SequenceLayer> SequenceTagger of(
      long vocabulary, long width, B body, long features, long classes) {
    return new SequenceTagger(vocabulary, width, body, body, new Linear(features, classes));
  }

  /**
   * @param body [steps, batch, width] to logits [steps, batch, classes]
   */
  public static <B extends Module & SequenceLayer> SequenceTagger ofLogits(long vocabulary, long width, B body) {
    return new SequenceTagger(vocabulary, width, body, body, null);
  }

  /**
   * @param lengths i32 [batch], from 1 on; null if all sequences are whole
   */
  public Tensor apply(Tensor tokens, @Nullable Tensor lengths) {
    Tensor mask = lengths == null ? null : SequenceLayer.mask(lengths, tokens.dim(1));
    Tensor states = body.apply(embedding.apply(tokens.transpose()), mask);
    return (head == null ? states : head.apply(states)).permute(1, 0, 2);
  }
}
