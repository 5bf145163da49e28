package org.lathe.backends.simt;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

class ContractionPlansTest {

  /** A dense matrix of {@code rows} by {@code columns}, or one that is stored transposed. */
  static View matrix(DType t, long rows, long columns, boolean transposed) {
    return transposed ? View.of(t, 1, Math.max(1, rows)) : View.of(t, Math.max(1, columns), 1);
  }

  private static Contraction product(DType t, long m, long n, long k, int transposed, Epilogue epilogue) {
    return new Contraction(
        Dims.of(), m, n, k, matrix(t, m, k, (transposed & 1) != 0), matrix(t, k, n, (transposed & 2) != 0), epilogue);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "3,13,17", "17,33,3", "1,207,20", "207,1,13", "13,70,20", "13,13,0", "0,4,3",
      "2,3,1100", "5,64,33", "12,10,84"})
  void everyTranspositionOfAwkwardSizes(long m, long n, long k) {
    Dims space = Dims.of(m, n);
    for (int transposed = 0; transposed < 4; transposed++) {
      PlanCheck.check(product(DType.F32, m, n, k, transposed, (m + n + transposed) % 2 == 0
          ? Epilogues.store(DType.F32, DType.F32, space)
          : Epilogues.rich(DType.F32, space)));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOL")
  void everyType(DType t) {
    for (long[] s : new long[][]{{3, 5, 7}, {17, 35, 18}, {7, 65, 20}}) {
      Dims space = Dims.of(s[0], s[1]);
      for (int transposed = 0; transposed < 4; transposed++) {
        PlanCheck.check(
            product(t, s[0], s[1], s[2], transposed, Epilogues.store(t.compute(), t, space)));
      }
    }
  }

  @Test
  void batchesBroadcastFactorsAndTransposedOutputs() {
    Random r = new Random();
    for (long[] s : new long[][]{{17, 33, 13}, {1, 40, 17}, {40, 1, 33}, {8, 8, 40}}) {
      Dims batch = Dims.of(2, 3);
      long m = s[0];
      long n = s[1];
      long k = s[2];
      Dims space = Dims.of(2, 3, m, n);
      // heads side by side in each row, as attention has them; the second factor is the same for each sample
      View a = View.of(DType.F32, m * 3 * k, k, 3 * k, 1);
      View b = View.of(DType.F32, 0, k * n, r.nextBoolean() ? n : 1, r.nextBoolean() ? 1 : k);
      View scattered = new View(DType.F32, 2, Dims.of(3 * m * n, 1, 3 * n, 3), null);
      PlanCheck.check(new Contraction(batch, m, n, k, a, b, Epilogue.store(DType.F32, scattered)));
      View transposed = View.of(DType.F32, 3 * m * n, m * n, 1, m);
      PlanCheck.check(new Contraction(batch, m, n, k, a, b, Epilogue.store(DType.F32, transposed)));
      PlanCheck.check(new Contraction(batch, m, n, k, a, b, Epilogues.rich(DType.F32, space)));
    }
  }

  @Test
  void reversedAndRepeatedOperands() {
    View back = new View(DType.F32, 19 * 21 + 20, Dims.of(-21, -1), null);
    View repeated = View.of(DType.F32, 0, 1);
    Dims space = Dims.of(20, 40);
    PlanCheck.check(new Contraction(Dims.of(), 20, 40, 21, back, repeated, Epilogues.rich(DType.F32, space)));
    View same = View.of(DType.F32, 1, 0);
    PlanCheck.check(new Contraction(Dims.of(), 20, 40, 21, back, same, Epilogues.rich(DType.F32, space)));
  }

  @Test
  void inPlaceOfAnExtraInput() {
    for (long[] s : new long[][]{{3, 5, 7}, {35, 37, 33}}) {
      PlanCheck.check(product(DType.F32, s[0], s[1], s[2], 0, Epilogues.residual(DType.F32, Dims.of(s[0], s[1]))));
    }
  }
}
