package org.lathe.models.nets;

import java.util.List;
import java.util.stream.Stream;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.PositionalEncoding;
import org.lathe.models.nn.TransformerBlock;

/**
 * The Transformer (Vaswani et al. 2017), encoder and decoder: source and target tokens i32 [batch, steps] to logits of the
 * next target tokens [batch, steps, vocabulary]. Layer norm after each sum, sinusoidal positions, embeddings scaled by the
 * square root of the width; its output layer is its own, where the paper ties it to the embeddings.
 */
public final class Transformer extends Module {
  private final long width;
  private final Embedding source;
  private final Embedding target;
  private final PositionalEncoding positions;
  private final List<TransformerBlock> encoder;
  private final List<TransformerBlock> decoder;
  private final Linear out;

  /**
   * @param layers of the encoder, and as many of the decoder
   * @param steps the longest sequence
   */
  public Transformer(long vocabulary, TransformerBlock.Options block, int layers, long steps) {
    width = block.width();
    Initializer rows = Initializer.normal(1 / Math.sqrt(width));
    source = child("source", new Embedding(vocabulary, width, rows));
    target = child("target", new Embedding(vocabulary, width, rows));
    positions = PositionalEncoding.sinusoidal(steps, width);
    encoder = children("encoder", Stream.generate(() -> new TransformerBlock(block, false)).limit(layers).toList());
    decoder = children("decoder", Stream.generate(() -> new TransformerBlock(block, true)).limit(layers).toList());
    out = child("out", new Linear(width, vocabulary));
  }

  public Tensor apply(Tensor sourceTokens, Tensor targetTokens) {
    Tensor memory = embed(source, sourceTokens);
    for (TransformerBlock block : encoder) {
      memory = block.apply(memory, false);
    }
    Tensor y = embed(target, targetTokens);
    for (TransformerBlock block : decoder) {
      y = block.apply(y, memory, true);
    }
    return out.apply(y);
  }

  private Tensor embed(Embedding table, Tensor tokens) {
    return positions.apply(table.apply(tokens).mul(Math.sqrt(width)));
  }
}
