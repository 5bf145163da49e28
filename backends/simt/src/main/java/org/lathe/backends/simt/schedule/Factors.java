package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Value;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.View;

/**
 * The factors of a matrix product as rows and columns of its output; swapped, those of the transposed product.
 *
 * @param swapped whether the rows are the second factor's
 */
record Factors(Contraction spec, boolean swapped) {

  long rows() {
    return swapped ? spec.n() : spec.m();
  }

  long columns() {
    return swapped ? spec.m() : spec.n();
  }

  int rowInput() {
    return swapped ? 1 : 0;
  }

  int columnInput() {
    return swapped ? 0 : 1;
  }

  /** The distance of neighbouring rows in the factor that has them. */
  long rowStride() {
    return swapped ? spec.b().strides().last(0) : spec.a().strides().last(1);
  }

  /** The distance, in the factor that has the rows, of neighbouring terms of the sum. */
  long rowDepthStride() {
    return swapped ? spec.b().strides().last(1) : spec.a().strides().last(0);
  }

  long columnStride() {
    return swapped ? spec.a().strides().last(1) : spec.b().strides().last(0);
  }

  long columnDepthStride() {
    return swapped ? spec.a().strides().last(0) : spec.b().strides().last(1);
  }

  Value rowElement(List<Value> batch, Value row, Value term) {
    return swapped ? b(batch, term, row) : a(batch, row, term);
  }

  Value columnElement(List<Value> batch, Value column, Value term) {
    return swapped ? a(batch, column, term) : b(batch, term, column);
  }

  private Value a(List<Value> batch, Value i, Value term) {
    return element(spec.a(), batch, i, term, spec.m(), spec.k());
  }

  private Value b(List<Value> batch, Value term, Value j) {
    return element(spec.b(), batch, term, j, spec.k(), spec.n());
  }

  private Value element(View view, List<Value> batch, Value first, Value second, long sizeFirst, long sizeSecond) {
    return Accesses.element(view, coordinates(batch, first, second),
        spec.batch().append(Dims.of(sizeFirst, sizeSecond)));
  }

  /** A point of the output space. */
  List<Value> point(List<Value> batch, Value row, Value column) {
    return swapped ? coordinates(batch, column, row) : coordinates(batch, row, column);
  }

  private static List<Value> coordinates(List<Value> batch, Value first, Value second) {
    List<Value> at = new ArrayList<>(batch);
    at.add(first);
    at.add(second);
    return at;
  }

  /** The dimension of the output space along which columns follow each other. */
  int columnDim() {
    return spec.batch().rank() + (swapped ? 0 : 1);
  }
}
