package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.nn.Embedding;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.nn.ScoredAttention;
import org.lathe.models.nn.StepDecoder;

/**
 * Stacked LSTMs from sequence to sequence (Sutskever, Vinyals and Le 2014): one reads the source from its last token to its
 * first, the other begins with its states and says the target. With attention (Luong, Pham and Manning 2015) the latter's
 * upper state also looks back at all states of the former: logits are made of tanh(W [context, state]).
 */
public final class LstmTranslator extends Translator {
  private final Embedding source;
  private final Embedding target;
  private final Recurrent encoder;
  private final Recurrent decoder;
  private final @Nullable ScoredAttention attention;
  private final @Nullable Linear combined;
  private final Linear out;

  /**
   * @param vocabulary tokens of either language
   * @param width of the embeddings and all states
   * @param layers of the encoder, and as many of the decoder
   * @param attention null for none
   */
  public record Options(long vocabulary, long width, int layers, @Nullable Attention attention) {}

  /** See {@link ScoredAttention}. */
  public record Attention(ScoredAttention.Score score, boolean learnedValues) {}

  public LstmTranslator(Options o) {
    long width = o.width();
    Initializer rows = Initializer.normal(0.3);
    source = child("source", new Embedding(o.vocabulary(), width, rows));
    target = child("target", new Embedding(o.vocabulary(), width, rows));
    encoder = child("encoder", Recurrent.backward(Cell.LSTM, width, width, o.layers()));
    decoder = child("decoder", Recurrent.lstm(width, width, o.layers()));
    Attention a = o.attention();
    attention = a == null ? null : child("attention", new ScoredAttention(width, a.score(), a.learnedValues()));
    combined = a == null ? null : child("combined", new Linear(2 * width, width));
    out = child("out", new Linear(width, o.vocabulary()));
  }

  /** The states at the source's first token, and the upper layer's at every token, [batch, from, width]. */
  private record Read(List<Recurrent.State> last, Tensor states, Tensor there) {}

  private Read read(Tensor tokens) {
    Tensor there = tokens.notEqualTo(PAD);
    Recurrent.Output made = encoder.run(source.apply(tokens.transpose()), there.transpose());
    return new Read(made.last(), made.states().permute(1, 0, 2), there);
  }

  @Override
  public Output apply(Tensor sourceTokens, Tensor targetTokens) {
    Read read = read(sourceTokens);
    Tensor states = decoder.apply(target.apply(targetTokens.transpose()), read.last).states().permute(1, 0, 2);
    if (attention == null) {
      return new Output(out.apply(states), null);
    }
    ScoredAttention.Seen seen = attention.apply(states, attention.memory(read.states, read.there));
    return new Output(out.apply(combine(seen.context(), states)), seen.weights());
  }

  @Override
  public Decoding decoding(Tensor sourceTokens, BeamSearch beam) {
    Read read = read(sourceTokens);
    List<Tensor> state = new ArrayList<>();
    for (Recurrent.State s : read.last) {
      state.add(beam.spread(s.h()));
      state.add(beam.spread(Objects.requireNonNull(s.c())));
    }
    ScoredAttention.Memory memory = attention == null ? null : spread(attention.memory(read.states, read.there), beam);
    return new Decoding(state, (before, token, position) -> step(before, token, memory));
  }

  private static ScoredAttention.Memory spread(ScoredAttention.Memory m, BeamSearch beam) {
    return new ScoredAttention.Memory(beam.spread(m.keys()), beam.spread(m.values()), beam.spread(m.bias()));
  }

  private StepDecoder.Next step(List<Tensor> state, Tensor token, ScoredAttention.@Nullable Memory memory) {
    List<Recurrent.State> initial = new ArrayList<>();
    for (int l = 0; l < state.size(); l += 2) {
      initial.add(new Recurrent.State(state.get(l), state.get(l + 1)));
    }
    Recurrent.Output made = decoder.apply(target.apply(token).expandDims(0), initial);
    List<Tensor> after = new ArrayList<>();
    for (Recurrent.State s : made.last()) {
      after.add(s.h());
      after.add(Objects.requireNonNull(s.c()));
    }
    Tensor h = made.states().at(0, 0);
    if (attention == null || memory == null) {
      return new StepDecoder.Next(out.apply(h), after);
    }
    Tensor context = attention.apply(h.expandDims(1), memory).context().squeeze(1);
    return new StepDecoder.Next(out.apply(combine(context, h)), after);
  }

  private Tensor combine(Tensor context, Tensor state) {
    return Objects.requireNonNull(combined).apply(Tensor.concat(-1, context, state)).tanh();
  }
}
