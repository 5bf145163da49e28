package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;

/**
 * Rows of a table by index: table [rows, width], indices [count] -> [count, width], all dense. An index outside the table
 * is clamped into it.
 *
 * @param indexType i32 or i64
 */
public record Gather(DType dtype, DType indexType, long rows, long width, long count) implements KernelSpec {
  public Gather {
    Check.sizes("a Gather", rows, width, count);
    Check.indexType(indexType);
    Check.that(rows > 0 || count == 0, "a Gather from an empty table");
  }

  @Override
  public List<Operand> inputs() {
    return List.of(new Operand(dtype, rows * width), new Operand(indexType, count));
  }

  @Override
  public List<Operand> outputs() {
    return List.of(new Operand(dtype, count * width));
  }

  @Override
  public long operations() {
    return 0;
  }
}
