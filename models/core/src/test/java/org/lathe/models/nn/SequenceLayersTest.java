package org.lathe.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

class SequenceLayersTest {
  private static final int STEPS = 5;
  private static final int BATCH = 3;
  private static final int IN = 4;
  private static final int HIDDEN = 3;
  private static final int[] LENGTHS = {3, 5, 1};
  private static final Field X = Field.floats("x", STEPS, BATCH, IN);
  private static final Field LENGTH = Field.ints("length", BATCH);

  private final SplittableRandom random = new SplittableRandom();

  private double[] inputs() {
    return random.doubles(X.type().size(), -1, 1).map(v -> (float) v).toArray();
  }

  private static OracleRun oracle(Module model, List<Field> fields, Consumer<StepContext> body) {
    return new OracleRun(Step.inference("s", model, fields, body).trace(), 7);
  }

  private static OracleRun run(Module model, double[] x, Consumer<StepContext> body) {
    OracleRun run = oracle(model, List.of(X, LENGTH), body);
    run.run(batch(x));
    return run;
  }

  private static Map<String, Literal> batch(double[] x) {
    return Map.of(
        "x", Literal.of(X.type(), x),
        "length", Literal.of(LENGTH.type(), Arrays.stream(LENGTHS).asDoubleStream().toArray()));
  }

  private static Tensor mask(StepContext c) {
    return SequenceLayer.mask(c.input("length"), STEPS);
  }

  /** The states at the steps of the sequences, in order; width values each. */
  private static double[] inside(double[] states, int width) {
    double[] kept = new double[Arrays.stream(LENGTHS).sum() * width];
    int at = 0;
    for (int b = 0; b < BATCH; b++) {
      for (int t = 0; t < LENGTHS[b]; t++) {
        System.arraycopy(states, (t * BATCH + b) * width, kept, at, width);
        at += width;
      }
    }
    return kept;
  }

  private static double[] row(double[] x, int t, int b, int width) {
    return Arrays.copyOfRange(x, (t * BATCH + b) * width, (t * BATCH + b + 1) * width);
  }

