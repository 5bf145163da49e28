package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;

/**
 * Adds rows into a table: base [rows, width], indices [count], updates [count, width] -> base with each update combined
 * into its row, all dense. Updates of one row are combined in the order of the indices, so the result is deterministic.
 * An index outside the table is clamped into it, as {@link Gather} does. Without {@code hasBase} the table starts as
 * zeros and there is no base operand.
 *
 * @param combiner SUM, MAX or MIN; without a base only SUM
 * @param indexType i32 or i64
 */
public record Scatter(
    Combiner combiner, boolean hasBase, DType dtype, DType indexType, long rows, long width, long count)
    implements
      KernelSpec {
  public Scatter {
    Check.sizes("a Scatter", rows, width, count);
    Check.indexType(indexType);
    Check.combines("a Scatter", combiner, dtype, count);
    Check.that(rows > 0 || count == 0, "a Scatter into an empty table");
    Check.that(
        combiner == Combiner.SUM || (hasBase && (combiner == Combiner.MAX || combiner == Combiner.MIN)),
        "a Scatter combines by SUM, or with a base by MAX or MIN");
  }

  @Override
  public List<Operand> inputs() {
    Operand table = new Operand(dtype, rows * width);
    Operand indices = new Operand(indexType, count);
    Operand updates = new Operand(dtype, count * width);
    return hasBase ? List.of(table, indices, updates) : List.of(indices, updates);
  }

  @Override
  public List<Operand> outputs() {
    return List.of(new Operand(dtype, rows * width));
  }

  @Override
  public long operations() {
    return count * width;
  }

  @Override
  public boolean allowsInPlace(int input, int output) {
    return hasBase && input == 0;
  }
}
