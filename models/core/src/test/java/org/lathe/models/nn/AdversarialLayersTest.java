package org.lathe.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.linalg.LinearAlgebra;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Field;
import org.lathe.models.train.GradientCheck;
import org.lathe.models.train.Group;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepGraph;

/** Layers of adversarial networks, in the float64 oracle. */
class AdversarialLayersTest {
  private final long seed = System.nanoTime();

  private Literal values(Field f, long of) {
    return Literal.of(
        f.type(), new SplittableRandom(seed + of).doubles(f.type().size(), -1, 1).map(v -> (float) v).toArray());
  }

  private static double largest(double[] weight, int rows) {
    int columns = weight.length / rows;
    double[][] matrix = new double[rows][columns];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(weight, r * columns, matrix[r], 0, columns);
    }
    return LinearAlgebra.svd(matrix).s()[0];
  }

  @Test
  void spectralNormFindsTheLargestSingularValue() {
    Linear layer = new Linear(7, 13, Initializer.normal(1), null).spectral();
    Field x = Field.floats("x", 7, 7);
    double[] identity = new double[49];
    for (int i = 0; i < 7; i++) {
      identity[i * 8] = 1;
    }
    Step step = Step.training("s", layer, List.of(x), c -> c.report("y", layer.apply(c.input("x"))));
    OracleRun run = new OracleRun(step.trace(), seed);
    for (int i = 0; i < 300; i++) {
      run.run(Map.of("x", Literal.of(x.type(), identity)));
    }
    double sigma = largest(run.get("weight"), 7);
    double[] w = run.get("weight");
    double[] y = run.report("y");
    for (int i = 0; i < y.length; i++) {
      assertEquals(w[i] / sigma, y[i], 1e-4, "seed " + seed);
    }
    assertEquals(1, largest(y, 7), 1e-4, "seed " + seed);
  }

  @Test
  void filtersAreAMatrixOfOutputs() {
    Conv2d layer = new Conv2d(2, 3, 4, Convolutions.Options.DEFAULT, Initializer.normal(1), null).spectral();
    Field x = Field.floats("x", 1, 2, 4, 4);
    Step step = Step.training("s", layer, List.of(x), c -> c.report("y", layer.apply(c.input("x"))));
    OracleRun run = new OracleRun(step.trace(), seed);
    Literal value = values(x, 1);
    for (int i = 0; i < 300; i++) {
      run.run(Map.of("x", value));
    }
    double[] w = run.get("weight");
    double sigma = largest(w, 3);
    for (int o = 0; o < 3; o++) {
      double sum = 0;
      for (int i = 0; i < 32; i++) {
        sum += value.get(i) * w[o * 32 + i] / sigma;
      }
      assertEquals(sum, run.report("y")[o], 1e-3, "seed " + seed);
    }
  }

  @Test
  void theVectorStaysOutsideOfTraining() {
    Linear layer = new Linear(3, 2).spectral();
    Field x = Field.floats("x", 1, 3);
    Step step = Step.inference("s", layer, List.of(x), c -> c.report("y", layer.apply(c.input("x"))));
    OracleRun run = new OracleRun(step.trace(), seed);
    double[] before = run.get("spectral.left");
    run.run(Map.of("x", values(x, 1)));
    assertArrayEquals(before, run.get("spectral.left"));
    assertThrows(IllegalArgumentException.class, () -> new SpectralNorm(3, 0));
  }

  /** The gradient is of what is computed, before the vector has settled too; twice in a step as well. */
  @Test
  void gradientsOfSpectralLayersAreThoseOfFiniteDifferences() {
    Linear layer = new Linear(5, 4).spectral();
    Field x = Field.floats("x", 3, 5);
    Step step = Step.training(
        "s", layer, List.of(x),
        c -> c.minimize(
            layer.apply(c.input("x")).tanh().sum().add(layer.apply(c.input("x").square()).sin().sum()),
            Group.of(layer, new Sgd(1))));
    StepGraph g = step.traceGradients();
    GradientCheck.run(g, g.arguments(Map.of("x", values(x, 1)), seed), seed)
        .forEach(r -> assertTrue(r.passed(), r + ", seed " + seed));
  }

  @Test
  void aConditionChoosesScaleAndShift() {
    ConditionalBatchNorm layer = new ConditionalBatchNorm(3, 2);
    Field x = Field.floats("x", 4, 3, 2, 2);
    Field y = Field.floats("condition", 4, 2);
    Step step = Step.training(
        "s", layer, List.of(x, y), c -> c.report("y", layer.apply(c.input("x"), c.input("condition"))));
    OracleRun run = new OracleRun(step.trace(), seed);
    double[] scale = {0.5, -1, 2, 3, 0, 1};
    double[] shift = {1, 2, 3, 4, 5, 6};
    run.set("scale.weight", scale);
    run.set("shift.weight", shift);
    Literal value = values(x, 1);
    double[] oneHot = {1, 0, 0, 1, 0, 1, 1, 0};
    run.run(Map.of("x", value, "condition", Literal.of(y.type(), oneHot)));
    for (int channel = 0; channel < 3; channel++) {
      double mean = 0;
      double square = 0;
      for (int n = 0; n < 4; n++) {
        for (int p = 0; p < 4; p++) {
          mean += value.get((n * 3 + channel) * 4 + p) / 16;
          square += Math.pow(value.get((n * 3 + channel) * 4 + p), 2) / 16;
        }
      }
      for (int n = 0; n < 4; n++) {
        int k = oneHot[2 * n] == 1 ? 0 : 1;
        for (int p = 0; p < 4; p++) {
          int at = (n * 3 + channel) * 4 + p;
          double unit = (value.get(at) - mean) / Math.sqrt(square - mean * mean + 1e-5);
          assertEquals(
              unit * (1 + scale[k * 3 + channel]) + shift[k * 3 + channel], run.report("y")[at], 1e-9, "seed " + seed);
        }
      }
    }
  }

  @Test
  void aProjectionAddsTheProductWithTheEmbedding() {
    ProjectionScore layer = new ProjectionScore(3, 2);
    Field h = Field.floats("h", 2, 3);
    Field y = Field.floats("condition", 2, 2);
    Step step = Step.inference(
        "s", layer, List.of(h, y), c -> c.report("y", layer.apply(c.input("h"), c.input("condition"))));
    OracleRun run = new OracleRun(step.trace(), seed);
    Literal value = values(h, 1);
    run.run(Map.of("h", value, "condition", Literal.of(y.type(), 0, 1, 1, 0)));
    double[] w = run.get("score.weight");
    double[] e = run.get("embedding.weight");
    for (int n = 0; n < 2; n++) {
      double expected = run.get("score.bias")[0];
      for (int i = 0; i < 3; i++) {
        expected += value.get(n * 3 + i) * (w[i] + e[(1 - n) * 3 + i]);
      }
      assertEquals(expected, run.report("y")[n], 1e-9, "seed " + seed);
    }
  }

  @Test
  void aConditionBecomesFurtherChannels() {
    Field x = Field.floats("x", 2, 1, 3, 3);
    Field y = Field.floats("condition", 2, 2);
    Step step = Step.inference(
        "s", new Sequential(), List.of(x, y),
        c -> {
          Tensor joined = Conditioning.concat(c.input("x"), c.input("condition"));
          c.report("y", joined);
          c.report("flat", Conditioning.concat(c.input("condition"), c.input("condition")));
        });
    OracleRun run = new OracleRun(step.trace(), seed);
    Literal value = values(x, 1);
    run.run(Map.of("x", value, "condition", Literal.of(y.type(), 5, 6, 7, 8)));
    for (int n = 0; n < 2; n++) {
      for (int p = 0; p < 9; p++) {
        assertEquals(value.get(n * 9 + p), run.report("y")[n * 27 + p]);
        assertEquals(5 + 2 * n, run.report("y")[n * 27 + 9 + p]);
        assertEquals(6 + 2 * n, run.report("y")[n * 27 + 18 + p]);
      }
    }
    assertArrayEquals(new double[]{5, 6, 5, 6, 7, 8, 7, 8}, run.report("flat"));
  }

  /** A layer with running statistics, so that states are averaged too; the averages are followed step by step on the host. */
  @Test
  void averagesFollowParametersAndInferInTheirPlace() {
    class Averaged extends Module {
      final Sequential layer = child("layer", new Sequential(new Linear(3, 2), new BatchNorm(2)));
      final MovingAverage average = child("average", new MovingAverage(layer, 0.5));
    }
    Averaged model = new Averaged();
    Field x = Field.floats("x", 5, 3);
    Step step = Step.training(
        "s", model, List.of(x),
        c -> {
          c.minimize(model.layer.apply(c.input("x")).square().sum(), Group.of(model.layer, new Sgd(0.1)));
          model.average.follow(c.stepNumber());
          c.report("averaged", model.average.inferring(() -> model.layer.apply(c.input("x"))));
          c.report("plain", Forward.current().inferring(() -> model.layer.apply(c.input("x"))));
        });
    OracleRun run = new OracleRun(step.trace(), seed);
    Map<String, double[]> expected = new LinkedHashMap<>();
    model.layer.parameters().keySet().forEach(name -> expected.put(name, run.get("average." + name)));
    for (int i = 0; i < 13; i++) {
      run.run(Map.of("x", values(x, i)));
      double newest = Math.max(0.5, 10.0 / (10 + i));
      expected.forEach((name, mean) -> {
        double[] now = run.get("layer." + name);
        for (int k = 0; k < mean.length; k++) {
          mean[k] = (1 - newest) * mean[k] + newest * now[k];
        }
        assertArrayEquals(mean, run.get("average." + name), 1e-9, name + ", seed " + seed);
      });
      if (i == 0) {
        assertArrayEquals(run.report("plain"), run.report("averaged"), 1e-9, "seed " + seed);
      }
    }
    Literal last = values(x, 99);
    run.run(Map.of("x", last));
    double[] w = run.get("average.0.weight");
    double[] b = run.get("average.0.bias");
    for (int n = 0; n < 5; n++) {
      for (int o = 0; o < 2; o++) {
        double sum = b[o];
        for (int k = 0; k < 3; k++) {
          sum += last.get(n * 3 + k) * w[k * 2 + o];
        }
        double unit = (sum - run.get("average.1.mean")[o]) / Math.sqrt(run.get("average.1.variance")[o] + 1e-5);
        assertEquals(
            unit * run.get("average.1.scale")[o] + run.get("average.1.shift")[o], run.report("averaged")[n * 2 + o],
            1e-6, "seed " + seed);
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new MovingAverage(model.layer, 1));
    assertThrows(IllegalArgumentException.class, () -> new MovingAverage(model.layer, Double.NaN));
  }

  @Test
  void drawnClassesAreUniform() {
    Step step = Step.training(
        "s", new Sequential(), List.of(Field.floats("x", 1)),
        c -> c.report("y", Conditioning.randomClasses(5000, 5)));
    OracleRun run = new OracleRun(step.trace(), seed);
    run.run(Map.of("x", Literal.of(Field.floats("x", 1).type(), 0)));
    int[] counts = new int[5];
    for (double y : run.report("y")) {
      counts[(int) y]++;
    }
    for (int n : counts) {
      assertEquals(1000, n, 170, "seed " + seed);
    }
  }
}
