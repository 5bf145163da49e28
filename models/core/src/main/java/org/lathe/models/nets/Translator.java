package org.lathe.models.nets;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.BeamSearch;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.StepDecoder;

/**
 * A model from a sequence of tokens to another one: whole sequences for training, one token after the other for decoding.
 * Token 0 fills a sequence up at its end and changes nothing.
 */
public abstract class Translator extends Module {
  /** Fills sequences up. */
  public static final int PAD = 0;

  /**
   * A decoder and what it begins with.
   *
   * @param state each [rows, ..]
   */
  public record Decoding(List<Tensor> state, StepDecoder decoder) {
    public Decoding {
      state = List.copyOf(state);
    }
  }

  /**
   * What is said of a sequence.
   *
   * @param logits of the next target tokens [batch, to, vocabulary]
   * @param attention how much each target step looks at each source step, [batch, to, from]; null for a model without
   */
  public record Output(Tensor logits, @Nullable Tensor attention) {}

  /**
   * Every target token from those before it.
   *
   * @param source i32 [batch, from]
   * @param target i32 [batch, to]: a begin, then all tokens but the last
   */
  public abstract Output apply(Tensor source, Tensor target);

  /**
   * One token at a time, of {@code beam} hypotheses for each source: steps cost the same wherever they are, since what
   * earlier ones left is in the state. Their logits equal {@link #apply}'s.
   *
   * @param source i32 [batch, from]
   */
  public abstract Decoding decoding(Tensor source, BeamSearch beam);

  /** The best translations that a beam finds; see {@link BeamSearch#search}. */
  public final BeamSearch.Found translate(Tensor source, BeamSearch beam) {
    Decoding d = decoding(source, beam);
    return beam.search(source.dim(0), d.state(), source, d.decoder());
  }
}
