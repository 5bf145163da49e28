package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;

/**
 * The {@code k} largest of each row, largest first: [rows, columns] -> values [rows, k], i32 positions [rows, k], all
 * dense. Of equal values the first comes first; NaN counts as the smallest.
 */
public record TopK(DType dtype, long rows, long columns, long k) implements KernelSpec {
  public TopK {
    Check.sizes("a TopK", rows, columns);
    Check.that(columns <= Integer.MAX_VALUE, "a TopK of " + columns + " columns counts them in i32");
    Check.that(k >= 0 && k <= columns, "TopK of " + k + " among " + columns);
  }

  @Override
  public List<Operand> inputs() {
    return List.of(new Operand(dtype, rows * columns));
  }

  @Override
  public List<Operand> outputs() {
    return List.of(new Operand(dtype, rows * k), new Operand(DType.I32, rows * k));
  }

  @Override
  public long operations() {
    return rows * columns;
  }
}
