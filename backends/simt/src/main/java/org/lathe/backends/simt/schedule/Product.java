package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;

/**
 * A heavy kernel seen as batched products of two matrices, whose elements need not lie in memory as a matrix: some are
 * zeros of a padding, some stand for several.
 *
 * @param batch independent products
 * @param depth terms of each sum
 * @param space of the output
 * @param columnsFollow whether neighbouring columns of the output lie side by side, else neighbouring rows do
 */
record Product(
    KernelSpec spec, DType compute, Dims batch, long rows, long columns, long depth, Epilogue epilogue, Dims space,
    boolean columnsFollow, Binding binding) {

  /** The kernel's own code. */
  interface Binding {
    /** The two factors within one launch, for the product at these coordinates of the batch. */
    Operands bind(LaunchBuilder k);
  }

  /** The factors and the output within one launch. */
  interface Operands {
    /** The factor with the rows. */
    Factor left(List<Value> batch);

    /** The factor with the columns. */
    Factor right(List<Value> batch);

    /** The coordinates in the output space of a row and a column within their bounds. */
    Place point(List<Value> batch, Value row, Value column);
  }

  /** One matrix: elements by their place across the depth, a row or a column, and along it. */
  interface Factor {
    /** Whether neighbours along the depth lie side by side, else neighbours across it do. */
    boolean depthFollows();

    /** What is the same for all elements of one row or column, which may be beyond the last. */
    Place across(Value index);

    /** What is the same for all elements of one term, which may be beyond the last. */
    Place along(Value term);

    /** The element, zero where there is none. Only of rows, columns, and terms that there are. */
    Value element(Place across, Place along);
  }

  /**
   * @param parts names of what is needed there
   * @param inside whether there is anything at all
   */
  record Place(List<Value> parts, Value inside) {}
}
