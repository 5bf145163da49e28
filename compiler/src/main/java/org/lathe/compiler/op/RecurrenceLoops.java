package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence.Cell;

/** The float64 references of {@link Recurrences}: one unit of one batch row at a time, straight from the equations. */
final class RecurrenceLoops {
  private RecurrenceLoops() {}

  private static int at(long hidden, long row, long i) {
    return Math.toIntExact(row * hidden + i);
  }

  private static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  private static Literal make(TensorType like, double[] data, long... shape) {
    return Literal.adopt(like.withShape(Dims.of(shape)), data);
  }

  static List<Literal> forward(Cell cell, List<Literal> in, boolean reverse) {
    TensorType type = in.get(0).type();
    int steps = (int) type.dim(0);
    int batch = (int) type.dim(1);
    int gates = (int) type.dim(2);
    int hidden = gates / cell.gates();
    int kept = cell.reserved() * hidden;
    double[] projected = in.get(0).toArray();
    double[] weights = in.get(1).toArray();
    double[] states = new double[steps * batch * hidden];
    double[] cells = new double[steps * batch * hidden];
    double[] reserve = new double[steps * batch * kept];
    for (int row = 0; row < batch; row++) {
      double[] h = new double[hidden];
      double[] c = new double[hidden];
      for (int i = 0; i < hidden; i++) {
        h[i] = in.get(2).get(at(hidden, row, i));
        c[i] = cell == Cell.LSTM ? in.get(3).get(at(hidden, row, i)) : 0;
      }
      for (int n = 0; n < steps; n++) {
        int step = (reverse ? steps - 1 - n : n) * batch + row;
        double[] product = new double[gates];
        for (int j = 0; j < gates; j++) {
          product[j] = cell == Cell.GRU ? in.get(3).get(j) : 0;
          for (int i = 0; i < hidden; i++) {
            product[j] += h[i] * weights[i * gates + j];
          }
        }
        for (int i = 0; i < hidden; i++) {
          int p = step * gates + i;
          int k = step * kept + i;
          switch (cell) {
            case PLAIN -> h[i] = Math.tanh(projected[p] + product[i]);
            case LSTM -> {
              double input = sigmoid(projected[p] + product[i]);
              double forget = sigmoid(projected[p + hidden] + product[hidden + i]);
              double candidate = Math.tanh(projected[p + 2 * hidden] + product[2 * hidden + i]);
              double output = sigmoid(projected[p + 3 * hidden] + product[3 * hidden + i]);
              c[i] = forget * c[i] + input * candidate;
              h[i] = output * Math.tanh(c[i]);
              reserve[k] = input;
              reserve[k + hidden] = forget;
              reserve[k + 2 * hidden] = candidate;
              reserve[k + 3 * hidden] = output;
            }
            case GRU -> {
              double reset = sigmoid(projected[p] + product[i]);
              double update = sigmoid(projected[p + hidden] + product[hidden + i]);
              double fresh = Math.tanh(projected[p + 2 * hidden] + reset * product[2 * hidden + i]);
              h[i] = (1 - update) * fresh + update * h[i];
              reserve[k] = reset;
              reserve[k + hidden] = update;
              reserve[k + 2 * hidden] = fresh;
              reserve[k + 3 * hidden] = product[2 * hidden + i];
            }
          }
          states[step * hidden + i] = h[i];
          cells[step * hidden + i] = c[i];
        }
      }
    }
    Literal all = make(type, states, steps, batch, hidden);
    Literal extra = make(type, reserve, steps, batch, kept);
    return switch (cell) {
      case PLAIN -> List.of(all);
      case LSTM -> List.of(all, make(type, cells, steps, batch, hidden), extra);
      case GRU -> List.of(all, extra);
    };
  }

