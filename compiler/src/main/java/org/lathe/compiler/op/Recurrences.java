package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.hal.spec.Recurrence.Form;

/**
 * Whole sequences of recurrent cells (LSTM: Hochreiter and Schmidhuber 1997; GRU: Cho et al. 2014, with the reset gate
 * after the recurrent product), over inputs that were multiplied with their weights before.
 *
 * <p>Operands and results are those of {@link Recurrence}, in its order and layout: {@code projected} [steps, batch,
 * gates * hidden], states [steps, batch, hidden], gates in the order i, f, g, o and r, z, n. Flag {@code reverse} runs
 * from the last step to the first. Each forward op's gradient is its backward op and one product for the weights; where
 * more than the last cell state is differentiated, and for second order, it is that of the unrolled steps.
 */
public final class Recurrences {

  private Recurrences() {}

  /** (projected, weights, h0) -> states. */
  public static final OpDef PLAIN_SEQUENCE = forward("plainSequence", Cell.PLAIN);

  /** (projected, weights, h0, c0) -> states, cells, reserve. */
  public static final OpDef LSTM_SEQUENCE = forward("lstmSequence", Cell.LSTM);

  /** (projected, weights, h0, recurrent bias) -> states, reserve. */
  public static final OpDef GRU_SEQUENCE = forward("gruSequence", Cell.GRU);

  /** (weights, h0, states, gradient of states) -> gradients of projected and h0. */
  public static final OpDef PLAIN_SEQUENCE_GRADIENT = backward("plainSequenceGradient", Cell.PLAIN);

  /**
   * (weights, h0, states, c0, cells, reserve, gradient of states, gradient of the last cell) -> gradients of projected, h0
   * and c0.
   */
  public static final OpDef LSTM_SEQUENCE_GRADIENT = backward("lstmSequenceGradient", Cell.LSTM);

  /** (weights, h0, states, reserve, gradient of states) -> gradients of projected, recurrent products and h0. */
  public static final OpDef GRU_SEQUENCE_GRADIENT = backward("gruSequenceGradient", Cell.GRU);

  static final List<OpDef> ALL = List.of(
      PLAIN_SEQUENCE,
      LSTM_SEQUENCE,
      GRU_SEQUENCE,
      PLAIN_SEQUENCE_GRADIENT,
      LSTM_SEQUENCE_GRADIENT,
      GRU_SEQUENCE_GRADIENT);

  /** The hidden states [steps, batch, hidden] and the last cell state [batch, hidden] of an LSTM. */
  public record Lstm(Tensor states, Tensor lastCell) {}

  /** h' = tanh(p + h W); gives the states. */
  public static Tensor plain(Tensor projected, Tensor weights, Tensor h0, boolean reverse) {
    return Tensor.apply(PLAIN_SEQUENCE, List.of(projected, weights, h0), Attributes.of("reverse", reverse));
  }

  public static Lstm lstm(Tensor projected, Tensor weights, Tensor h0, Tensor c0, boolean reverse) {
    List<Tensor> out = Tensor.applyAll(LSTM_SEQUENCE, List.of(projected, weights, h0, c0),
        Attributes.of("reverse", reverse));
    return new Lstm(out.get(0), last(out.get(1), reverse));
  }

  /** Gives the states. */
  public static Tensor gru(Tensor projected, Tensor weights, Tensor h0, Tensor bias, boolean reverse) {
    return Tensor.apply(GRU_SEQUENCE, List.of(projected, weights, h0, bias), Attributes.of("reverse", reverse));
  }

  /** The value after the whole sequence: the last step's, or in reverse the first's. */
  public static Tensor last(Tensor sequence, boolean reverse) {
    return sequence.at(0, reverse ? 0 : -1);
  }

  private static OpDef forward(String name, Cell cell) {
    OpDefBuilder b = OpDef.named(name)
        .types((in, a) -> forwardTypes(name, cell, in, a))
        .references((in, a) -> RecurrenceLoops.forward(cell, in, a.flag("reverse")))
        .gradient((c, g) -> forwardGradient(cell, c, g))
        .lowering(
            new Lowering.Whole(
                (types, views, a, outputs) -> spec(cell, Form.FORWARD, outputs.getFirst(), a), List.of()))
        .decompositions((in, a) -> unroll(cell, in, a.flag("reverse")))
        .tolerance(new Tolerance(1e-5, 1e-5));
    for (Size s : Size.SAMPLES) {
      b.sample(s.forward(cell), Attributes.of("reverse", s.reverse));
    }
    return b.build();
  }

