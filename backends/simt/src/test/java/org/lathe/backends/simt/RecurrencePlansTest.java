package org.lathe.backends.simt;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.hal.spec.Recurrence.Form;

class RecurrencePlansTest {
  @ParameterizedTest
  @CsvSource({"0,3,7", "1,1,1", "5,1,7", "3,5,3", "2,3,17", "2,0,3", "2,3,0", "1,2,33", "2,17,5", "1,1,70", "30,2,3"})
  void awkwardSizesForwardAndBackward(long steps, long batch, long hidden) {
    Random r = new Random();
    for (Cell cell : Cell.values()) {
      for (Form form : Form.values()) {
        PlanCheck.check(new Recurrence(cell, form, DType.F32, steps, batch, hidden, r.nextBoolean()));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void doublesInBothDirections(Cell cell) {
    for (Form form : Form.values()) {
      PlanCheck.check(new Recurrence(cell, form, DType.F64, 3, 3, 5, true));
      PlanCheck.check(new Recurrence(cell, form, DType.F64, 3, 2, 7, false));
    }
  }
}