  static List<Literal> backward(Cell cell, List<Literal> in, boolean reverse) {
    TensorType type = in.get(2).type();
    int steps = (int) type.dim(0);
    int batch = (int) type.dim(1);
    int hidden = (int) type.dim(2);
    int gates = cell.gates() * hidden;
    int kept = cell.reserved() * hidden;
    Literal states = in.get(2);
    Literal forStates = in.get(cell == Cell.LSTM ? 6 : in.size() - 1);
    double[] weights = in.get(0).toArray();
    double[] forProjected = new double[steps * batch * gates];
    double[] forProducts = new double[steps * batch * gates];
    double[] forH0 = new double[batch * hidden];
    double[] forC0 = new double[batch * hidden];
    for (int row = 0; row < batch; row++) {
      double[] dh = new double[hidden];
      double[] dc = new double[hidden];
      for (int i = 0; i < hidden && cell == Cell.LSTM; i++) {
        dc[i] = in.get(7).get(at(hidden, row, i));
      }
      for (int n = steps - 1; n >= 0; n--) {
        int t = reverse ? steps - 1 - n : n;
        int step = t * batch + row;
        int previous = (reverse ? t + 1 : t - 1) * batch + row;
        double[] direct = new double[hidden];
        for (int i = 0; i < hidden; i++) {
          double d = dh[i] + forStates.get(at(hidden, step, i));
          int p = step * gates + i;
          int k = step * kept + i;
          switch (cell) {
            case PLAIN -> {
              double y = states.get(at(hidden, step, i));
              forProducts[p] = forProjected[p] = d * (1 - y * y);
            }
            case LSTM -> {
              Literal reserve = in.get(5);
              double input = reserve.get(k);
              double forget = reserve.get(k + hidden);
              double candidate = reserve.get(k + 2 * hidden);
              double output = reserve.get(k + 3 * hidden);
              double tanh = Math.tanh(in.get(4).get(at(hidden, step, i)));
              double old = n == 0 ? in.get(3).get(at(hidden, row, i)) : in.get(4).get(at(hidden, previous, i));
              double forCell = dc[i] + d * output * (1 - tanh * tanh);
              forProjected[p] = forCell * candidate * input * (1 - input);
              forProjected[p + hidden] = forCell * old * forget * (1 - forget);
              forProjected[p + 2 * hidden] = forCell * input * (1 - candidate * candidate);
              forProjected[p + 3 * hidden] = d * tanh * output * (1 - output);
              for (int gate = 0; gate < 4; gate++) {
                forProducts[p + gate * hidden] = forProjected[p + gate * hidden];
              }
              dc[i] = forCell * forget;
            }
            case GRU -> {
              Literal reserve = in.get(3);
              double reset = reserve.get(k);
              double update = reserve.get(k + hidden);
              double fresh = reserve.get(k + 2 * hidden);
              double product = reserve.get(k + 3 * hidden);
              double old = n == 0 ? in.get(1).get(at(hidden, row, i)) : states.get(at(hidden, previous, i));
              double forFresh = d * (1 - update) * (1 - fresh * fresh);
              forProjected[p] = forFresh * product * reset * (1 - reset);
              forProjected[p + hidden] = d * (old - fresh) * update * (1 - update);
              forProjected[p + 2 * hidden] = forFresh;
              forProducts[p] = forProjected[p];
              forProducts[p + hidden] = forProjected[p + hidden];
              forProducts[p + 2 * hidden] = forFresh * reset;
              direct[i] = d * update;
            }
          }
        }
        for (int i = 0; i < hidden; i++) {
          dh[i] = direct[i];
          for (int j = 0; j < gates; j++) {
            dh[i] += forProducts[step * gates + j] * weights[i * gates + j];
          }
        }
      }
      System.arraycopy(dh, 0, forH0, row * hidden, hidden);
      System.arraycopy(dc, 0, forC0, row * hidden, hidden);
    }
    Literal forGates = make(type, forProjected, steps, batch, gates);
    Literal forFirst = make(type, forH0, batch, hidden);
    return switch (cell) {
      case PLAIN -> List.of(forGates, forFirst);
      case LSTM -> List.of(forGates, forFirst, make(type, forC0, batch, hidden));
      case GRU -> List.of(forGates, make(type, forProducts, steps, batch, gates), forFirst);
    };
  }
}
