package org.lathe.models.nets;

import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.nn.SequenceLayer;

/**
 * Many to one: a class for a whole sequence, from what a recurrent layer ends with. Tokens i32 [batch, steps] to logits
 * [batch, classes].
 *
 * <p>Parts: {@code embedding}, {@code body}, {@code head}.
 */
public final class SequenceClassifier extends Module {
  private final Embedding embedding;
  private final Recurrent body;
  private final Linear head;

  public SequenceClassifier(Cell cell, long vocabulary, long width, long hidden, int layers, long classes) {
    embedding = child("embedding", new Embedding(vocabulary, width));
    body = child("body", Recurrent.of(cell, width, hidden, layers));
    head = child("head", new Linear(hidden, classes));
  }

  /**
   * @param lengths i32 [batch], from 1 on
   */
  public Tensor apply(Tensor tokens, Tensor lengths) {
    Tensor mask = SequenceLayer.mask(lengths, tokens.dim(1));
    return head.apply(body.run(embedding.apply(tokens.transpose()), mask).last().getLast().h());
  }
}
