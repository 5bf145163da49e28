package org.lathe.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

/** Layers against plain loops over their parameters, in the float64 oracle. */
class LayersTest {
  private final SplittableRandom random = new SplittableRandom(11);

  private Literal values(Field f) {
    return Literal.of(f.type(), random.doubles(f.type().size(), -1, 1).toArray());
  }

  private static OracleRun run(
      Module model, boolean training, List<Field> fields, Map<String, Literal> batch,
      Function<StepContext, Tensor> body) {
    Step step = new Step("s", model, fields, training, null, c -> c.report("y", body.apply(c)));
    OracleRun run = new OracleRun(step.trace(), 3);
    run.run(batch);
    return run;
  }

  private OracleRun run(Module model, boolean training, Field x, Literal value, Layer layer) {
    return run(model, training, List.of(x), Map.of(x.name(), value), c -> layer.apply(c.input(x.name())));
  }

  @Test
  void linearTakesAnyLeadingDimensions() {
    Linear layer = new Linear(3, 5, Initializer.xavier(), Initializer.normal(1));
    Field x = Field.floats("x", 2, 7, 3);
    Literal value = values(x);
    OracleRun run = run(layer, false, x, value, layer);
    double[] w = run.get("weight");
    double[] b = run.get("bias");
    double[] expected = new double[2 * 7 * 5];
    for (int r = 0; r < 14; r++) {
      for (int o = 0; o < 5; o++) {
        expected[r * 5 + o] = b[o];
        for (int i = 0; i < 3; i++) {
          expected[r * 5 + o] += value.get(r * 3 + i) * w[i * 5 + o];
        }
      }
    }
    assertArrayEquals(expected, run.report("y"), 1e-12);
  }

  @Test
  void transposedConvolutionSpreadsEachInput() {
    ConvTranspose2d layer = new ConvTranspose2d(2, 3, 4, Convolutions.Options.of(2, 1), Initializer.normal(1),
        Initializer.normal(1));
    Field x = Field.floats("x", 1, 2, 3, 5);
    Literal value = values(x);
    OracleRun run = run(layer, false, x, value, layer);
    double[] w = run.get("weight");
    double[] b = run.get("bias");
    int height = 6;
    int width = 10;
    double[] expected = new double[3 * height * width];
    for (int o = 0; o < 3; o++) {
      Arrays.fill(expected, o * height * width, (o + 1) * height * width, b[o]);
      for (int i = 0; i < 2; i++) {
        for (int y = 0; y < 3; y++) {
          for (int z = 0; z < 5; z++) {
            for (int p = 0; p < 4; p++) {
              for (int q = 0; q < 4; q++) {
                int to = 2 * y + p - 1;
                int at = 2 * z + q - 1;
                if (to >= 0 && to < height && at >= 0 && at < width) {
                  expected[(o * height + to) * width + at] += value.get((i * 3 + y) * 5 + z)
                      * w[((i * 3 + o) * 4 + p) * 4 + q];
                }
              }
            }
          }
        }
      }
    }
    assertArrayEquals(expected, run.report("y"), 1e-12);
  }

  @Test
  void batchNormKeepsRunningStatistics() {
    BatchNorm layer = new BatchNorm(2, 0.25);
    Field x = Field.floats("x", 4, 2, 3);
    Literal value = values(x);
    OracleRun run = run(layer, true, x, value, layer);
    for (int c = 0; c < 2; c++) {
      double mean = 0;
      double square = 0;
      for (int n = 0; n < 4; n++) {
        for (int i = 0; i < 3; i++) {
          mean += value.get((n * 2 + c) * 3 + i) / 12;
        }
      }
      for (int n = 0; n < 4; n++) {
        for (int i = 0; i < 3; i++) {
          square += Math.pow(value.get((n * 2 + c) * 3 + i) - mean, 2);
        }
      }
      assertEquals(0.25 * mean, run.get("mean")[c], 1e-12);
      assertEquals(0.75 + 0.25 * square / 11, run.get("variance")[c], 1e-12);
      double y = (value.get(c * 3) - mean) / Math.sqrt(square / 12 + 1e-5);
      assertEquals(y, run.report("y")[c * 3], 1e-12);
    }
    OracleRun fixed = run(layer, false, x, value, layer);
    assertArrayEquals(new double[]{0, 0}, fixed.get("mean"));
    assertEquals(value.get(0) / Math.sqrt(1 + 1e-5), fixed.report("y")[0], 1e-12);
  }

