package org.lathe.models.nn;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Beam search as one loop of a graph: every step scores all hypotheses of all sequences of the batch, keeps the
 * {@code beam} best of each sequence, and gathers the decoder's state after them. With a beam of 1 it is greedy.
 *
 * <p>A hypothesis Y is worth log P(Y) / ((5 + |Y|) / 6)^{@code lengthPower} (Wu et al. 2016), its end counted in |Y|. One
 * that has ended stays as it is and competes with those that go on. Neither {@code pad} nor {@code begin} is ever chosen.
 *
 * @param beam hypotheses kept of each sequence
 * @param steps the most tokens of a hypothesis, its end included
 * @param begin the token before the first
 * @param end the last token
 * @param pad what fills up after the end
 * @param lengthPower 0 for no normalisation; 0.6 in the paper
 */
public record BeamSearch(int beam, int steps, int begin, int end, int pad, double lengthPower) {
  /** Less than any log-probability, and small enough that sums of several are finite. */
  private static final double NEVER = -1e9;

  /** What puts a hypothesis without an end behind those that have one, and before what never was. */
  private static final double UNENDED = 1e6;

  public BeamSearch {
    if (beam < 1 || steps < 1) {
      throw new IllegalArgumentException("a beam of " + beam + " over " + steps + " steps: both are at least 1");
    }
  }

  /**
   * The hypotheses of each sequence, those that ended before those that did not, the best first.
   *
   * @param tokens i32 [batch, beam, steps]: without the begin, with the end, filled up
   * @param scores f32 [batch, beam]: log-probabilities over the length's penalty
   */
  public record Found(Tensor tokens, Tensor scores) {}

  /** A loop's carries by name; each [batch, beam] but for the state's [batch * beam, ..] and the scalar position. */
  private record Beams(
      Tensor position, Tensor tokens, Tensor last, Tensor logProbability, Tensor length, Tensor ended,
      List<Tensor> state) {
    static Beams of(List<Tensor> c) {
      return new Beams(c.get(0), c.get(1), c.get(2), c.get(3), c.get(4), c.get(5), c.subList(6, c.size()));
    }

    List<Tensor> carries() {
      List<Tensor> all = new ArrayList<>(List.of(position, tokens, last, logProbability, length, ended));
      all.addAll(state);
      return all;
    }
  }

  /** Each row of x [batch, ..] {@code beam} times: [batch * beam, ..], what a decoder captures that is the same for a beam. */
  public Tensor spread(Tensor x) {
    Dims row = x.shape().remove(0);
    return x.expandDims(1).broadcastTo(Dims.of(x.dim(0), beam).append(row))
        .reshape(Dims.of(x.dim(0) * beam).append(row));
  }

  /**
   * @param batch how many sequences
   * @param state what the decoder begins with, each [batch * beam, ..]; it may be empty
   * @param like any tensor of the graph
   */
  public Found search(long batch, List<Tensor> state, Tensor like, StepDecoder decoder) {
    Tensor zeros = Tensor.fill(like.builder(), TensorType.of(DType.F32, batch, beam), 0);
    // Only the first hypothesis of each sequence counts at the start: the others are the same.
    Tensor first = Tensor.iota(like.builder(), DType.I32, Dims.of(batch, beam), 1).equalTo(0);
    Beams start = new Beams(
        Tensor.scalar(like.builder(), DType.I32, 0),
        Tensor.fill(like.builder(), TensorType.of(DType.I32, batch, beam, steps), pad),
        Tensor.fill(like.builder(), TensorType.of(DType.I32, batch, beam), begin),
        first.where(zeros, zeros.like(NEVER)),
        zeros,
        zeros,
        state);
    ControlFlow.Scanned all = ControlFlow.repeat(
        start.carries(), steps, c -> new ControlFlow.Step(step(batch, Beams.of(c), decoder).carries(), List.of()));
    Beams last = Beams.of(all.carries());
    Tensor scores = last.logProbability.div(penalty(last.length));
    Tensor order = scores.add(last.ended.sub(1).mul(UNENDED)).topK(beam).get(1);
    Tensor rows = rows(batch, order);
    return new Found(
        last.tokens.reshape(batch * beam, steps).gather(rows).reshape(batch, beam, steps),
        scores.flatten().gather(rows).reshape(batch, beam));
  }

  private Beams step(long batch, Beams b, StepDecoder decoder) {
    StepDecoder.Next next = decoder.next(b.state, b.last.flatten(), b.position);
    long vocabulary = next.logits().dim(1);
    Tensor words = Tensor.iota(next.logits().builder(), DType.I32, Dims.of(vocabulary), 0);
    Tensor forbidden = words.equalTo(pad).or(words.equalTo(begin));
    Tensor each = next.logits().logSoftmax(1).reshape(batch, beam, vocabulary);
    Tensor goesOn = forbidden.where(each.like(NEVER), each).add(b.logProbability.expandDims(2));
    Tensor stays = words.equalTo(pad).where(b.logProbability.expandDims(2), each.like(NEVER));
    Tensor sums = b.ended.greater(0).expandDims(2).where(stays, goesOn).reshape(batch, beam * vocabulary);
    Tensor lengths = b.length.add(b.ended.subtractedFrom(1));
    Tensor worth = sums.reshape(batch, beam, vocabulary).div(penalty(lengths).expandDims(2));
    Tensor best = worth.reshape(batch, beam * vocabulary).topK(beam).get(1);

    Tensor parent = best.div(vocabulary);
    Tensor rows = rows(batch, parent);
    Tensor had = b.ended.flatten().gather(rows).reshape(batch, beam);
    Tensor word = best.sub(parent.mul(vocabulary));
    Tensor token = had.greater(0).where(word.like(pad), word);
    Tensor here = Tensor.iota(token.builder(), DType.I32, Dims.of(steps), 0).equalTo(b.position);
    Tensor before = b.tokens.reshape(batch * beam, steps).gather(rows).reshape(batch, beam, steps);
    return new Beams(
        b.position.add(1),
        here.where(token.expandDims(2), before),
        token,
        sums.takeAlongLast(best),
        lengths.flatten().gather(rows).reshape(batch, beam),
        had.maximum(token.equalTo(end).cast(DType.F32)),
        next.state().stream().map(s -> s.gather(rows)).toList());
  }

  /** Numbers of hypotheses within their sequences, [batch, beam], as rows of all: [batch * beam]. */
  private Tensor rows(long batch, Tensor numbers) {
    Tensor sequence = Tensor.iota(numbers.builder(), DType.I32, Dims.of(batch, 1), 0);
    return sequence.mul(beam).add(numbers).flatten();
  }

  private Tensor penalty(Tensor length) {
    return lengthPower == 0 ? length.like(1) : length.add(5).div(6).pow(lengthPower);
  }
}
