package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;

/**
 * A stable sort of each row: [rows, columns] -> sorted values, and their i32 positions in the unsorted row, all dense.
 * NaN comes last in both directions; -0 and 0 are equal.
 */
public record Sort(DType dtype, long rows, long columns, boolean descending) implements KernelSpec {
  public Sort {
    Check.sizes("a Sort", rows, columns);
    Check.that(columns <= Integer.MAX_VALUE, "a Sort of " + columns + " columns counts them in i32");
  }

  @Override
  public List<Operand> inputs() {
    return List.of(new Operand(dtype, rows * columns));
  }

  @Override
  public List<Operand> outputs() {
    return List.of(new Operand(dtype, rows * columns), new Operand(DType.I32, rows * columns));
  }

  @Override
  public long operations() {
    return rows * columns * Math.max(1, 64 - Long.numberOfLeadingZeros(columns));
  }
}
