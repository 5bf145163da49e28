package org.lathe.models.zoo.words;

import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Dataset;
import org.lathe.models.nets.WordVectors;
import org.lathe.models.train.Field;

/**
 * Skip-gram (Mikolov, Chen, Corrado and Dean 2013; Mikolov et al. 2013): a word's vector [batch, width] tells each of the
 * words around it. Parts and differences as in {@link CbowModel}; all words of a window count alike.
 */
public final class SkipgramModel extends WordModel {
  SkipgramModel() {
    super(card("skipgram", "grammar"));
  }

  @Override
  Field shown(long batch) {
    return Field.ints("x", batch);
  }

  @Override
  Tensor hidden(WordVectors model, Tensor x) {
    return model.ofWord(x);
  }

  @Override
  Dataset examples(Corpus corpus) {
    return corpus.pairs();
  }
}