  @Test
  void dropoutScalesWhatIsLeftAndDrawsAnewAtEachStep() {
    Dropout layer = new Dropout(0.3);
    Field x = Field.floats("x", 40, 50);
    Step step = Step.training("s", new Sequential(layer), List.of(x), c -> c.report("y", layer.apply(c.input("x"))));
    OracleRun run = new OracleRun(step.trace(), 3);
    Literal ones = Literal.splat(x.type(), 1);
    run.run(Map.of("x", ones));
    double[] first = run.report("y");
    run.run(Map.of("x", ones));
    double[] second = run.report("y");
    int dropped = 0;
    int both = 0;
    for (int i = 0; i < first.length; i++) {
      assertTrue(first[i] == 0 || Math.abs(first[i] - 1 / 0.7) < 1e-6, "found " + first[i]);
      dropped += first[i] == 0 ? 1 : 0;
      both += first[i] == 0 && second[i] == 0 ? 1 : 0;
    }
    assertEquals(0.3, dropped / 2000.0, 0.04);
    assertEquals(0.09, both / 2000.0, 0.03);
    OracleRun still = run(new Sequential(layer), false, x, ones, layer);
    assertArrayEquals(ones.toArray(), still.report("y"));
    assertThrows(IllegalArgumentException.class, () -> new Dropout(1));
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Two stacked LSTM layers, cell by cell. */
  @Test
  void stackedLstmIsTheCellsOneByOne() {
    int steps = 5;
    int batch = 2;
    int hidden = 3;
    Recurrent layer = Recurrent.lstm(4, hidden, 2);
    Field x = Field.floats("x", steps, batch, 4);
    Literal value = values(x);
    OracleRun run = run(layer, false, x, value, layer);
    double[] below = value.toArray();
    int in = 4;
    for (int l = 0; l < 2; l++) {
      double[] w = run.get(l + ".input");
      double[] u = run.get(l + ".recurrent");
      double[] b = run.get(l + ".bias");
      assertEquals(1, b[hidden], "the forget gate's bias");
      double[] states = new double[steps * batch * hidden];
      double[][] h = new double[batch][hidden];
      double[][] c = new double[batch][hidden];
      for (int t = 0; t < steps; t++) {
        for (int n = 0; n < batch; n++) {
          double[] z = b.clone();
          for (int g = 0; g < 4 * hidden; g++) {
            for (int i = 0; i < in; i++) {
              z[g] += below[(t * batch + n) * in + i] * w[i * 4 * hidden + g];
            }
            for (int i = 0; i < hidden; i++) {
              z[g] += h[n][i] * u[i * 4 * hidden + g];
            }
          }
          for (int i = 0; i < hidden; i++) {
            c[n][i] = sigmoid(z[hidden + i]) * c[n][i] + sigmoid(z[i]) * Math.tanh(z[2 * hidden + i]);
            h[n][i] = sigmoid(z[3 * hidden + i]) * Math.tanh(c[n][i]);
            states[(t * batch + n) * hidden + i] = h[n][i];
          }
        }
      }
      below = states;
      in = hidden;
    }
    assertArrayEquals(below, run.report("y"), 1e-12);
  }

  @Test
  void aStatefulLayerGoesOnWhereItEnded() {
    for (Cell cell : Cell.values()) {
      Recurrent whole = Recurrent.of(cell, 3, 4, 2);
      Recurrent parts = Recurrent.stateful(cell, 3, 4, 2, 2);
      Field x = Field.floats("x", 6, 2, 3);
      Literal value = values(x);
      double[] expected = run(whole, false, x, value, whole).report("y");
      Field half = Field.floats("x", 3, 2, 3);
      Step step = Step.training("s", parts, List.of(half), c -> c.report("y", parts.apply(c.input("x"))));
      OracleRun run = new OracleRun(step.trace(), 3);
      for (int p = 0; p < 2; p++) {
        double[] data = Arrays.copyOfRange(value.toArray(), p * 18, (p + 1) * 18);
        run.run(Map.of("x", Literal.of(half.type(), data)));
        assertArrayEquals(
            Arrays.copyOfRange(expected, p * 24, (p + 1) * 24), run.report("y"), 1e-12, cell + ", part " + p);
      }
    }
  }

  /** Causal self-attention, head by head. */
  @Test
  void selfAttentionIsTheFormula() {
    int steps = 5;
    int width = 6;
    int heads = 2;
    int each = width / heads;
    MultiHeadAttention layer = MultiHeadAttention.self(width, heads);
    Field x = Field.floats("x", 2, steps, width);
    Literal value = values(x);
    OracleRun run = run(layer, false, x, value, t -> layer.apply(t, true));
    double[] w = run.get("in.weight");
    double[] o = run.get("out.weight");
    double[] expected = new double[2 * steps * width];
    for (int n = 0; n < 2; n++) {
      double[][] qkv = new double[steps][3 * width];
      for (int t = 0; t < steps; t++) {
        for (int g = 0; g < 3 * width; g++) {
          for (int i = 0; i < width; i++) {
            qkv[t][g] += value.get((n * steps + t) * width + i) * w[i * 3 * width + g];
          }
        }
      }
      double[][] joined = new double[steps][width];
      for (int h = 0; h < heads; h++) {
        for (int t = 0; t < steps; t++) {
          double[] p = new double[t + 1];
          double sum = 0;
          for (int s = 0; s <= t; s++) {
            for (int d = 0; d < each; d++) {
              p[s] += qkv[t][h * each + d] * qkv[s][width + h * each + d] / Math.sqrt(each);
            }
            p[s] = Math.exp(p[s]);
            sum += p[s];
          }
          for (int s = 0; s <= t; s++) {
            for (int d = 0; d < each; d++) {
              joined[t][h * each + d] += p[s] / sum * qkv[s][2 * width + h * each + d];
            }
          }
        }
      }
      for (int t = 0; t < steps; t++) {
        for (int g = 0; g < width; g++) {
          for (int i = 0; i < width; i++) {
            expected[(n * steps + t) * width + g] += joined[t][i] * o[i * width + g];
          }
        }
      }
    }
    assertArrayEquals(expected, run.report("y"), 1e-12);
    assertThrows(IllegalArgumentException.class, () -> MultiHeadAttention.self(6, 4));
    assertThrows(IllegalStateException.class, () -> run(layer, false, x, value, t -> layer.applyTo(t, t, null)));
  }

  @Test
  void positionsAreAddedFromAnyStart() {
    PositionalEncoding fixed = PositionalEncoding.sinusoidal(9, 4);
    Field x = Field.floats("x", 1, 2, 4);
    Literal zeros = Literal.splat(x.type(), 0);
    Module none = new Sequential();
    double[] from0 = run(none, false, x, zeros, fixed).report("y");
    Field first = Field.ints("first");
    double[] from3 = run(
        none,
        false,
        List.of(x, first),
        Map.of("x", zeros, "first", Literal.of(first.type(), 3)),
        c -> fixed.applyFrom(c.input("x"), c.input("first")))
        .report("y");
    for (int t = 0; t < 2; t++) {
      for (int i = 0; i < 4; i++) {
        double rate = i < 2 ? 1 : 0.01;
        assertEquals(i % 2 == 0 ? Math.sin(t * rate) : Math.cos(t * rate), from0[t * 4 + i], 1e-7);
        assertEquals(i % 2 == 0 ? Math.sin((t + 3) * rate) : Math.cos((t + 3) * rate), from3[t * 4 + i], 1e-7);
      }
    }
  }

  @Test
  void namesArePathsAndForeignParametersAreRefused() {
    Sequential model = new Sequential(new Linear(2, 3), Tensor::relu, new Sequential(new Linear(3, 1)));
    assertEquals(
        List.of("0.weight", "0.bias", "2.0.weight", "2.0.bias"), List.copyOf(model.parameters().keySet()));
    assertEquals(2 * 3 + 3 + 3 + 1, model.parameterCount());
    Linear other = new Linear(2, 2);
    Field x = Field.floats("x", 1, 2);
    Literal value = values(x);
    IllegalStateException e = assertThrows(IllegalStateException.class, () -> run(model, false, x, value, other));
    assertTrue(e.getMessage().contains("'weight' is not of the model"), e.getMessage());
    assertThrows(IllegalStateException.class, () -> other.parameters().get("weight").tensor());
    assertFalse(other.parameters().isEmpty());
  }
}
