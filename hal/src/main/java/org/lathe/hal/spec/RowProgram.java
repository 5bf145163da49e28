package org.lathe.hal.spec;

import java.util.ArrayList;
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
 * must not depend on the column. With no columns nothing is stored.
 */
public record RowProgram(
    Dims rows, long columns, List<View> inputViews, List<Stage> stages, Expr result, List<View> outputViews)
    implements
      KernelSpec {

  /** One reduction along the row. The expression has one result. */
  public record Stage(Combiner combiner, Expr expr) {
    public Stage {
      Check.that(expr.results().size() == 1, "a stage with " + expr.results().size() + " results");
    }

    public DType type() {
      return combiner.resultType(expr.resultType(0).compute());
    }
  }

  public RowProgram {
    inputViews = List.copyOf(inputViews);
    stages = List.copyOf(stages);
    outputViews = List.copyOf(outputViews);
    Dims space = rows.insert(rows.rank(), columns);
    Check.views("a RowProgram's input", inputViews, space);
    List<DType> types = new ArrayList<>(Check.types(inputViews));
    for (Stage s : stages) {
      Check.expr("a RowProgram's stage " + (types.size() - inputViews.size()), s.expr(), types, space.rank());
      Check.combines("a RowProgram's stage", s.combiner(), s.expr().resultType(0), columns);
      types.add(s.type());
    }
    Check.expr("a RowProgram's result", result, types, space.rank());
    Check.stores("a RowProgram's result", result, outputViews);
    boolean[] perColumn = Check.dependsOn(rows.rank(), result, inputViews);
    for (int j = 0; j < outputViews.size(); j++) {
      View v = outputViews.get(j);
      boolean oncePerRow = v.strides().rank() == space.rank() && v.strides().last(0) == 0;
      Check.outputs("a RowProgram's output", List.of(v),
          oncePerRow ? space.with(rows.rank(), Math.min(1, columns)) : space);
      Check.that(
          !oncePerRow || columns <= 1 || !perColumn[result.results().get(j)],
          "a RowProgram stores result " + j + " once a row, but it depends on the column");
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
