package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;
import org.lathe.reference.Scalar;

class RowEpilogueTest {
  @BeforeAll
  static void useVectorForms() {
    LoopCompiler.eager = true;
  }

  /** relu(acc + bias[column]) + residual (guarded, transposed), and a bf16 copy plus the column index. */
  @Test
  void biasResidualGuardAndTwoOutputs() {
    Random r = new Random(5);
    for (int[] shape : new int[][]{{3, 5}, {13, 33}, {7, 207}, {1, 1}}) {
      int rows = shape[0];
      int columns = shape[1];
      Dims space = Dims.of(rows, columns);
      Expr.Builder b = Expr.builder();
      int biased = b.binary(BinaryOp.ADD, b.input(0, DType.F32), b.input(1, DType.F32));
      int relu = b.binary(BinaryOp.MAX, biased, b.constant(DType.F32, 0));
      int sum = b.binary(BinaryOp.ADD, relu, b.input(2, DType.F32));
      int column = b.cast(b.add(new Expr.Index(1)), DType.F32);
      Expr e = b.build(List.of(sum, b.cast(b.binary(BinaryOp.ADD, biased, column), DType.BF16)));
      View bias = View.of(DType.F32, 0, 1);
      View residual = new View(DType.F32, 1, Dims.of(1, rows),
          new View.Guard(Dims.of(1, 1), Dims.of(rows, Math.max(1, columns - 1)), 7.5));
      Epilogue epilogue = new Epilogue(e, List.of(bias, residual),
          List.of(View.of(DType.F32, columns, 1), View.of(DType.BF16, columns, 1)));
      RowEpilogue row = RowEpilogue.of(epilogue, space, DType.F32);
      try (Arena arena = Arena.ofConfined()) {
        long[] at = new long[5];
        for (int i = 0; i < 5; i++) {
          at[i] = arena.allocate(4L * (rows * columns + 8), 64).address();
          for (int x = 0; x < rows * columns + 8; x++) {
            Memory.putFloat(at[i] + 4L * x, (float) r.nextGaussian());
          }
        }
        long accumulators = at[3];
        float[] before = new float[rows * columns];
        for (int x = 0; x < before.length; x++) {
          before[x] = Memory.getFloat(accumulators + 4L * x);
        }
        long[] scratch = new long[row.scratchLongs()];
        long[] index = {0, 0, -3, 7};
        // Operands: two of the heavy kernel, the epilogue's two inputs, its two outputs; output 0 is in place.
        long[] operands = {0, 0, at[0], at[1], accumulators, at[4]};
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < columns; j += 19) {
            int n = Math.min(19, columns - j);
            index[0] = i;
            index[1] = j;
            row.apply(accumulators + 4L * (i * columns + j), index, n, operands, 2, 4, scratch);
          }
        }
        for (int i = 0; i < rows; i++) {
          for (int j = 0; j < columns; j++) {
            float x = before[i * columns + j] + Memory.getFloat(at[0] + 4L * j);
            boolean inside = i >= 1 && j >= 1 && j < columns - 1;
            float residualValue = inside ? Memory.getFloat(at[1] + 4L * (1 + i + j * rows)) : 7.5f;
            assertEquals(Math.max(x, 0) + residualValue, Memory.getFloat(accumulators + 4L * (i * columns + j)));
            double half = Scalar.round(DType.BF16, x + j);
            assertEquals((float) half, Float.intBitsToFloat(Memory.getShort(at[4] + 2L * (i * columns + j)) << 16));
          }
        }
      }
    }
  }
}
