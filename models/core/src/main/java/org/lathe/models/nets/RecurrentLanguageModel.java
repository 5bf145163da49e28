package org.lathe.models.nets;

import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;

/**
 * A language model of stacked recurrent layers (Graves 2013): tokens i32 [steps, batch] to logits of the next tokens [steps,
 * batch, vocabulary]. The input and output tables are not tied.
 *
 * <p>Parts: {@code embedding}, {@code body}, {@code out}.
 */
public final class RecurrentLanguageModel extends Module {
  private final Embedding embedding;
  private final Recurrent body;
  private final Linear out;

  private RecurrentLanguageModel(long vocabulary, long width, long hidden, Recurrent body) {
    embedding = child("embedding", new Embedding(vocabulary, width));
    this.body = child("body", body);
    out = child("out", new Linear(hidden, vocabulary));
  }

  public static RecurrentLanguageModel of(Cell cell, long vocabulary, long width, long hidden, int layers) {
    return new RecurrentLanguageModel(vocabulary, width, hidden, Recurrent.of(cell, width, hidden, layers));
  }

  /** The same model, of the same parameters, going on from text to text: see {@link Recurrent#stateful}. */
  public static RecurrentLanguageModel stateful(
      Cell cell, long vocabulary, long width, long hidden, int layers, long batch) {
    return new RecurrentLanguageModel(
        vocabulary, width, hidden, Recurrent.stateful(cell, width, hidden, layers, batch));
  }

  public Tensor apply(Tensor tokens) {
    return out.apply(body.apply(embedding.apply(tokens)));
  }
}
