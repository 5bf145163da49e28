package org.lathe.models.zoo.seq2seq;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Sequence to sequence. */
public final class SequenceToSequence {
  /** As in {@code --family}. */
  public static final String FAMILY = "seq2seq";

  private SequenceToSequence() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(new Seq2SeqModel(), new AttentionSeq2SeqModel(), new TransformerModel(), new TransformerLmModel());
  }
}
