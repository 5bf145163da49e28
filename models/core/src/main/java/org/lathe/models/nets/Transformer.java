package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.MultiHeadAttention;
import org.lathe.models.nn.PositionalEncoding;
import org.lathe.models.nn.StepDecoder;
import org.lathe.models.nn.TransformerBlock;

/**
 * The Transformer (Vaswani et al. 2017), encoder and decoder: source and target tokens i32 [batch, steps] to logits of the
 * next target tokens [batch, steps, vocabulary]. Layer norm after each sum, embeddings scaled by the square root of the
 * width, sinusoidal or learned positions, the same for both sides; its output layer is its own, where the paper ties it to
 * the embeddings.
 */
public final class Transformer extends Translator {
  private final TransformerBlock.Options options;
  private final Embedding source;
  private final Embedding target;
  private final PositionalEncoding positions;
  private final List<TransformerBlock> encoder;
  private final List<TransformerBlock> decoder;
  private final Linear out;

  /** How it knows where a token stands. */
  public enum Positions {
    SINUSOIDAL, LEARNED
  }

  /** With sinusoidal positions. */
  public Transformer(long vocabulary, TransformerBlock.Options block, int layers, long steps) {
    this(vocabulary, block, layers, steps, Positions.SINUSOIDAL);
  }

  /**
   * @param layers of the encoder, and as many of the decoder
   * @param steps the longest sequence
   */
  public Transformer(long vocabulary, TransformerBlock.Options block, int layers, long steps, Positions kind) {
    options = block;
    Initializer rows = Initializer.normal(1 / Math.sqrt(block.width()));
    source = child("source", new Embedding(vocabulary, block.width(), rows));
    target = child("target", new Embedding(vocabulary, block.width(), rows));
    positions = switch (kind) {
      case SINUSOIDAL -> PositionalEncoding.sinusoidal(steps, block.width());
      case LEARNED -> child("positions", PositionalEncoding.learned(steps, block.width()));
    };
    encoder = children("encoder", Stream.generate(() -> new TransformerBlock(block, false)).limit(layers).toList());
    decoder = children("decoder", Stream.generate(() -> new TransformerBlock(block, true)).limit(layers).toList());
    out = child("out", new Linear(block.width(), vocabulary));
  }

  /** Logits for sequences without anything filled up: token 0 is one like any other. */
  public Tensor logits(Tensor sourceTokens, Tensor targetTokens) {
    return out.apply(decode(encode(sourceTokens, null), null, targetTokens, decoder));
  }

  /** 0, or -inf where nothing stands: [batch, 1, 1, from]. */
  private static Tensor hiding(Tensor tokens) {
    Tensor zeros = Tensor.fill(tokens.builder(), tokens.type().withDtype(DType.F32), 0);
    return tokens.notEqualTo(PAD).where(zeros, zeros.like(Double.NEGATIVE_INFINITY))
        .reshape(tokens.dim(0), 1, 1, tokens.dim(1));
  }

  private Tensor encode(Tensor tokens, @Nullable Tensor hidden) {
    Tensor h = positions.apply(embed(source, tokens));
    for (TransformerBlock block : encoder) {
      h = block.apply(h, hidden, null, false);
    }
    return h;
  }

  /** The attention is the last layer's, averaged over its heads. */
  @Override
  public Output apply(Tensor sourceTokens, Tensor targetTokens) {
    Tensor hidden = hiding(sourceTokens);
    Tensor encoded = encode(sourceTokens, hidden);
    Tensor y = decode(encoded, hidden, targetTokens, decoder.subList(0, decoder.size() - 1));
    TransformerBlock last = decoder.getLast();
    TransformerBlock.Memory memory = last.memory(encoded, hidden);
    return new Output(out.apply(last.apply(y, null, memory, true)), last.weights(y, memory));
  }

  private Tensor decode(Tensor encoded, @Nullable Tensor hidden, Tensor tokens, List<TransformerBlock> blocks) {
    Tensor y = positions.apply(embed(target, tokens));
    for (TransformerBlock block : blocks) {
      y = block.apply(y, null, block.memory(encoded, hidden), true);
    }
    return y;
  }

  private Tensor embed(Embedding table, Tensor tokens) {
    return table.apply(tokens).mul(Math.sqrt(options.width()));
  }

  /** Its state is the keys and values of earlier steps in each layer, [rows, heads, steps, width / heads]. */
  @Override
  public Decoding decoding(Tensor sourceTokens, BeamSearch beam) {
    Tensor hidden = hiding(sourceTokens);
    Tensor encoded = encode(sourceTokens, hidden);
    Tensor hiddenOfAll = beam.spread(hidden);
    Tensor nothing = Tensor.fill(
        sourceTokens.builder(),
        TensorType.of(
            DType.F32, sourceTokens.dim(0) * beam.beam(), options.heads(), beam.steps(),
            options.width() / options.heads()),
        0);
    List<Tensor> state = new ArrayList<>();
    List<TransformerBlock.Memory> memories = new ArrayList<>();
    for (TransformerBlock block : decoder) {
      MultiHeadAttention.Cache seen = block.memory(encoded, null).cache();
      memories.add(
          new TransformerBlock.Memory(
              new MultiHeadAttention.Cache(beam.spread(seen.keys()), beam.spread(seen.values())), hiddenOfAll));
      state.add(nothing);
      state.add(nothing);
    }
    return new Decoding(state, (before, token, position) -> step(before, token, position, memories));
  }

  private StepDecoder.Next step(
      List<Tensor> state, Tensor token, Tensor position, List<TransformerBlock.Memory> memories) {
    Tensor h = positions.applyFrom(embed(target, token.expandDims(1)), position);
    List<Tensor> after = new ArrayList<>();
    for (int l = 0; l < decoder.size(); l++) {
      MultiHeadAttention.Cached made = decoder.get(l).applyCached(
          h, new MultiHeadAttention.Cache(state.get(2 * l), state.get(2 * l + 1)), position, memories.get(l));
      h = made.output();
      after.add(made.cache().keys());
      after.add(made.cache().values());
    }
    return new StepDecoder.Next(out.apply(h).squeeze(1), after);
  }
}
