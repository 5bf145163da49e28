package org.lathe.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

class LossesTest {
  private static final int BATCH = 4;
  private static final int CLASSES = 3;
  private final double[] p = normal(1);
  private final double[] q = normal(2);
  private final double[] labels = {0, 2, 1, 2};

  private static double[] normal(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] x = new double[BATCH * CLASSES];
    Arrays.setAll(x, i -> (float) (2 * random.nextGaussian()));
    return x;
  }

  private double[] run(Function<StepContext, Tensor> body) {
    OracleRun run = new OracleRun(
        Step.inference(
            "loss", new Sequential(),
            List.of(
                Field.floats("p", BATCH, CLASSES), Field.floats("q", BATCH, CLASSES), Field.ints("label", BATCH),
                Field.floats("mask", BATCH)),
            c -> c.report("value", body.apply(c))).trace(),
        1);
    run.run(
        Map.of(
            "p", Literal.of(TensorType.of(DType.F32, BATCH, CLASSES), p),
            "q", Literal.of(TensorType.of(DType.F32, BATCH, CLASSES), q),
            "label", Literal.of(TensorType.of(DType.I32, BATCH), labels),
            "mask", Literal.of(TensorType.of(DType.F32, BATCH), 1, 0, 1, 0)));
    return run.report("value");
  }

  private static double[] softmax(double[] x, int row) {
    double sum = 0;
    for (int k = 0; k < CLASSES; k++) {
      sum += Math.exp(x[row * CLASSES + k]);
    }
    double[] s = new double[CLASSES];
    double all = sum;
    Arrays.setAll(s, k -> Math.exp(x[row * CLASSES + k]) / all);
    return s;
  }

  @Test
  void smoothedLabelsSpreadAPart() {
    double[] expected = new double[BATCH];
    for (int i = 0; i < BATCH; i++) {
      for (int k = 0; k < CLASSES; k++) {
        expected[i] -= (0.1 / CLASSES + (labels[i] == k ? 0.9 : 0)) * Math.log(softmax(p, i)[k]);
      }
    }
    assertArrayEquals(expected, run(c -> Losses.smoothedCrossEntropy(c.input("p"), c.input("label"), 0.1)), 1e-6);
    assertThrows(
        IllegalArgumentException.class, () -> run(c -> Losses.smoothedCrossEntropy(c.input("p"), c.input("label"), 1)));
  }

  @Test
  void divergencesAreTheirSums() {
    double[] expected = new double[BATCH];
    for (int i = 0; i < BATCH; i++) {
      for (int k = 0; k < CLASSES; k++) {
        expected[i] += softmax(p, i)[k] * Math.log(softmax(p, i)[k] / softmax(q, i)[k]);
      }
    }
    assertArrayEquals(expected, run(c -> Losses.klDivergence(c.input("p"), c.input("q"))), 1e-6);
    assertArrayEquals(new double[BATCH], run(c -> Losses.klDivergence(c.input("p"), c.input("p"))), 1e-9);
  }

  @Test
  void zeroOneCountsWhatIsWrong() {
    double[] expected = new double[BATCH];
    for (int i = 0; i < BATCH; i++) {
      double label = p[i * CLASSES + (int) labels[i]];
      for (int k = 0; k < CLASSES; k++) {
        expected[i] = p[i * CLASSES + k] > label ? 1 : expected[i];
      }
    }
    assertArrayEquals(expected, run(c -> Losses.zeroOne(c.input("p"), c.input("label"))));
  }

  @Test
  void masksLeaveOut() {
    double expected = (p[0] + p[2 * CLASSES]) / 2;
    assertEquals(expected, run(c -> Losses.maskedMean(c.input("p").at(1, 0), c.input("mask")))[0], 1e-9);
    assertEquals(0, run(c -> Losses.maskedMean(c.input("p").at(1, 0), c.input("mask").zerosLike()))[0]);
  }
}
