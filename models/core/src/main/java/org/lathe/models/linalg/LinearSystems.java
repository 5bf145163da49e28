package org.lathe.models.linalg;

import java.util.List;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;

/** Small systems of linear equations, many at a time, traced into a step. */
public final class LinearSystems {
  private LinearSystems() {}

  /**
   * The x [batch, n] with {@code a x = b}, by Gauss and Jordan's elimination without a change of rows, which is stable for
   * the symmetric positive definite matrices of least squares.
   *
   * @param a [batch, n, n]
   * @param b [batch, n]
   */
  public static Tensor solve(Tensor a, Tensor b) {
    long n = a.dim(1);
    double[] identity = new double[Math.toIntExact(n * n)];
    for (int i = 0; i < n; i++) {
      identity[(int) (i * n + i)] = 1;
    }
    Tensor units = Tensor.constant(a.builder(), Literal.of(TensorType.of(DType.F32, n, n), identity));
    ControlFlow.Scanned eliminated = ControlFlow.scan(
        List.of(Tensor.concat(2, a, b.expandDims(2))),
        List.of(units),
        (carries, elements) -> {
          Tensor m = carries.getFirst();
          Tensor unit = elements.getFirst();
          Tensor row = m.mul(unit.expandDims(1)).sum(1);
          Tensor column = m.slice(2, 0, n).mul(unit).sum(2);
          Tensor pivot = row.slice(1, 0, n).mul(unit).sum(1);
          Tensor scaled = row.div(pivot.expandDims(1));
          return new ControlFlow.Step(
              List.of(m.sub(column.sub(unit).expandDims(2).mul(scaled.expandDims(1)))), List.of());
        });
    return eliminated.carry().at(2, n);
  }
}
