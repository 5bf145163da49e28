package org.lathe.models.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Recurrences;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * Recurrent layers on top of each other: [steps, batch, in] to the last layer's states [steps, batch, hidden]. The cell is
 * plain tanh (Elman 1990), LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) or GRU (Cho et
 * al. 2014, its reset gate after the recurrent product).
 *
 * <p>Each layer multiplies all steps with its input weights at once, and runs one kernel over the whole sequence.
 *
 * <p>Sequences of different lengths are padded at their end and come with a mask, bool [steps, batch], true at the steps
 * that are of the sequence. What stands in the padding has no influence on any other state, on any gradient, or on what a
 * sequence ends with; the states at the padding itself mean nothing.
 *
 * <p>Parameters of layer l, with G gates (plain 1; LSTM 4: i, f, g, o; GRU 3: r, z, n): {@code l.input} [in, G hidden],
 * {@code l.recurrent} [hidden, G hidden], {@code l.bias} [G hidden], and for GRU {@code l.recurrent_bias} [3 hidden]. An
 * LSTM's forget bias begins at 1 (Jozefowicz et al. 2015), and each gate's recurrent weights as an orthogonal matrix (Saxe
 * et al. 2014).
 *
 * <p>A {@link #stateful} layer has states {@code l.h} and {@code l.c} [batch, hidden]: a sequence begins with what the one
 * before ended with, through which no gradient flows (truncated backpropagation through time).
 */
public final class Recurrent extends Module implements Layer, SequenceLayer {
  /** A gate's input at which its sigmoid is exactly 0 or 1, in f32 and in f64. */
  private static final double SATURATED = 1e4;

  private final Cell cell;
  private final long hidden;
  private final boolean reverse;
  private final List<Weights> layers;

  /** What a sequence begins or ends with: {@code h}, and an LSTM's {@code c}, each [batch, hidden]. */
  public record State(Tensor h, @Nullable Tensor c) {}

  /**
   * @param states [steps, batch, hidden] of the last layer
   * @param last the last state of each layer
   */
  public record Output(Tensor states, List<State> last) {}

  private static final class Weights extends Module {
    final Parameter input;
    final Parameter recurrent;
    final Parameter bias;
    final @Nullable Parameter recurrentBias;
    final @Nullable Parameter h;
    final @Nullable Parameter c;

    Weights(Cell cell, long in, long hidden, long statefulBatch) {
      Initializer uniform = Initializer.uniform(1 / Math.sqrt(hidden));
      input = parameter("input", uniform, in, cell.gates() * hidden);
      recurrent = parameter(
          "recurrent", Initializer.blocks(cell.gates(), Initializer.orthogonal(1)), hidden, cell.gates() * hidden);
      bias = parameter("bias", cell == Cell.LSTM ? forgetBias(hidden) : Initializer.ZEROS, cell.gates() * hidden);
      recurrentBias = cell == Cell.GRU ? parameter("recurrent_bias", Initializer.ZEROS, 3 * hidden) : null;
      h = statefulBatch > 0 ? state("h", Initializer.ZEROS, statefulBatch, hidden) : null;
      c = statefulBatch > 0 && cell == Cell.LSTM ? state("c", Initializer.ZEROS, statefulBatch, hidden) : null;
    }

    private static Initializer forgetBias(long hidden) {
      return (shape, random) -> {
        float[] values = new float[Math.toIntExact(shape.product())];
        Arrays.fill(values, (int) hidden, (int) (2 * hidden), 1);
        return values;
      };
    }
  }

  private Recurrent(Cell cell, long in, long hidden, int layers, boolean reverse, long statefulBatch) {
    this.cell = cell;
    this.hidden = hidden;
    this.reverse = reverse;
    List<Weights> all = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      all.add(child(Integer.toString(l), new Weights(cell, l == 0 ? in : hidden, hidden, statefulBatch)));
    }
    this.layers = List.copyOf(all);
  }

  public static Recurrent of(Cell cell, long in, long hidden, int layers) {
    return new Recurrent(cell, in, hidden, layers, false, 0);
  }

  /** Layers that run from a sequence's last step to its first; {@link Output#last} is then what they hold at the first. */
  public static Recurrent backward(Cell cell, long in, long hidden, int layers) {
    return new Recurrent(cell, in, hidden, layers, true, 0);
  }

  public static Recurrent lstm(long in, long hidden, int layers) {
    return of(Cell.LSTM, in, hidden, layers);
  }

  public static Recurrent gru(long in, long hidden, int layers) {
    return of(Cell.GRU, in, hidden, layers);
  }

  public static Recurrent plain(long in, long hidden, int layers) {
    return of(Cell.PLAIN, in, hidden, layers);
  }

  /** Layers that go on from sequence to sequence, for this batch size. */
  public static Recurrent stateful(Cell cell, long in, long hidden, int layers, long batch) {
    return new Recurrent(cell, in, hidden, layers, false, batch);
  }

  /** The last layer's states; the first ones are zero, or those of the sequence before in a stateful layer. */
  @Override
  public Tensor apply(Tensor x) {
    return run(x, null).states();
  }

  /** As {@link #apply(Tensor)}, for padded sequences. */
  @Override
  public Tensor apply(Tensor x, @Nullable Tensor mask) {
    return run(x, mask).states();
  }

  /**
   * As {@link #apply(Tensor, Tensor)}, and what each layer ends with.
   *
   * @param mask bool [steps, batch], or null if no sequence is padded
   */
  public Output run(Tensor x, @Nullable Tensor mask) {
    List<State> initial = new ArrayList<>();
    for (Weights w : layers) {
      Tensor zeros = Tensor.fill(x.builder(), new TensorType(x.dtype(), Dims.of(x.dim(1), hidden)), 0);
      Tensor c = cell != Cell.LSTM ? null : w.c == null ? zeros : w.c.tensor();
      initial.add(new State(w.h == null ? zeros : w.h.tensor(), c));
    }
    Output made = layers(x, mask, initial);
    for (int l = 0; l < layers.size(); l++) {
      Weights w = layers.get(l);
      State last = made.last().get(l);
      if (w.h != null) {
        w.h.update(last.h().stopGradient());
      }
      if (w.c != null && last.c() != null) {
        w.c.update(last.c().stopGradient());
      }
    }
    return made;
  }

  /** Begins each layer with a given state. */
  public Output apply(Tensor x, List<State> initial) {
    return layers(x, null, initial);
  }

  /**
   * Begins each layer with a given state.
   *
   * @param mask bool [steps, batch]; each sequence has at least one step
   * @throws IllegalStateException if the layer runs backward: it would take the padding before the sequence
   */
  public Output apply(Tensor x, Tensor mask, List<State> initial) {
    if (reverse) {
      throw new IllegalStateException(
          "a backward layer cannot begin padded sequences with given states; leave the mask or the states away");
    }
    return layers(x, mask, initial);
  }

  private Output layers(Tensor x, @Nullable Tensor mask, List<State> initial) {
    Tensor below = x;
    List<State> last = new ArrayList<>();
    for (int l = 0; l < layers.size(); l++) {
      Weights w = layers.get(l);
      Tensor projected = below.matmul(w.input.tensor()).add(w.bias.tensor());
      if (mask != null) {
        projected = mask.expandDims(2).where(projected, standstill(projected));
      }
      Tensor weights = w.recurrent.tensor();
      State from = initial.get(l);
      Tensor c = null;
      switch (cell) {
        case PLAIN -> below = Recurrences.plain(projected, weights, from.h(), reverse);
        case LSTM -> {
          Recurrences.Lstm made = Recurrences.lstm(projected, weights, from.h(), cellState(from), reverse);
          below = made.states();
          c = made.lastCell();
        }
        case GRU -> below = Recurrences.gru(projected, weights, from.h(), bias(w), reverse);
      }
      // A GRU's update gate holds its state over the padding; backward, the padding comes first.
      Tensor h = mask == null || reverse || cell == Cell.GRU
          ? Recurrences.last(below, reverse)
          : lastWithin(below, mask);
      last.add(new State(h, c));
    }
    return new Output(below, last);
  }

  /**
   * What stands for the projected input at the padding. An LSTM's cell and a GRU's state stay there as they are, exactly;
   * and a state that is zero stays zero in all three.
   */
  private Tensor standstill(Tensor projected) {
    double[] values = new double[Math.toIntExact(cell.gates() * hidden)];
    int h = Math.toIntExact(hidden);
    if (cell == Cell.LSTM) {
      Arrays.fill(values, 0, h, -SATURATED);
      Arrays.fill(values, h, 2 * h, SATURATED);
    } else if (cell == Cell.GRU) {
      Arrays.fill(values, h, 2 * h, SATURATED);
    }
    TensorType type = TensorType.of(projected.dtype(), values.length);
    return Tensor.constant(projected.builder(), Literal.of(type, values));
  }

  /** The states [batch, hidden] at each sequence's last step. */
  private static Tensor lastWithin(Tensor states, Tensor mask) {
    Tensor next = Tensor.concat(
        0, mask.slice(0, 1, mask.dim(0)),
        Tensor.fill(mask.builder(), TensorType.of(DType.BOOL, 1, mask.dim(1)), 0));
    return mask.and(next.not()).expandDims(2).where(states, states.zerosLike()).sum(0);
  }

  private static Tensor cellState(State s) {
    if (s.c() == null) {
      throw new IllegalArgumentException("an LSTM begins with two states, h and c; c is missing");
    }
    return s.c();
  }

  private static Tensor bias(Weights w) {
    return Objects.requireNonNull(w.recurrentBias).tensor();
  }
}
