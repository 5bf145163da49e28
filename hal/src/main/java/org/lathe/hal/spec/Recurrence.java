package org.lathe.hal.spec;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * A whole sequence of a recurrent layer, after the input products: the products of all steps with the input weights are
 * one {@link Contraction} before it, and the gradients of the weights are contractions after it.
 *
 * <p>All operands are dense. With T steps, batch B, hidden width H, and gates G (1 for plain, 4 for LSTM, 3 for GRU):
 * {@code projected} [T, B, G*H] is input products plus bias, {@code weights} [H, G*H] the recurrent weights, {@code h0}
 * [B, H] the first state. With {@code reverse} the sequence runs from step T-1 to 0; all arrays keep their step order.
 *
 * <pre>
 * PLAIN: h' = tanh(p + h W)
 * LSTM, gates in the order i, f, g, o:  z = p + h W;  c' = sigmoid(zf) c + sigmoid(zi) tanh(zg);  h' = sigmoid(zo) tanh(c')
 * GRU, gates in the order r, z, n:  u = h W + b;  r = sigmoid(pr + ur);  z = sigmoid(pz + uz);  n = tanh(pn + r un);
 *                                   h' = (1 - z) n + z h
 * </pre>
 *
 * <p>Forward. Inputs: projected, weights, h0; LSTM: c0 [B, H]; GRU: recurrent bias b [3*H]. Outputs: states [T, B, H];
 * LSTM: cells [T, B, H]; then {@code reserve}, what the backward pass needs: PLAIN none; LSTM: activated gates [T, B,
 * 4*H]; GRU: r, z, n, un [T, B, 4*H].
 *
 * <p>Backward. Inputs: weights, h0, states, (LSTM: c0, cells), (LSTM, GRU: reserve), the gradient of states [T, B, H],
 * (LSTM: gradient of the last cell [B, H]). Outputs: gradient of projected [T, B, G*H], (GRU: gradient of u [T, B,
 * 3*H]), gradient of h0 [B, H], (LSTM: gradient of c0 [B, H]).
 */
public record Recurrence(
    Cell cell, Form form, DType dtype, long steps, long batch, long hidden, boolean reverse) implements KernelSpec {

  public enum Cell {
    PLAIN(1, 0), LSTM(4, 4), GRU(3, 4);

    private final int gates;
    private final int reserved;

    Cell(int gates, int reserved) {
      this.gates = gates;
      this.reserved = reserved;
    }

    public int gates() {
      return gates;
    }

    /** How many values per hidden unit and step are kept for the backward pass. */
    public int reserved() {
      return reserved;
    }
  }

  public enum Form {
    FORWARD, BACKWARD
  }

  public Recurrence {
    Check.sizes("a Recurrence", steps, batch, hidden);
    Check.that(dtype == DType.F32 || dtype == DType.F64, "a Recurrence is of f32 or f64");
  }

  private Operand operand(long... dims) {
    return new Operand(dtype, Dims.of(dims).product());
  }

  @Override
  public List<Operand> inputs() {
    Operand sequence = operand(steps, batch, hidden);
    Operand state = operand(batch, hidden);
    Operand weights = operand(hidden, cell.gates() * hidden);
    Operand reserve = operand(steps, batch, cell.reserved() * hidden);
    List<Operand> in = new ArrayList<>();
    if (form == Form.FORWARD) {
      in.addAll(List.of(operand(steps, batch, cell.gates() * hidden), weights, state));
      if (cell == Cell.LSTM) {
        in.add(state);
      } else if (cell == Cell.GRU) {
        in.add(operand(3 * hidden));
      }
      return in;
    }
    in.addAll(List.of(weights, state, sequence));
    if (cell == Cell.LSTM) {
      in.addAll(List.of(state, sequence));
    }
    if (cell != Cell.PLAIN) {
      in.add(reserve);
    }
    in.add(sequence);
    if (cell == Cell.LSTM) {
      in.add(state);
    }
    return in;
  }

  @Override
  public List<Operand> outputs() {
    Operand sequence = operand(steps, batch, hidden);
    Operand state = operand(batch, hidden);
    Operand gates = operand(steps, batch, cell.gates() * hidden);
    List<Operand> out = new ArrayList<>();
    if (form == Form.FORWARD) {
      out.add(sequence);
      if (cell == Cell.LSTM) {
        out.add(sequence);
      }
      if (cell != Cell.PLAIN) {
        out.add(operand(steps, batch, cell.reserved() * hidden));
      }
      return out;
    }
    out.add(gates);
    if (cell == Cell.GRU) {
      out.add(gates);
    }
    out.add(state);
    if (cell == Cell.LSTM) {
      out.add(state);
    }
    return out;
  }

  @Override
  public long operations() {
    return steps * batch * cell.gates() * hidden * (2 * hidden + 8);
  }
}
