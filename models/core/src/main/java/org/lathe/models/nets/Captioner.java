package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.nn.StepDecoder;

/**
 * One to many: a convolutional encoder and an LSTM that says what the picture shows (Vinyals, Toshev, Bengio and Erhan
 * 2015). The picture's code is the LSTM's first input, and never seen again; then come the words so far.
 *
 * <p>The encoder is of blocks, each a 3 x 3 convolution with batch norm, ReLU and 2 x 2 max pooling, where the paper takes a
 * classifier trained before.
 *
 * <p>Parts: {@code convolutions.i}, {@code code}, {@code embedding}, {@code decoder}, {@code out}.
 */
public final class Captioner extends Module {
  private final List<ConvNorm> convolutions;
  private final Linear code;
  private final Embedding embedding;
  private final Recurrent decoder;
  private final Linear out;

  /**
   * @param side of the pictures, a multiple of 2 to the number of blocks
   * @param channels of each block
   * @param hidden width of the LSTM, its inputs and the picture's code
   */
  public Captioner(long side, long[] channels, long hidden, long vocabulary) {
    if (side % (1L << channels.length) != 0) {
      throw new IllegalArgumentException(
          "pictures of side " + side + " cannot be halved " + channels.length + " times");
    }
    List<ConvNorm> all = new ArrayList<>();
    for (int l = 0; l < channels.length; l++) {
      all.add(new ConvNorm(l == 0 ? 3 : channels[l - 1], channels[l], 3, 1));
    }
    convolutions = children("convolutions", all);
    long left = side >> channels.length;
    code = child("code", new Linear(channels[channels.length - 1] * left * left, hidden));
    embedding = child("embedding", new Embedding(vocabulary, hidden));
    decoder = child("decoder", Recurrent.of(Cell.LSTM, hidden, hidden, 1));
    out = child("out", new Linear(hidden, vocabulary));
  }

  /** [batch, 3, side, side] to [batch, hidden]. */
  private Tensor encode(Tensor images) {
    Tensor x = images.sub(0.5).mul(4);
    for (ConvNorm c : convolutions) {
      x = c.apply(x).relu().maxPool(PoolingOps.Options.of(2));
    }
    return code.apply(x.flatten(1));
  }

  /**
   * Logits [batch, steps, vocabulary] of the next word after each.
   *
   * @param images f32 [batch, 3, side, side] in 0..1
   * @param words i32 [batch, steps], beginning with the begin
   */
  public Tensor apply(Tensor images, Tensor words) {
    Tensor first = encode(images).expandDims(0);
    Tensor states = decoder.apply(Tensor.concat(0, first, embedding.apply(words.transpose())));
    return out.apply(states.slice(0, 1, states.dim(0))).permute(1, 0, 2);
  }

  /** Captions of images by beam search on the device. */
  public BeamSearch.Found say(Tensor images, BeamSearch beam) {
    Recurrent.State begun = decoder.run(encode(images).expandDims(0), null).last().getFirst();
    List<Tensor> state = List.of(beam.spread(begun.h()), beam.spread(Objects.requireNonNull(begun.c())));
    return beam.search(images.dim(0), state, images, this::next);
  }

  private StepDecoder.Next next(List<Tensor> state, Tensor word, Tensor position) {
    Recurrent.Output made = decoder.apply(
        embedding.apply(word).expandDims(0), List.of(new Recurrent.State(state.get(0), state.get(1))));
    Recurrent.State last = made.last().getFirst();
    return new StepDecoder.Next(
        out.apply(last.h()), List.of(last.h(), Objects.requireNonNull(last.c())));
  }
}
