package org.lathe.backends.cpu;

import org.lathe.hal.spec.Recurrence;

/** The equations of {@link Recurrence} as plain loops in double, for comparison. */
final class NaiveRecurrence {
  final double[] states;
  final double[] cells;
  final double[] reserve;

  /**
   * @param c0 the first cell (LSTM)
   * @param bias the recurrent bias (GRU)
   * @param inner added to {@code u = h W + b} at each step (GRU), so that its gradient can be told; null for none
   */
  NaiveRecurrence(
      Recurrence spec, double[] projected, double[] weights, double[] h0, double[] c0, double[] bias, double[] inner) {
    int steps = (int) spec.steps();
    int batch = (int) spec.batch();
    int hidden = (int) spec.hidden();
    int gates = spec.cell().gates();
    states = new double[steps * batch * hidden];
    cells = new double[steps * batch * hidden];
    reserve = new double[steps * batch * spec.cell().reserved() * hidden];
    double[] h = h0.clone();
    double[] c = spec.cell() == Recurrence.Cell.LSTM ? c0.clone() : new double[batch * hidden];
    for (int s = 0; s < steps; s++) {
      int t = spec.reverse() ? steps - 1 - s : s;
      double[] next = new double[batch * hidden];
      for (int b = 0; b < batch; b++) {
        for (int j = 0; j < hidden; j++) {
          double[] p = new double[gates];
          double[] u = new double[gates];
          for (int g = 0; g < gates; g++) {
            p[g] = projected[((t * batch + b) * gates + g) * hidden + j];
            for (int k = 0; k < hidden; k++) {
              u[g] += h[b * hidden + k] * weights[(k * gates + g) * hidden + j];
            }
            if (spec.cell() == Recurrence.Cell.GRU) {
              u[g] += bias[g * hidden + j];
              if (inner != null) {
                u[g] += inner[((t * batch + b) * 3 + g) * hidden + j];
              }
            }
          }
          int at = b * hidden + j;
          int r = (t * batch + b) * 4 * hidden + j;
          switch (spec.cell()) {
            case PLAIN -> next[at] = Math.tanh(p[0] + u[0]);
            case LSTM -> {
              double in = sigmoid(p[0] + u[0]);
              double forget = sigmoid(p[1] + u[1]);
              double fresh = Math.tanh(p[2] + u[2]);
              double open = sigmoid(p[3] + u[3]);
              c[at] = forget * c[at] + in * fresh;
              next[at] = open * Math.tanh(c[at]);
              keep(r, hidden, in, forget, fresh, open);
            }
            case GRU -> {
              double reset = sigmoid(p[0] + u[0]);
              double update = sigmoid(p[1] + u[1]);
              double fresh = Math.tanh(p[2] + reset * u[2]);
              next[at] = (1 - update) * fresh + update * h[at];
              keep(r, hidden, reset, update, fresh, u[2]);
            }
          }
          states[t * batch * hidden + at] = next[at];
          cells[t * batch * hidden + at] = c[at];
        }
      }
      h = next;
    }
  }

  private void keep(int at, int hidden, double... values) {
    for (int g = 0; g < 4; g++) {
      reserve[at + g * hidden] = values[g];
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}
