package org.lathe.reference;

import java.util.List;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;

/** Recurrent layers, step by step. */
final class RecurrenceReference {
  private final Recurrence spec;
  private final int steps;
  private final int batch;
  private final int hidden;
  private final int gates;

  private RecurrenceReference(Recurrence spec) {
    this.spec = spec;
    steps = (int) spec.steps();
    batch = (int) spec.batch();
    hidden = (int) spec.hidden();
    gates = spec.cell().gates();
  }

  static void run(Recurrence spec, List<Elements> in, List<Elements> out) {
    double[][] inputs = in.stream().map(Elements::toArray).toArray(double[][]::new);
    RecurrenceReference r = new RecurrenceReference(spec);
    double[][] results = spec.form() == Recurrence.Form.FORWARD ? r.forward(inputs) : r.backward(inputs);
    for (int j = 0; j < results.length; j++) {
      out.get(j).set(results[j]);
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** The array's step that is the {@code s}th to run. */
  private int step(int s) {
    return spec.reverse() ? steps - 1 - s : s;
  }

  /** The element of a sequence of states; before the first step, of the state it starts with. */
  private double before(double[] sequence, double[] first, int s, int row, int unit) {
    return s == 0 ? first[row * hidden + unit] : sequence[(step(s - 1) * batch + row) * hidden + unit];
  }

  private double[][] forward(double[][] in) {
    double[] projected = in[0];
    double[] weights = in[1];
    double[] h0 = in[2];
    double[] fourth = spec.cell() == Cell.PLAIN ? new double[0] : in[3];
    double[] states = new double[steps * batch * hidden];
    double[] cells = new double[states.length];
    double[] reserve = new double[states.length * spec.cell().reserved()];
    for (int s = 0; s < steps; s++) {
      for (int row = 0; row < batch; row++) {
        int line = step(s) * batch + row;
        for (int j = 0; j < hidden; j++) {
          double[] p = new double[gates];
          double[] u = new double[gates];
          for (int g = 0; g < gates; g++) {
            p[g] = projected[(line * gates + g) * hidden + j];
            for (int k = 0; k < hidden; k++) {
              u[g] += before(states, h0, s, row, k) * weights[(k * gates + g) * hidden + j];
            }
          }
          int at = line * hidden + j;
          switch (spec.cell()) {
            case PLAIN -> states[at] = Math.tanh(p[0] + u[0]);
            case LSTM -> {
              double input = sigmoid(p[0] + u[0]);
              double forget = sigmoid(p[1] + u[1]);
              double fresh = Math.tanh(p[2] + u[2]);
              double output = sigmoid(p[3] + u[3]);
              cells[at] = forget * before(cells, fourth, s, row, j) + input * fresh;
              states[at] = output * Math.tanh(cells[at]);
              keep(reserve, line, j, input, forget, fresh, output);
            }
            case GRU -> {
              double un = u[2] + fourth[2 * hidden + j];
              double reset = sigmoid(p[0] + u[0] + fourth[j]);
              double update = sigmoid(p[1] + u[1] + fourth[hidden + j]);
              double fresh = Math.tanh(p[2] + reset * un);
              states[at] = (1 - update) * fresh + update * before(states, h0, s, row, j);
              keep(reserve, line, j, reset, update, fresh, un);
            }
          }
        }
      }
    }
    return switch (spec.cell()) {
      case PLAIN -> new double[][]{states};
      case LSTM -> new double[][]{states, cells, reserve};
      case GRU -> new double[][]{states, reserve};
    };
  }

  private void keep(double[] reserve, int line, int unit, double... values) {
    for (int g = 0; g < values.length; g++) {
      reserve[(line * values.length + g) * hidden + unit] = values[g];
    }
  }

  private double[][] backward(double[][] in) {
    boolean lstm = spec.cell() == Cell.LSTM;
    double[] none = new double[0];
    int next = 0;
    double[] weights = in[next++];
    double[] h0 = in[next++];
    double[] states = in[next++];
    double[] c0 = lstm ? in[next++] : none;
    double[] cells = lstm ? in[next++] : none;
    double[] reserve = spec.cell() == Cell.PLAIN ? none : in[next++];
    double[] given = in[next++];
    double[] dc = lstm ? in[next] : none;
    double[] dh = new double[batch * hidden];
    double[] dProjected = new double[steps * batch * gates * hidden];
    double[] dU = new double[dProjected.length];
    for (int s = steps - 1; s >= 0; s--) {
      double[] earlier = new double[batch * hidden];
      for (int row = 0; row < batch; row++) {
        int line = step(s) * batch + row;
        for (int j = 0; j < hidden; j++) {
          int at = line * hidden + j;
          int unit = row * hidden + j;
          int gate = line * gates * hidden + j;
          double d = given[at] + dh[unit];
          double[] kept = new double[spec.cell().reserved()];
          for (int g = 0; g < kept.length; g++) {
            kept[g] = reserve[(line * kept.length + g) * hidden + j];
          }
          switch (spec.cell()) {
            case PLAIN -> dU[gate] = d * (1 - states[at] * states[at]);
            case LSTM -> {
              double tanh = Math.tanh(cells[at]);
              double dCell = dc[unit] + d * kept[3] * (1 - tanh * tanh);
              dU[gate] = dCell * kept[2] * kept[0] * (1 - kept[0]);
              dU[gate + hidden] = dCell * before(cells, c0, s, row, j) * kept[1] * (1 - kept[1]);
              dU[gate + 2 * hidden] = dCell * kept[0] * (1 - kept[2] * kept[2]);
              dU[gate + 3 * hidden] = d * tanh * kept[3] * (1 - kept[3]);
              dc[unit] = dCell * kept[1];
            }
            case GRU -> {
              double dFresh = d * (1 - kept[1]) * (1 - kept[2] * kept[2]);
              dU[gate] = dFresh * kept[3] * kept[0] * (1 - kept[0]);
              dU[gate + hidden] = d * (before(states, h0, s, row, j) - kept[2]) * kept[1] * (1 - kept[1]);
              dU[gate + 2 * hidden] = dFresh * kept[0];
              dProjected[gate + 2 * hidden] = dFresh;
              earlier[unit] += d * kept[1];
            }
          }
          for (int g = 0; g < (spec.cell() == Cell.GRU ? 2 : gates); g++) {
            dProjected[gate + g * hidden] = dU[gate + g * hidden];
          }
        }
        for (int k = 0; k < hidden; k++) {
          for (int q = 0; q < gates * hidden; q++) {
            earlier[row * hidden + k] += dU[line * gates * hidden + q] * weights[k * gates * hidden + q];
          }
        }
      }
      dh = earlier;
    }
    return switch (spec.cell()) {
      case PLAIN -> new double[][]{dProjected, dh};
      case LSTM -> new double[][]{dProjected, dh, dc};
      case GRU -> new double[][]{dProjected, dU, dh};
    };
  }
}
