package org.lathe.compiler.lower;

import java.util.List;
import org.lathe.compiler.lower.NaiveDevice.Memory;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Recurrence;

/** Recurrence and attention, step by step and score by score. */
final class NaiveSequences {
  private NaiveSequences() {}

  private static double[] all(Memory m, DType type) {
    double[] v = new double[Math.toIntExact(m.segment().byteSize() / type.bytes())];
    for (int i = 0; i < v.length; i++) {
      v[i] = m.get(type, i);
    }
    return v;
  }

  private static void put(Memory m, DType type, double[] v) {
    for (int i = 0; i < v.length; i++) {
      m.set(type, i, v[i]);
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  static void recurrence(Recurrence r, List<Memory> in, List<Memory> out) {
    if (r.form() == Recurrence.Form.FORWARD) {
      forward(r, in, out);
    } else {
      backward(r, in, out);
    }
  }

  private static void forward(Recurrence r, List<Memory> in, List<Memory> out) {
    int t = (int) r.steps();
    int b = (int) r.batch();
    int h = (int) r.hidden();
    int g = r.cell().gates();
    double[] projected = all(in.get(0), r.dtype());
    double[] weights = all(in.get(1), r.dtype());
    double[] h0 = all(in.get(2), r.dtype());
    double[] fourth = in.size() > 3 ? all(in.get(3), r.dtype()) : new double[0];
    double[] states = new double[t * b * h];
    double[] cells = new double[t * b * h];
    double[] reserve = new double[t * b * r.cell().reserved() * h];
    for (int s = 0; s < t; s++) {
      int step = r.reverse() ? t - 1 - s : s;
      int before = r.reverse() ? step + 1 : step - 1;
      for (int i = 0; i < b; i++) {
        for (int j = 0; j < h; j++) {
          double[] u = new double[g];
          for (int q = 0; q < g; q++) {
            for (int k = 0; k < h; k++) {
              u[q] += (s == 0 ? h0[i * h + k] : states[(before * b + i) * h + k]) * weights[k * g * h + q * h + j];
            }
          }
          double[] p = new double[g];
          for (int q = 0; q < g; q++) {
            p[q] = projected[(step * b + i) * g * h + q * h + j];
          }
          int at = (step * b + i) * h + j;
          int kept = (step * b + i) * 4 * h + j;
          double hBefore = s == 0 ? h0[i * h + j] : states[(before * b + i) * h + j];
          switch (r.cell()) {
            case PLAIN -> states[at] = Math.tanh(p[0] + u[0]);
            case LSTM -> {
              double cBefore = s == 0 ? fourth[i * h + j] : cells[(before * b + i) * h + j];
              double[] z = {sigmoid(p[0] + u[0]), sigmoid(p[1] + u[1]), Math.tanh(p[2] + u[2]), sigmoid(p[3] + u[3])};
              cells[at] = z[1] * cBefore + z[0] * z[2];
              states[at] = z[3] * Math.tanh(cells[at]);
              for (int q = 0; q < 4; q++) {
                reserve[kept + q * h] = z[q];
              }
            }
            case GRU -> {
              double un = u[2] + fourth[2 * h + j];
              double rr = sigmoid(p[0] + u[0] + fourth[j]);
              double z = sigmoid(p[1] + u[1] + fourth[h + j]);
              double n = Math.tanh(p[2] + rr * un);
              states[at] = (1 - z) * n + z * hBefore;
              double[] keep = {rr, z, n, un};
              for (int q = 0; q < 4; q++) {
                reserve[kept + q * h] = keep[q];
              }
            }
          }
        }
      }
    }
    put(out.get(0), r.dtype(), states);
    if (r.cell() == Recurrence.Cell.LSTM) {
      put(out.get(1), r.dtype(), cells);
    }
    if (r.cell() != Recurrence.Cell.PLAIN) {
      put(out.getLast(), r.dtype(), reserve);
    }
  }

  private static void backward(Recurrence r, List<Memory> in, List<Memory> out) {
    int t = (int) r.steps();
    int b = (int) r.batch();
    int h = (int) r.hidden();
    int g = r.cell().gates();
    boolean lstm = r.cell() == Recurrence.Cell.LSTM;
    boolean gru = r.cell() == Recurrence.Cell.GRU;
    int next = 0;
    double[] weights = all(in.get(next++), r.dtype());
    double[] h0 = all(in.get(next++), r.dtype());
    double[] states = all(in.get(next++), r.dtype());
    double[] c0 = lstm ? all(in.get(next++), r.dtype()) : new double[0];
    double[] cells = lstm ? all(in.get(next++), r.dtype()) : new double[0];
    double[] reserve = lstm || gru ? all(in.get(next++), r.dtype()) : new double[0];
    double[] given = all(in.get(next++), r.dtype());
    double[] dc = lstm ? all(in.get(next), r.dtype()) : new double[0];
    double[] dh = new double[b * h];
    double[] dProjected = new double[t * b * g * h];
    double[] dU = new double[t * b * g * h];
    for (int s = t - 1; s >= 0; s--) {
      int step = r.reverse() ? t - 1 - s : s;
      int before = r.reverse() ? step + 1 : step - 1;
      double[] dhBefore = new double[b * h];
      for (int i = 0; i < b; i++) {
        for (int j = 0; j < h; j++) {
          int at = (step * b + i) * h + j;
          int gate = (step * b + i) * g * h + j;
          int kept = (step * b + i) * 4 * h + j;
          double d = given[at] + dh[i * h + j];
          double hBefore = s == 0 ? h0[i * h + j] : states[(before * b + i) * h + j];
          switch (r.cell()) {
            case PLAIN -> dProjected[gate] = dU[gate] = d * (1 - states[at] * states[at]);
            case LSTM -> {
              double zi = reserve[kept];
              double zf = reserve[kept + h];
              double zg = reserve[kept + 2 * h];
              double zo = reserve[kept + 3 * h];
              double tc = Math.tanh(cells[at]);
              double cBefore = s == 0 ? c0[i * h + j] : cells[(before * b + i) * h + j];
              double dCell = dc[i * h + j] + d * zo * (1 - tc * tc);
              double[] dz = {dCell * zg * zi * (1 - zi), dCell * cBefore * zf * (1 - zf), dCell * zi * (1 - zg * zg),
                  d * tc * zo * (1 - zo)};
              for (int q = 0; q < 4; q++) {
                dProjected[gate + q * h] = dU[gate + q * h] = dz[q];
              }
              dc[i * h + j] = dCell * zf;
            }
            case GRU -> {
              double rr = reserve[kept];
              double z = reserve[kept + h];
              double n = reserve[kept + 2 * h];
              double un = reserve[kept + 3 * h];
              double dn = d * (1 - z) * (1 - n * n);
              double dz = d * (hBefore - n) * z * (1 - z);
              double dr = dn * un * rr * (1 - rr);
              dProjected[gate] = dU[gate] = dr;
              dProjected[gate + h] = dU[gate + h] = dz;
              dProjected[gate + 2 * h] = dn;
              dU[gate + 2 * h] = dn * rr;
              dhBefore[i * h + j] += d * z;
            }
          }
        }
        for (int k = 0; k < h; k++) {
          for (int q = 0; q < g * h; q++) {
            dhBefore[i * h + k] += dU[(step * b + i) * g * h + q] * weights[k * g * h + q];
          }
        }
      }
      dh = dhBefore;
    }
    int o = 0;
    put(out.get(o++), r.dtype(), dProjected);
    if (gru) {
      put(out.get(o++), r.dtype(), dU);
    }
    put(out.get(o++), r.dtype(), dh);
    if (lstm) {
      put(out.get(o), r.dtype(), dc);
    }
  }

  static void attention(Attention a, List<Memory> in, List<Memory> out) {
    boolean forward = a.form() == Attention.Form.FORWARD;
    int next = a.bias() == null ? 3 : 4;
    if (!forward) {
      zero(a.query(), out.get(0), a.querySpace());
      zero(a.key(), out.get(1), a.keySpace());
      zero(a.value(), out.get(2), a.valueSpace());
    }
    for (long n = 0; n < a.batch(); n++) {
      for (long h = 0; h < a.heads(); h++) {
        for (long i = 0; i < a.queries(); i++) {
          double[] p = probabilities(a, in, n, h, i);
          double logSum = p[p.length - 1];
          if (forward) {
            out.get(1).set(a.dtype(), (n * a.heads() + h) * a.queries() + i, logSum);
            for (long d = 0; d < a.valueWidth(); d++) {
              double sum = 0;
              for (int j = 0; j < a.keys(); j++) {
                sum += p[j] == 0 ? 0 : p[j] * NaiveKernels.read(a.value(), in.get(2), n, h, j, d);
              }
              out.get(0).set(a.dtype(), NaiveKernels.element(a.out(), n, h, i, d), sum);
            }
          } else {
            double given = in.get(next + 1).get(a.dtype(), (n * a.heads() + h) * a.queries() + i);
            for (int j = 0; j < a.keys(); j++) {
              p[j] = p[j] == 0 ? 0 : p[j] * Math.exp(logSum - given);
            }
            backward(a, in, out, p, next, n, h, i);
          }
        }
      }
    }
  }

  private static void zero(org.lathe.hal.spec.View v, Memory m, org.lathe.hal.Dims space) {
    NaiveKernels.points(space, p -> m.set(v.dtype(), NaiveKernels.element(v, p), 0));
  }

  /** A query's probabilities, forward by the softmax of its scores, backward by the log-sum given; then the log-sum. */
  private static double[] probabilities(Attention a, List<Memory> in, long n, long h, long i) {
    double[] p = new double[Math.toIntExact(a.keys()) + 1];
    double max = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < a.keys(); j++) {
      double s = 0;
      for (long d = 0; d < a.width(); d++) {
        s += NaiveKernels.read(a.query(), in.get(0), n, h, i, d) * NaiveKernels.read(a.key(), in.get(1), n, h, j, d);
      }
      s = s * a.scale() + (a.bias() == null ? 0 : NaiveKernels.read(a.bias(), in.get(3), n, h, i, j));
      p[j] = a.causal() && j > i + a.keys() - a.queries() ? Double.NEGATIVE_INFINITY : s;
      max = Math.max(max, p[j]);
    }
    if (a.form() == Attention.Form.BACKWARD) {
      double given = in.get(a.bias() == null ? 4 : 5).get(a.dtype(), (n * a.heads() + h) * a.queries() + i);
      for (int j = 0; j < a.keys(); j++) {
        p[j] = p[j] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(p[j] - given);
      }
      p[p.length - 1] = given;
      return p;
    }
    double sum = 0;
    for (int j = 0; j < a.keys(); j++) {
      p[j] = max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(p[j] - max);
      sum += p[j];
    }
    for (int j = 0; j < a.keys() && sum > 0; j++) {
      p[j] /= sum;
    }
    p[p.length - 1] = sum == 0 ? Double.NEGATIVE_INFINITY : max + Math.log(sum);
    return p;
  }

  private static void backward(
      Attention a, List<Memory> in, List<Memory> out, double[] p, int next, long n, long h, long i) {
    double row = 0;
    for (long d = 0; d < a.valueWidth(); d++) {
      row += NaiveKernels.read(a.out(), in.get(next), n, h, i, d)
          * NaiveKernels.read(a.out(), in.get(next + 2), n, h, i, d);
    }
    for (int j = 0; j < a.keys(); j++) {
      double dp = 0;
      for (long d = 0; d < a.valueWidth(); d++) {
        double g = NaiveKernels.read(a.out(), in.get(next + 2), n, h, i, d);
        dp += g * NaiveKernels.read(a.value(), in.get(2), n, h, j, d);
        add(out.get(2), a.dtype(), NaiveKernels.element(a.value(), n, h, j, d), p[j] * g);
      }
      double ds = p[j] * (dp - row) * a.scale();
      for (long d = 0; d < a.width(); d++) {
        add(out.get(0), a.dtype(), NaiveKernels.element(a.query(), n, h, i, d),
            ds * NaiveKernels.read(a.key(), in.get(1), n, h, j, d));
        add(out.get(1), a.dtype(), NaiveKernels.element(a.key(), n, h, j, d),
            ds * NaiveKernels.read(a.query(), in.get(0), n, h, i, d));
      }
    }
  }

  private static void add(Memory m, DType type, long at, double x) {
    m.set(type, at, m.get(type, at) + x);
  }
}
