package org.lathe.models.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Recurrences;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * Recurrent layers on top of each other: [steps, batch, in] to the last layer's states [steps, batch, hidden]. The cell is
 * plain tanh (Elman 1990), LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) or GRU (Cho et
 * al. 2014, its reset gate after the recurrent product).
 *
 * <p>Each layer multiplies all steps with its input weights at once, and runs one kernel over the whole sequence.
 *
 * <p>Parameters of layer l, with G gates (plain 1; LSTM 4: i, f, g, o; GRU 3: r, z, n): {@code l.input} [in, G hidden],
 * {@code l.recurrent} [hidden, G hidden], {@code l.bias} [G hidden], and for GRU {@code l.recurrent_bias} [3 hidden]. An
 * LSTM's forget bias begins at 1 (Jozefowicz et al. 2015).
 *
 * <p>A {@link #stateful} layer has states {@code l.h} and {@code l.c} [batch, hidden]: a sequence begins with what the one
 * before ended with, through which no gradient flows (truncated backpropagation through time).
 */
public final class Recurrent extends Module implements Layer {
  private final Cell cell;
  private final long hidden;
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
      recurrent = parameter("recurrent", uniform, hidden, cell.gates() * hidden);
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

  private Recurrent(Cell cell, long in, long hidden, int layers, long statefulBatch) {
    this.cell = cell;
    this.hidden = hidden;
    List<Weights> all = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      all.add(child(Integer.toString(l), new Weights(cell, l == 0 ? in : hidden, hidden, statefulBatch)));
    }
    this.layers = List.copyOf(all);
  }

  public static Recurrent of(Cell cell, long in, long hidden, int layers) {
    return new Recurrent(cell, in, hidden, layers, 0);
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
    return new Recurrent(cell, in, hidden, layers, batch);
  }

  /** The last layer's states; the first ones are zero, or those of the sequence before in a stateful layer. */
  @Override
  public Tensor apply(Tensor x) {
    List<State> initial = new ArrayList<>();
    for (Weights w : layers) {
      Tensor zeros = Tensor.fill(x.builder(), new TensorType(x.dtype(), Dims.of(x.dim(1), hidden)), 0);
      Tensor c = cell != Cell.LSTM ? null : w.c == null ? zeros : w.c.tensor();
      initial.add(new State(w.h == null ? zeros : w.h.tensor(), c));
    }
    Output made = apply(x, initial);
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
    return made.states();
  }

  /** Begins each layer with a given state. */
  public Output apply(Tensor x, List<State> initial) {
    Tensor below = x;
    List<State> last = new ArrayList<>();
    for (int l = 0; l < layers.size(); l++) {
      Weights w = layers.get(l);
      Tensor projected = below.matmul(w.input.tensor()).add(w.bias.tensor());
      Tensor weights = w.recurrent.tensor();
      State from = initial.get(l);
      Tensor c = null;
      switch (cell) {
        case PLAIN -> below = Recurrences.plain(projected, weights, from.h(), false);
        case LSTM -> {
          Recurrences.Lstm made = Recurrences.lstm(projected, weights, from.h(), cellState(from), false);
          below = made.states();
          c = made.lastCell();
        }
        case GRU -> below = Recurrences.gru(projected, weights, from.h(), bias(w), false);
      }
      last.add(new State(Recurrences.last(below, false), c));
    }
    return new Output(below, last);
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
