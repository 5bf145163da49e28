package org.lathe.models.zoo.words;

import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Dataset;
import org.lathe.models.nets.WordVectors;
import org.lathe.models.train.Field;

/**
 * Continuous bag of words (Mikolov, Chen, Corrado and Dean 2013): the mean vector [batch, width] of the words around one,
 * tokens [batch, 2 window], tells it. In three parts, each in a directory of its own: full {@code softmax},
 * {@code hierarchical} softmax over a Huffman code, and {@code negative} sampling. See {@link WordVectors}.
 *
 * <p>It differs from word2vec in Adam with a falling rate instead of gradient descent, a window of fixed width that ends
 * with the sentence, and no subsampling of frequent words.
 */
public final class CbowModel extends WordModel {
  CbowModel() {
    super(card("cbow", "grammar"));
  }

  @Override
  Field shown(long batch) {
    return Field.ints("x", batch, 2 * Corpus.WINDOW);
  }

  @Override
  Tensor hidden(WordVectors model, Tensor x) {
    return model.ofContext(x);
  }

  @Override
  Dataset examples(Corpus corpus) {
    return corpus.contexts();
  }
}
