package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;

/**
 * Reduce-map stages over rows: softmax, log-softmax, layer norm, cross-entropy and their gradients, each in one kernel.
 *
 * <p>The space is {@code rows ++ [columns]}. For each row the stages run in order: a stage evaluates its expression at
 * every column and combines the values into one row value. Expressions see the element inputs as inputs 0..n-1 (read
 * through {@code inputViews}; a stride of 0 along the column makes a row value of them, 0 along the rows a column
 * vector), and the values of the stages before as inputs n, n+1, ... Then {@code result} is evaluated at each column
 * and stored through {@code outputViews}; an output whose column stride is 0 is stored once a row, and its expression
 * must not depend on the column.
 */
public record RowProgram(
    Dims rows, long columns, List<View> inputViews, List<Stage> stages, Expr result, List<View> outputViews)
    implements KernelSpec {

  /** One reduction along the row. The expression has one result. */
  public record Stage(Combiner combiner, Expr expr) {
    public DType type() {
      return combiner.resultType(expr.resultType(0).compute());
    }
  }

  public RowProgram {
    inputViews = List.copyOf(inputViews);
    stages = List.copyOf(stages);
    outputViews = List.copyOf(outputViews);
    Check.views("RowProgram input", inputViews, rows.rank() + 1);
    Check.views("RowProgram output", outputViews, rows.rank() + 1);
    Check.that(result.results().size() == outputViews.size(), "a RowProgram stores every result of its expression");
    for (Stage s : stages) {
      Check.that(s.expr().results().size() == 1, "a stage has one result");
    }
  }

  public Dims space() {
    return rows.insert(rows.rank(), columns);
  }

  @Override
  public List<Operand> inputs() {
    return Check.operands(inputViews, space());
  }

  @Override
  public List<Operand> outputs() {
    return Check.operands(outputViews, space());
  }

  @Override
  public long operations() {
    long perElement = result.operations();
    for (Stage s : stages) {
      perElement += s.expr().operations() + 1;
    }
    return space().product() * perElement;
  }

  /** A row is written after all its stages have read it, each element after it was read for the last time. */
  @Override
  public boolean allowsInPlace(int input, int output) {
    View v = inputViews.get(input);
    return v.equals(outputViews.get(output)) && (v.strides().last(0) != 0 || columns == 1);
  }
}
