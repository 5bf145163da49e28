package org.lathe.models.nets;

import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;

/**
 * A language model of stacked LSTMs (Graves 2013): tokens i32 [steps, batch] to logits of the next tokens [steps, batch,
 * vocabulary]. The input and output tables are not tied.
 */
public final class LstmLanguageModel extends Module {
  private final Embedding embedding;
  private final Recurrent lstm;
  private final Linear out;

  public LstmLanguageModel(long vocabulary, long width, long hidden, int layers) {
    embedding = child("embedding", new Embedding(vocabulary, width));
    lstm = child("lstm", Recurrent.lstm(width, hidden, layers));
    out = child("out", new Linear(hidden, vocabulary));
  }

  public Tensor apply(Tensor tokens) {
    return out.apply(lstm.apply(embedding.apply(tokens)));
  }
}