  /** {@code base + x w}, w [x.length, base.length]. */
  private static double[] affine(double[] base, double[] x, double[] w) {
    double[] y = base.clone();
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y.length; j++) {
        y[j] += x[i] * w[i * y.length + j];
      }
    }
    return y;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** One sequence through one layer, written out, in the order of {@code x}. */
  private static double[][] cells(Cell cell, double[][] x, double[] w, double[] u, double[] b, double[] recurrentBias) {
    double[] h = new double[HIDDEN];
    double[] c = new double[HIDDEN];
    double[][] states = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      double[] p = affine(b, x[t], w);
      double[] q = affine(recurrentBias == null ? new double[b.length] : recurrentBias, h, u);
      double[] next = new double[HIDDEN];
      for (int i = 0; i < HIDDEN; i++) {
        int second = HIDDEN + i;
        int third = 2 * HIDDEN + i;
        int fourth = 3 * HIDDEN + i;
        next[i] = switch (cell) {
          case PLAIN -> Math.tanh(p[i] + q[i]);
          case LSTM -> {
            c[i] = sigmoid(p[second] + q[second]) * c[i] + sigmoid(p[i] + q[i]) * Math.tanh(p[third] + q[third]);
            yield sigmoid(p[fourth] + q[fourth]) * Math.tanh(c[i]);
          }
          case GRU -> {
            double z = sigmoid(p[second] + q[second]);
            double n = Math.tanh(p[third] + sigmoid(p[i] + q[i]) * q[third]);
            yield (1 - z) * n + z * h[i];
          }
        };
      }
      h = next;
      states[t] = next;
    }
    return states;
  }

  private static double[][] cells(Cell cell, OracleRun run, String prefix, double[][] x) {
    return cells(
        cell, x, run.get(prefix + "input"), run.get(prefix + "recurrent"), run.get(prefix + "bias"),
        cell == Cell.GRU ? run.get(prefix + "recurrent_bias") : null);
  }

  private static double[][] sequence(double[] x, int b, boolean reverse) {
    double[][] rows = new double[LENGTHS[b]][];
    for (int t = 0; t < rows.length; t++) {
      rows[t] = row(x, reverse ? rows.length - 1 - t : t, b, IN);
    }
    return rows;
  }

  @ParameterizedTest
  @EnumSource
  void paddedSequencesAreTheWrittenEquationsOfEachAlone(Cell cell) {
    Recurrent layer = Recurrent.of(cell, IN, HIDDEN, 1);
    double[] x = inputs();
    OracleRun run = run(layer, x, c -> {
      Recurrent.Output out = layer.run(c.input("x"), mask(c));
      c.report("y", out.states());
      c.report("last", out.last().getFirst().h());
    });
    for (int b = 0; b < BATCH; b++) {
      double[][] expected = cells(cell, run, "0.", sequence(x, b, false));
      for (int t = 0; t < LENGTHS[b]; t++) {
        assertArrayEquals(expected[t], row(run.report("y"), t, b, HIDDEN), 1e-12);
      }
      assertArrayEquals(expected[LENGTHS[b] - 1], row(run.report("last"), 0, b, HIDDEN), 1e-12);
    }
  }

  /** Forward and backward, states, last states and gradients: bit for bit. */
  @ParameterizedTest
  @EnumSource
  void paddingHasNoInfluence(Cell cell) {
    Recurrent forward = Recurrent.of(cell, IN, HIDDEN, 2);
    Bidirectional both = new Bidirectional(cell, IN, HIDDEN, 2);
    double[] x = inputs();
    double[] other = x.clone();
    for (int b = 0; b < BATCH; b++) {
      for (int t = LENGTHS[b]; t < STEPS; t++) {
        for (int i = 0; i < IN; i++) {
          other[(t * BATCH + b) * IN + i] = 10 * random.nextGaussian();
        }
      }
    }
    Consumer<StepContext> ends = c -> {
      Recurrent.Output out = forward.run(c.input("x"), mask(c));
      c.report("y", out.states());
      Recurrent.State last = out.last().getLast();
      c.report("last", last.c() == null ? last.h() : Tensor.concat(1, last.h(), last.c()));
    };
    OracleRun a = run(forward, x, ends);
    OracleRun b = run(forward, other, ends);
    assertArrayEquals(inside(a.report("y"), HIDDEN), inside(b.report("y"), HIDDEN));
    assertArrayEquals(a.report("last"), b.report("last"));
    Consumer<StepContext> states = c -> c.report("y", both.apply(c.input("x"), mask(c)));
    assertArrayEquals(
        inside(run(both, x, states).report("y"), 2 * HIDDEN),
        inside(run(both, other, states).report("y"), 2 * HIDDEN));
    Step step = Step.training("t", both, List.of(X, LENGTH), c -> {
      Tensor y = both.apply(c.input("x"), mask(c));
      c.minimize(mask(c).expandDims(2).where(y, y.zerosLike()).square().sum(), Group.of(both, new Sgd(0.1)));
    });
    OracleRun first = new OracleRun(step.trace(), 7);
    OracleRun second = new OracleRun(step.trace(), 7);
    first.run(batch(x));
    second.run(batch(other));
    for (String name : both.parameters().keySet()) {
      assertArrayEquals(first.get(name), second.get(name), name);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBidirectionalLayerIsTwoOneWayNetworks(Cell cell) {
    Bidirectional both = new Bidirectional(cell, IN, HIDDEN, 1);
    double[] x = inputs();
    OracleRun run = run(both, x, c -> c.report("y", both.apply(c.input("x"), mask(c))));
    for (int b = 0; b < BATCH; b++) {
      double[][] there = cells(cell, run, "forward.0.0.", sequence(x, b, false));
      double[][] back = cells(cell, run, "backward.0.0.", sequence(x, b, true));
      for (int t = 0; t < LENGTHS[b]; t++) {
        double[] found = row(run.report("y"), t, b, 2 * HIDDEN);
        assertArrayEquals(there[t], Arrays.copyOf(found, HIDDEN), 1e-12);
        assertArrayEquals(
            back[LENGTHS[b] - 1 - t], Arrays.copyOfRange(found, HIDDEN, 2 * HIDDEN), 1e-12, cell + " " + b + " " + t);
      }
    }
  }

  @Test
  void backwardLayersTakeNoGivenStatesWithPadding() {
    Recurrent layer = Recurrent.backward(Cell.GRU, IN, HIDDEN, 1);
    assertThrows(
        IllegalStateException.class,
        () -> run(layer, inputs(), c -> layer.apply(c.input("x"), mask(c), List.of())));
  }

  @Test
  void recurrentWeightsAreOrthogonalInEachGate() {
    Recurrent layer = Recurrent.lstm(IN, HIDDEN, 1);
    double[] u = run(layer, inputs(), c -> c.report("y", layer.apply(c.input("x")))).get("0.recurrent");
    for (int g = 0; g < 4; g++) {
      for (int i = 0; i < HIDDEN; i++) {
        for (int j = 0; j < HIDDEN; j++) {
          double dot = 0;
          for (int k = 0; k < HIDDEN; k++) {
            dot += u[i * 4 * HIDDEN + g * HIDDEN + k] * u[j * 4 * HIDDEN + g * HIDDEN + k];
          }
          assertEquals(i == j ? 1 : 0, dot, 1e-6);
        }
      }
    }
  }

  @Test
  void elmanIsItsEquationsAndItsGradientEndsAtTheContext() {
    Elman layer = new Elman(IN, HIDDEN);
    double[] x = inputs();
    OracleRun run = run(layer, x, c -> c.report("y", layer.apply(c.input("x"), null)));
    double[] h = null;
    for (int t = 0; t < STEPS; t++) {
      double[] context = new double[HIDDEN];
      for (int i = 0; i < HIDDEN; i++) {
        context[i] = (t == 0 ? 0.5 : h[i]) - 0.5;
      }
      h = affine(affine(run.get("bias"), row(x, t, 1, IN), run.get("input")), context, run.get("context"));
      for (int i = 0; i < HIDDEN; i++) {
        h[i] = sigmoid(h[i]);
      }
      assertArrayEquals(h, row(run.report("y"), t, 1, HIDDEN), 1e-12);
    }
    // With the contexts held, the loss at the last step depends on the input weights through the last input alone.
    OracleRun gradients = new OracleRun(Step.training("t", layer, List.of(X), c -> c.minimize(
        layer.apply(c.input("x"), null).at(0, -1).sum(), Group.of(layer, new Sgd(0.1)))).traceGradients(), 7);
    gradients.run(batch(x));
    double[] expected = new double[IN * HIDDEN];
    for (int b = 0; b < BATCH; b++) {
      double[] y = row(run.report("y"), STEPS - 1, b, HIDDEN);
      for (int i = 0; i < IN; i++) {
        for (int j = 0; j < HIDDEN; j++) {
          expected[i * HIDDEN + j] += row(x, STEPS - 1, b, IN)[i] * y[j] * (1 - y[j]);
        }
      }
    }
    assertArrayEquals(expected, gradients.report("gradient.input"), 1e-12);
  }

  @Test
  void jordanIsItsEquations() {
    int out = 2;
    double decay = 0.5;
    Jordan layer = new Jordan(IN, HIDDEN, out, decay);
    double[] x = inputs();
    OracleRun run = run(layer, x, c -> c.report("y", layer.apply(c.input("x"), null)));
    double[] s = new double[out];
    for (int t = 0; t < STEPS; t++) {
      double[] h = affine(affine(run.get("bias"), row(x, t, 2, IN), run.get("input")), s, run.get("state"));
      for (int i = 0; i < HIDDEN; i++) {
        h[i] = sigmoid(h[i]);
      }
      double[] logits = affine(run.get("out.bias"), h, run.get("out.weight"));
      assertArrayEquals(logits, row(run.report("y"), t, 2, out), 1e-12);
      double sum = Math.exp(logits[0]) + Math.exp(logits[1]);
      for (int k = 0; k < out; k++) {
        s[k] = decay * s[k] + Math.exp(logits[k]) / sum;
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new Jordan(1, 1, 1, 1));
  }

  /** The three decays against the paper's formulas, and how often the truth is given at a step that has come. */
  @Test
  void scheduledSamplingGivesTheTruthWithItsProbability() {
    Map<ScheduledSampling, DoubleUnaryOperator> decays = Map.of(
        ScheduledSampling.linear(0.2, 50), i -> Math.max(0.2, 1 - i / 50),
        ScheduledSampling.exponential(0.97), i -> Math.pow(0.97, i),
        ScheduledSampling.inverseSigmoid(12), i -> 12 / (12 + Math.exp(i / 12)),
        ScheduledSampling.TEACHER_FORCING, i -> 1);
    Field at = Field.floats("at");
    Elman module = new Elman(1, 1);
    decays.forEach((decay, formula) -> {
      for (double i : new double[]{0, 1, 7, 30, 49, 51, 400, 5000}) {
        OracleRun run = oracle(module, List.of(at), c -> c.report("p", decay.probability(c.input("at"))));
        run.run(Map.of("at", Literal.of(at.type(), i)));
        assertEquals(formula.applyAsDouble(i), run.report("p")[0], 1e-12);
      }
    });
    int draws = 40 * 50;
    Step step = Step.training("s", module, List.of(), c -> c.report(
        "share",
        ScheduledSampling.exponential(0.8).draw(c.random(), c.stepNumber(), 40, 50).cast(DType.F32).mean()));
    OracleRun run = new OracleRun(step.trace(), random.nextLong());
    for (int i = 0; i < 8; i++) {
      run.run(Map.of());
      double p = Math.pow(0.8, i);
      assertEquals(p, run.report("share")[0], 5 * Math.sqrt(p * (1 - p) / draws) + 1e-9, "after " + i + " steps");
    }
    assertThrows(IllegalArgumentException.class, () -> ScheduledSampling.exponential(1));
    assertThrows(IllegalArgumentException.class, () -> ScheduledSampling.inverseSigmoid(0.5));
  }
}
