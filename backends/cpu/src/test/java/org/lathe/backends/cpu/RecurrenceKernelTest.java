package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.hal.spec.Recurrence.Form;

class RecurrenceKernelTest {
  private static final int[][] SHAPES = {
      {0, 3, 7}, {1, 1, 1}, {5, 1, 7}, {5, 3, 16}, {3, 17, 33}, {2, 40, 65}, {5, 2, 32}, {4, 0, 5}
  };

  /** A layer's operands. The gradient of the last cell is all that arrives at cells. */
  private record Layer(
      Recurrence forward,
      Recurrence backward,
      double[] projected,
      double[] weights,
      double[] h0,
      double[] c0,
      double[] bias,
      double[] gradient,
      double[] cellGradient) {

    static Layer of(Random random, Cell cell, DType dtype, int[] shape, boolean reverse) {
      int steps = shape[0];
      int batch = shape[1];
      int hidden = shape[2];
      int gates = cell.gates();
      return new Layer(
          new Recurrence(cell, Form.FORWARD, dtype, steps, batch, hidden, reverse),
          new Recurrence(cell, Form.BACKWARD, dtype, steps, batch, hidden, reverse),
          SequenceRun.random(random, (long) steps * batch * gates * hidden, 2),
          SequenceRun.random(random, (long) hidden * gates * hidden, 2 / Math.sqrt(hidden)),
          SequenceRun.random(random, (long) batch * hidden, 1),
          SequenceRun.random(random, (long) batch * hidden, 1),
          SequenceRun.random(random, 3L * hidden, 1),
          SequenceRun.random(random, (long) steps * batch * hidden, 1),
          SequenceRun.random(random, (long) batch * hidden, 1));
    }

    double[][] forwardInputs() {
      return switch (forward.cell()) {
        case PLAIN -> new double[][]{projected, weights, h0};
        case LSTM -> new double[][]{projected, weights, h0, c0};
        case GRU -> new double[][]{projected, weights, h0, bias};
      };
    }

    double[][] backwardInputs(double[][] f) {
      return switch (forward.cell()) {
        case PLAIN -> new double[][]{weights, h0, f[0], gradient};
        case LSTM -> new double[][]{weights, h0, f[0], c0, f[1], f[2], gradient, cellGradient};
        case GRU -> new double[][]{weights, h0, f[0], f[1], gradient};
      };
    }
  }

  private interface Check {
    void on(Layer layer, String name);
  }

  private static void each(DType dtype, long seed, Check check) {
    Random random = new Random(seed);
    for (Cell cell : Cell.values()) {
      for (int[] shape : SHAPES) {
        for (boolean reverse : new boolean[]{false, true}) {
          Layer layer = Layer.of(random, cell, dtype, shape, reverse);
          check.on(layer, layer.forward().toString());
        }
      }
    }
  }

  private static void forward(DType dtype, double tolerance, long seed) {
    each(
        dtype,
        seed,
        (layer, name) -> {
          double[][] found = SequenceRun.outputs(layer.forward(), 1, layer.forwardInputs());
          SequenceRun.close(name, SequenceRun.expected(layer.forward(), layer.forwardInputs()), found, tolerance);
        });
  }

  @Test
  void forwardF32() {
    forward(DType.F32, 3e-6, 1);
  }

  @Test
  void forwardF64() {
    forward(DType.F64, 1e-13, 2);
  }

  private static void backward(DType dtype, double tolerance, long seed) {
    each(
        dtype,
        seed,
        (layer, name) -> {
          double[][] in = layer.backwardInputs(SequenceRun.outputs(layer.forward(), 1, layer.forwardInputs()));
          double[][] found = SequenceRun.outputs(layer.backward(), 1, in);
          SequenceRun.close(name, SequenceRun.expected(layer.backward(), in), found, tolerance);
        });
  }

  @Test
  void backwardF64() {
    backward(DType.F64, 1e-12, 3);
  }

  @Test
  void backwardF32() {
    backward(DType.F32, 2e-5, 4);
  }

  @Test
  void bitsDoNotDependOnWorkers() {
    Random random = new Random(5);
    for (Cell cell : Cell.values()) {
      for (int[] shape : new int[][]{{4, 3, 70}, {4, 17, 70}, {3, 1, 33}, {2, 9, 5}}) {
        for (DType dtype : List.of(DType.F32, DType.F64)) {
          Layer layer = Layer.of(random, cell, dtype, shape, false);
          double[][] one = SequenceRun.outputs(layer.forward(), 1, layer.forwardInputs());
          double[][] back = SequenceRun.outputs(layer.backward(), 1, layer.backwardInputs(one));
          for (int workers : new int[]{2, 3}) {
            String what = layer.forward() + " by " + workers;
            SequenceRun.sameBits(what, one, SequenceRun.outputs(layer.forward(), workers, layer.forwardInputs()));
            SequenceRun.sameBits(
                what, back, SequenceRun.outputs(layer.backward(), workers, layer.backwardInputs(one)));
          }
        }
      }
    }
  }

  @Test
  void nanStaysInItsRow() {
    for (Cell cell : Cell.values()) {
      Layer layer = Layer.of(new Random(6), cell, DType.F32, new int[]{3, 7, 33}, false);
      int gates = cell.gates();
      layer.projected()[((1 * 7 + 2) * gates) * 33 + 4] = Double.NaN;
      double[] states = SequenceRun.outputs(layer.forward(), 2, layer.forwardInputs())[0];
      for (int t = 0; t < 3; t++) {
        for (int b = 0; b < 7; b++) {
          for (int j = 0; j < 33; j++) {
            boolean reached = b == 2 && (t == 1 && j == 4 || t == 2);
            assertEquals(reached, Double.isNaN(states[(t * 7 + b) * 33 + j]), cell + " " + t + " " + b + " " + j);
          }
        }
      }
    }
  }

  @Test
  void saturatedGatesGiveExactLimits() {
    Layer layer = Layer.of(new Random(7), Cell.LSTM, DType.F32, new int[]{1, 1, 16}, false);
    java.util.Arrays.fill(layer.weights(), 0);
    for (int j = 0; j < 16; j++) {
      layer.projected()[j] = Double.POSITIVE_INFINITY;
      layer.projected()[16 + j] = -1000;
      layer.projected()[32 + j] = j % 2 == 0 ? 500 : Double.NEGATIVE_INFINITY;
      layer.projected()[48 + j] = 200;
    }
    double[][] found = SequenceRun.outputs(layer.forward(), 1, layer.forwardInputs());
    for (int j = 0; j < 16; j++) {
      SequenceRun.near("state", Math.tanh(j % 2 == 0 ? 1 : -1), found[0][j], 1e-6);
      assertEquals(1, found[2][j]);
      assertTrue(found[2][16 + j] >= 0 && found[2][16 + j] < 1e-37);
    }
  }

  @Test
  void everyShapeAsksForAtLeastOneWorker() {
    List<Integer> workers = new ArrayList<>();
    for (int[] shape : new int[][]{{0, 0, 0}, {1, 1, 1}, {64, 1, 256}, {64, 32, 256}, {64, 6, 1024}}) {
      Kernel kernel = RecurrenceKernel
          .of(new Recurrence(Cell.LSTM, Form.FORWARD, DType.F32, shape[0], shape[1], shape[2], false));
      workers.add(kernel.workers(2));
      assertEquals(1, kernel.workers(1));
    }
    assertEquals(List.of(1, 1, 1, 2, 2), workers);
  }
}
