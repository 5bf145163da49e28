package org.lathe.backends.simt;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Form;

class RecurrencePlansTest {
  /** steps, batch, hidden. */
  private static final int[][] SHAPES = {
      {1, 1, 1}, {3, 5, 3}, {2, 3, 17}, {1, 17, 5}, {0, 2, 3}, {2, 0, 3}, {2, 3, 0}, {1, 2, 33}
  };

  @ParameterizedTest
  @EnumSource
  void everyCellForwardAndBackward(Recurrence.Cell cell) {
    Random r = new Random();
    for (int[] s : SHAPES) {
      for (Form form : Form.values()) {
        DType type = r.nextInt(3) == 0 ? DType.F64 : DType.F32;
        PlanCheck.check(new Recurrence(cell, form, type, s[0], s[1], s[2], r.nextBoolean()));
      }
    }
  }
}