  private static OpDef backward(String name, Cell cell) {
    OpDefBuilder b = OpDef.named(name)
        .types((in, a) -> backwardTypes(name, cell, in, a))
        .references((in, a) -> RecurrenceLoops.backward(cell, in, a.flag("reverse")))
        .lowering(
            new Lowering.Whole(
                (types, views, a, outputs) -> spec(cell, Form.BACKWARD, types.get(2), a), List.of()))
        .decompositions((in, a) -> unrollBackward(cell, in, a.flag("reverse")))
        .tolerance(new Tolerance(1e-5, 1e-5));
    for (Size s : Size.SAMPLES) {
      b.sample(s.backward(cell), Attributes.of("reverse", s.reverse), new Domain(-0.9, 0.9));
    }
    return b.build();
  }

  private static Recurrence spec(Cell cell, Form form, TensorType states, Attributes a) {
    return new Recurrence(
        cell, form, states.dtype(), states.dim(0), states.dim(1), states.dim(2), a.flag("reverse"));
  }

  /** The sizes of a sample. */
  private record Size(String dtype, long steps, long batch, long hidden, boolean reverse) {
    static final List<Size> SAMPLES = List.of(
        new Size("f32", 3, 2, 5, false),
        new Size("f32", 4, 3, 2, true),
        new Size("f32", 1, 1, 1, false),
        new Size("f32", 2, 1, 17, false),
        new Size("f64", 3, 2, 3, true));

    private String type(long... shape) {
      return dtype + Dims.of(shape) + " ";
    }

    String forward(Cell cell) {
      String types = type(steps, batch, cell.gates() * hidden) + type(hidden, cell.gates() * hidden)
          + type(batch, hidden);
      return switch (cell) {
        case PLAIN -> types;
        case LSTM -> types + type(batch, hidden);
        case GRU -> types + type(3 * hidden);
      };
    }

    String backward(Cell cell) {
      String sequence = type(steps, batch, hidden);
      String state = type(batch, hidden);
      String reserve = type(steps, batch, cell.reserved() * hidden);
      String types = type(hidden, cell.gates() * hidden) + state + sequence;
      return switch (cell) {
        case PLAIN -> types + sequence;
        case LSTM -> types + state + sequence + reserve + sequence + state;
        case GRU -> types + reserve + sequence;
      };
    }
  }

  private static List<TensorType> forwardTypes(String op, Cell cell, List<TensorType> in, Attributes a) {
    Types.count(op, in, cell == Cell.PLAIN ? 3 : 4);
    a.flag("reverse");
    TensorType projected = Types.rank(op, "projected", Types.elements(op, in.getFirst(), Elements.WIDE_FLOATING), 3);
    in.forEach(t -> Types.sameDtype(op, projected, t));
    long steps = projected.dim(0);
    long batch = projected.dim(1);
    Types.that(steps > 0, op, "projected " + projected + " has no steps");
    Types.that(
        projected.dim(2) % cell.gates() == 0, op,
        "projected " + projected + " must be [.., " + cell.gates() + " * hidden]");
    long hidden = projected.dim(2) / cell.gates();
    Types.shape(op, "weights", in.get(1), Dims.of(hidden, cell.gates() * hidden));
    Types.shape(op, "h0", in.get(2), Dims.of(batch, hidden));
    TensorType states = projected.withShape(Dims.of(steps, batch, hidden));
    TensorType reserve = projected.withShape(Dims.of(steps, batch, cell.reserved() * hidden));
    return switch (cell) {
      case PLAIN -> List.of(states);
      case LSTM -> {
        Types.shape(op, "c0", in.get(3), Dims.of(batch, hidden));
        yield List.of(states, states, reserve);
      }
      case GRU -> {
        Types.shape(op, "bias", in.get(3), Dims.of(3 * hidden));
        yield List.of(states, reserve);
      }
    };
  }

  private static List<TensorType> backwardTypes(String op, Cell cell, List<TensorType> in, Attributes a) {
    Types.count(op, in, cell == Cell.PLAIN ? 4 : cell == Cell.GRU ? 5 : 8);
    a.flag("reverse");
    TensorType states = Types.rank(op, "states", Types.elements(op, in.get(2), Elements.WIDE_FLOATING), 3);
    in.forEach(t -> Types.sameDtype(op, states, t));
    long hidden = states.dim(2);
    Dims sequence = states.shape();
    Dims state = sequence.slice(1, 3);
    Dims reserve = sequence.with(2, cell.reserved() * hidden);
    TensorType gates = states.withShape(sequence.with(2, cell.gates() * hidden));
    Types.that(sequence.get(0) > 0, op, "states " + states + " have no steps");
    Types.shape(op, "weights", in.get(0), Dims.of(hidden, cell.gates() * hidden));
    Types.shape(op, "h0", in.get(1), state);
    return switch (cell) {
      case PLAIN -> {
        Types.shape(op, "gradient of states", in.get(3), sequence);
        yield List.of(gates, in.get(1));
      }
      case LSTM -> {
        Types.shape(op, "c0", in.get(3), state);
        Types.shape(op, "cells", in.get(4), sequence);
        Types.shape(op, "reserve", in.get(5), reserve);
        Types.shape(op, "gradient of states", in.get(6), sequence);
        Types.shape(op, "gradient of the last cell", in.get(7), state);
        yield List.of(gates, in.get(1), in.get(1));
      }
      case GRU -> {
        Types.shape(op, "reserve", in.get(3), reserve);
        Types.shape(op, "gradient of states", in.get(4), sequence);
        yield List.of(gates, gates, in.get(1));
      }
    };
  }

