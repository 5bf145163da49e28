package org.lathe.models.zoo.neurons;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntBinaryOperator;
import org.lathe.models.zoo.model.RunRequest;

/** Truth tables of two bits, as cases for threshold units. */
enum LogicGate {
  AND((a, b) -> a & b), OR((a, b) -> a | b), NAND((a, b) -> 1 - (a & b)), NOT((a, b) -> 1 - a), XOR((a, b) -> a ^ b);

  static final int CASES = 4;

  private final IntBinaryOperator table;

  LogicGate(IntBinaryOperator table) {
    this.table = table;
  }

  /** 0 or 1. NOT is of the first bit. */
  int of(int a, int b) {
    return table.applyAsInt(a, b);
  }

  /** The value of case {@code i}, whose bits are the binary digits of i, the first bit first. */
  int of(int i) {
    return of(i >> 1, i & 1);
  }

  /** The truth table as a number: bit i is the value of case i. */
  int code() {
    int code = 0;
    for (int i = 0; i < CASES; i++) {
      code |= of(i) << i;
    }
    return code;
  }

  /**
   * The four pairs of bits, [4, 2].
   *
   * @param zero what stands for 0; 1 stands for 1
   */
  static float[] inputs(float zero) {
    float[] x = new float[2 * CASES];
    for (int i = 0; i < CASES; i++) {
      x[2 * i] = i >> 1 == 1 ? 1 : zero;
      x[2 * i + 1] = (i & 1) == 1 ? 1 : zero;
    }
    return x;
  }

  /** The gates' values in each case, [4, gates]. */
  static float[] targets(List<LogicGate> gates, float zero) {
    float[] y = new float[CASES * gates.size()];
    for (int i = 0; i < y.length; i++) {
      y[i] = gates.get(i % gates.size()).of(i / gates.size()) == 1 ? 1 : zero;
    }
    return y;
  }

  /** Shows each gate's table beside what a unit gave, [4, gates], and gives the number of wrong cases. */
  static int show(List<LogicGate> gates, float[] found, RunRequest request) {
    int wrong = 0;
    for (int g = 0; g < gates.size(); g++) {
      LogicGate gate = gates.get(g);
      for (int i = 0; i < CASES; i++) {
        int a = i >> 1;
        int b = i & 1;
        int predicted = found[i * gates.size() + g] > 0 ? 1 : 0;
        wrong += predicted == gate.of(a, b) ? 0 : 1;
        String line = gate == NOT
            ? "NOT " + a + " = " + gate.of(a, b) + ", and (ignoring " + b + ") the unit gives " + predicted
            : a + " " + gate + " " + b + " = " + gate.of(a, b) + ": the unit gives " + predicted;
        request.found(
            "prediction", line, "gate", gate.name(), "x", Arrays.asList(a, b), "label", gate.of(a, b), "predicted",
            predicted);
      }
    }
    return wrong;
  }
}
