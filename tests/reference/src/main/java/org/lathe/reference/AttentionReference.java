package org.lathe.reference;

import java.util.List;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.View;

/** Attention, query by query, with all scores of a query at hand. */
final class AttentionReference {
  private final Attention spec;
  private final List<Elements> in;
  private final int keys;

  private AttentionReference(Attention spec, List<Elements> in) {
    this.spec = spec;
    this.in = in;
    keys = Math.toIntExact(spec.keys());
  }

  static void run(Attention spec, List<Elements> in, List<Elements> out) {
    AttentionReference a = new AttentionReference(spec, in);
    if (spec.form() == Attention.Form.FORWARD) {
      Views.points(Dims.of(spec.batch(), spec.heads(), spec.queries()), p -> a.forward(p, out.get(0), out.get(1)));
    } else {
      a.backward(out);
    }
  }

  private double query(long[] p, long d) {
    return Views.read(spec.query(), in.get(0), p[0], p[1], p[2], d).real();
  }

  private double key(long[] p, long j, long d) {
    return Views.read(spec.key(), in.get(1), p[0], p[1], j, d).real();
  }

  private double value(long[] p, long j, long d) {
    return Views.read(spec.value(), in.get(2), p[0], p[1], j, d).real();
  }

  /** The scores of query {@code p} = (batch, head, query); -inf where it does not see the key. */
  private double[] scores(long[] p) {
    View bias = spec.bias();
    double[] scores = new double[keys];
    for (int j = 0; j < keys; j++) {
      double s = 0;
      for (long d = 0; d < spec.width(); d++) {
        s += query(p, d) * key(p, j, d);
      }
      s = s * spec.scale() + (bias == null ? 0 : Views.read(bias, in.get(3), p[0], p[1], p[2], j).real());
      scores[j] = spec.causal() && j > p[2] + spec.keys() - spec.queries() ? Double.NEGATIVE_INFINITY : s;
    }
    return scores;
  }

  private void forward(long[] p, Elements out, Elements logSums) {
    double[] scores = scores(p);
    double most = Double.NEGATIVE_INFINITY;
    for (double s : scores) {
      most = Math.max(most, s);
    }
    double sum = 0;
    double[] row = new double[Math.toIntExact(spec.valueWidth())];
    for (int j = 0; j < keys; j++) {
      if (scores[j] != Double.NEGATIVE_INFINITY) {
        double e = Math.exp(scores[j] - most);
        sum += e;
        for (int d = 0; d < row.length; d++) {
          row[d] += e * value(p, j, d);
        }
      }
    }
    for (int d = 0; d < row.length; d++) {
      out.set(Views.element(spec.out(), p[0], p[1], p[2], d), sum == 0 ? 0 : row[d] / sum);
    }
    logSums.set(
        Views.flat(Dims.of(spec.batch(), spec.heads(), spec.queries()), p),
        sum == 0 ? Double.NEGATIVE_INFINITY : most + Math.log(sum));
  }

  private void backward(List<Elements> out) {
    int next = spec.bias() == null ? 3 : 4;
    double[][] gradients = {new double[Math.toIntExact(out.get(0).size())],
        new double[Math.toIntExact(out.get(1).size())], new double[Math.toIntExact(out.get(2).size())]};
    Dims queries = Dims.of(spec.batch(), spec.heads(), spec.queries());
    Views.points(queries, p -> {
      double[] result = row(p, in.get(next));
      double[] gradient = row(p, in.get(next + 2));
      double logSum = in.get(next + 1).real(Views.flat(queries, p));
      query(p, scores(p), logSum, result, gradient, gradients);
    });
    store(spec.query(), spec.querySpace(), gradients[0], out.get(0));
    store(spec.key(), spec.keySpace(), gradients[1], out.get(1));
    store(spec.value(), spec.valueSpace(), gradients[2], out.get(2));
  }

  /** The row of query {@code p} in an operand that has the result's view. */
  private double[] row(long[] p, Elements m) {
    double[] row = new double[Math.toIntExact(spec.valueWidth())];
    for (int d = 0; d < row.length; d++) {
      row[d] = Views.read(spec.out(), m, p[0], p[1], p[2], d).real();
    }
    return row;
  }

  private void query(
      long[] p, double[] scores, double logSum, double[] result, double[] gradient, double[][] gradients) {
    double inner = 0;
    for (int d = 0; d < result.length; d++) {
      inner += result[d] * gradient[d];
    }
    for (int j = 0; j < keys; j++) {
      if (scores[j] == Double.NEGATIVE_INFINITY) {
        continue;
      }
      double probability = Math.exp(scores[j] - logSum);
      double product = 0;
      for (int d = 0; d < gradient.length; d++) {
        product += gradient[d] * value(p, j, d);
        gradients[2][at(spec.value(), p[0], p[1], j, d)] += probability * gradient[d];
      }
      double score = probability * (product - inner) * spec.scale();
      for (long d = 0; d < spec.width(); d++) {
        gradients[0][at(spec.query(), p[0], p[1], p[2], d)] += score * key(p, j, d);
        gradients[1][at(spec.key(), p[0], p[1], j, d)] += score * query(p, d);
      }
    }
  }

  private static int at(View v, long... p) {
    return Math.toIntExact(Views.element(v, p));
  }

  private static void store(View view, Dims space, double[] values, Elements out) {
    Views.points(space, p -> out.set(Views.element(view, p), values[at(view, p)]));
  }
}