  private static List<@Nullable Tensor> forwardGradient(Cell cell, OpDef.Call c, List<@Nullable Tensor> g) {
    boolean reverse = c.attributes().flag("reverse");
    Tensor forCells = cell == Cell.LSTM ? g.get(1) : null;
    boolean forReserve = cell != Cell.PLAIN && g.getLast() != null;
    if (forReserve || (forCells != null && !isLastOnly(forCells, reverse))) {
      return Gradients.ofDecomposition(c, g);
    }
    Tensor states = c.output(0);
    Tensor weights = c.input(1);
    Tensor h0 = c.input(2);
    Tensor forStates = g.get(0) == null ? states.zerosLike() : g.get(0);
    List<Tensor> in = new ArrayList<>(List.of(weights, h0, states));
    switch (cell) {
      case PLAIN -> in.add(forStates);
      case LSTM -> {
        Tensor forLast = forCells == null ? h0.zerosLike() : last(forCells, reverse);
        in.addAll(List.of(c.input(3), c.output(1), c.output(2), forStates, forLast));
      }
      case GRU -> in.addAll(List.of(c.output(1), forStates));
    }
    OpDef op = switch (cell) {
      case PLAIN -> PLAIN_SEQUENCE_GRADIENT;
      case LSTM -> LSTM_SEQUENCE_GRADIENT;
      case GRU -> GRU_SEQUENCE_GRADIENT;
    };
    List<Tensor> out = Tensor.applyAll(op, in, c.attributes());
    Tensor forProducts = cell == Cell.GRU ? out.get(1) : out.get(0);
    Tensor forWeights = c.wants(1) ? weightGradient(before(states, h0, reverse), forProducts) : null;
    return switch (cell) {
      case PLAIN -> Arrays.asList(out.get(0), forWeights, out.get(1));
      case LSTM -> Arrays.asList(out.get(0), forWeights, out.get(1), out.get(2));
      case GRU -> Arrays.asList(out.get(0), forWeights, out.get(2), c.wants(3) ? forProducts.sum(0, 1) : null);
    };
  }

  /** Whether a gradient of cells was made by padding that of the last step, so that all others are zero. */
  private static boolean isLastOnly(Tensor g, boolean reverse) {
    long steps = g.dim(0);
    Node node = g.value().node();
    if (steps == 1) {
      return true;
    }
    if (!node.is(Movement.PAD) || node.attributes().real("value") != 0) {
      return false;
    }
    return node.attributes().dims(reverse ? "high" : "low").get(0) == steps - 1;
  }

  /** The state before each step. */
  private static Tensor before(Tensor states, Tensor h0, boolean reverse) {
    long steps = states.dim(0);
    Tensor first = h0.expandDims(0);
    if (steps == 1) {
      return first;
    }
    return reverse
        ? Tensor.concat(0, states.slice(0, 1, steps), first)
        : Tensor.concat(0, first, states.slice(0, 0, steps - 1));
  }

  private static Tensor weightGradient(Tensor before, Tensor forProducts) {
    Tensor rows = before.reshape(-1, before.dim(2));
    return rows.transpose().matmul(forProducts.reshape(rows.dim(0), forProducts.dim(2)));
  }

  /** The steps in the order in which they run. */
  private static int[] order(long steps, boolean reverse) {
    int[] order = new int[Math.toIntExact(steps)];
    Arrays.setAll(order, i -> reverse ? order.length - 1 - i : i);
    return order;
  }

