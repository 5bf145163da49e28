package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/** The epilogue of a filter gradient, one whole filter at a time where the views allow it, else line by line. */
final class FilterEpilogue {
  private final RowEpilogue epilogue;
  /** Whether a filter's elements follow each other without a gap in all operands. */
  private final boolean flat;

  private final DType accumulator;
  private final int inputs;
  private final int taps;
  private final int width;
  private final int elements;

  FilterEpilogue(Convolution spec) {
    Convolution.Geometry g = spec.geometry();
    this.accumulator = spec.accumulator();
    this.inputs = spec.inputs().size();
    this.width = (int) g.kernelWidth();
    this.taps = (int) (g.kernelHeight() * g.kernelWidth());
    this.elements = (int) (g.channels() / g.groups()) * taps;
    this.flat = canFlatten(spec.epilogue());
    this.epilogue = flat
        ? RowEpilogue.of(flatten(spec.epilogue()), Dims.of(g.filters(), elements), accumulator)
        : RowEpilogue.of(spec.epilogue(), spec.space(), accumulator);
  }

  private boolean canFlatten(Epilogue e) {
    boolean indexed = e.expr().nodes().stream().anyMatch(n -> n instanceof Expr.Index i && i.dim() > 0);
    List<View> views = new ArrayList<>(e.inputs());
    views.addAll(e.outputs());
    return !indexed && views.stream().allMatch(v -> v.guard() == null && isFlat(v.strides()));
  }

  private boolean isFlat(Dims strides) {
    long step = strides.get(3);
    return strides.get(2) == step * width && strides.get(1) == step * taps;
  }

  private static Epilogue flatten(Epilogue e) {
    return new Epilogue(
        e.expr(),
        e.inputs().stream().map(FilterEpilogue::flatten).toList(),
        e.outputs().stream().map(FilterEpilogue::flatten).toList());
  }

  private static View flatten(View v) {
    return new View(v.dtype(), v.offset(), Dims.of(v.strides().get(0), v.strides().get(3)), null);
  }

  int scratchLongs() {
    return epilogue.scratchLongs();
  }

  /**
   * Finishes one filter.
   *
   * @param values the address of its sums, [channel, row, column]
   */
  void apply(long values, long filter, long[] operands, Run run, int worker) {
    if (accumulator == DType.U8) {
      ContractionKernel.narrow(values, elements);
    }
    long[] index = run.index(worker);
    long[] scratch = run.longs(worker);
    index[0] = filter;
    index[1] = 0;
    if (flat) {
      epilogue.apply(values, index, elements, operands, 2, inputs, scratch);
      return;
    }
    for (int m = 0; m < elements; m += width) {
      index[1] = m / taps;
      index[2] = m % taps / width;
      index[3] = 0;
      epilogue.apply(values + (long) m * accumulator.bytes(), index, width, operands, 2, inputs, scratch);
    }
  }
}