  private static List<Tensor> unroll(Cell cell, List<Tensor> in, boolean reverse) {
    Tensor projected = in.get(0);
    Tensor weights = in.get(1);
    Tensor h = in.get(2);
    Tensor c = in.getLast();
    int[] order = order(projected.dim(0), reverse);
    Tensor[] states = new Tensor[order.length];
    Tensor[] cells = new Tensor[order.length];
    Tensor[] reserve = new Tensor[order.length];
    for (int t : order) {
      Tensor p = projected.at(0, t);
      Tensor product = h.matmul(weights);
      switch (cell) {
        case PLAIN -> h = p.add(product).tanh();
        case LSTM -> {
          List<Tensor> z = p.add(product).split(1, 4);
          Tensor i = z.get(0).sigmoid();
          Tensor f = z.get(1).sigmoid();
          Tensor g = z.get(2).tanh();
          Tensor o = z.get(3).sigmoid();
          c = f.mul(c).add(i.mul(g));
          h = o.mul(c.tanh());
          cells[t] = c;
          reserve[t] = Tensor.concat(1, i, f, g, o);
        }
        case GRU -> {
          List<Tensor> ps = p.split(1, 3);
          List<Tensor> us = product.add(in.get(3)).split(1, 3);
          Tensor r = ps.get(0).add(us.get(0)).sigmoid();
          Tensor z = ps.get(1).add(us.get(1)).sigmoid();
          Tensor n = ps.get(2).add(r.mul(us.get(2))).tanh();
          h = z.subtractedFrom(1).mul(n).add(z.mul(h));
          reserve[t] = Tensor.concat(1, r, z, n, us.get(2));
        }
      }
      states[t] = h;
    }
    Tensor all = Tensor.stack(0, List.of(states));
    return switch (cell) {
      case PLAIN -> List.of(all);
      case LSTM -> List.of(all, Tensor.stack(0, List.of(cells)), Tensor.stack(0, List.of(reserve)));
      case GRU -> List.of(all, Tensor.stack(0, List.of(reserve)));
    };
  }

  private static List<Tensor> unrollBackward(Cell cell, List<Tensor> in, boolean reverse) {
    Tensor transposed = in.get(0).transpose();
    Tensor states = in.get(2);
    Tensor before = before(states, in.get(1), reverse);
    Tensor forStates = in.get(cell == Cell.LSTM ? 6 : in.size() - 1);
    int[] order = order(states.dim(0), !reverse);
    Tensor[] forProjected = new Tensor[order.length];
    Tensor[] forProducts = new Tensor[order.length];
    Tensor dh = in.get(1).zerosLike();
    Tensor dc = cell == Cell.LSTM ? in.get(7) : dh;
    Tensor cellsBefore = cell == Cell.LSTM ? before(in.get(4), in.get(3), reverse) : before;
    for (int t : order) {
      dh = dh.add(forStates.at(0, t));
      switch (cell) {
        case PLAIN -> {
          forProjected[t] = dh.mul(slopeOfTanh(states.at(0, t)));
          dh = forProjected[t].matmul(transposed);
        }
        case LSTM -> {
          List<Tensor> r = in.get(5).at(0, t).split(1, 4);
          Tensor i = r.get(0);
          Tensor f = r.get(1);
          Tensor g = r.get(2);
          Tensor o = r.get(3);
          Tensor tanh = in.get(4).at(0, t).tanh();
          dc = dc.add(dh.mul(o).mul(slopeOfTanh(tanh)));
          forProjected[t] = Tensor.concat(
              1,
              dc.mul(g).mul(slopeOfSigmoid(i)),
              dc.mul(cellsBefore.at(0, t)).mul(slopeOfSigmoid(f)),
              dc.mul(i).mul(slopeOfTanh(g)),
              dh.mul(tanh).mul(slopeOfSigmoid(o)));
          dc = dc.mul(f);
          dh = forProjected[t].matmul(transposed);
        }
        case GRU -> {
          List<Tensor> parts = in.get(3).at(0, t).split(1, 4);
          Tensor r = parts.get(0);
          Tensor z = parts.get(1);
          Tensor n = parts.get(2);
          Tensor forN = dh.mul(z.subtractedFrom(1)).mul(slopeOfTanh(n));
          Tensor forR = forN.mul(parts.get(3)).mul(slopeOfSigmoid(r));
          Tensor forZ = dh.mul(before.at(0, t).sub(n)).mul(slopeOfSigmoid(z));
          forProjected[t] = Tensor.concat(1, forR, forZ, forN);
          forProducts[t] = Tensor.concat(1, forR, forZ, forN.mul(r));
          dh = dh.mul(z).add(forProducts[t].matmul(transposed));
        }
      }
    }
    Tensor projected = Tensor.stack(0, List.of(forProjected));
    return switch (cell) {
      case PLAIN -> List.of(projected, dh);
      case LSTM -> List.of(projected, dh, dc);
      case GRU -> List.of(projected, Tensor.stack(0, List.of(forProducts)), dh);
    };
  }

  private static Tensor slopeOfTanh(Tensor y) {
    return y.square().subtractedFrom(1);
  }

  private static Tensor slopeOfSigmoid(Tensor y) {
    return y.mul(y.subtractedFrom(1));
  }
}
