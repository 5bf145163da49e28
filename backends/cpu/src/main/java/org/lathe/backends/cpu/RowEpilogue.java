package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/**
 * A compiled epilogue, applied to runs of consecutive results of a heavy kernel while they are in cache. Immutable; may
 * be used by several threads, each with arrays of its own. Allocates nothing.
 */
final class RowEpilogue {
  /** Spaces smaller than this are evaluated by scalar loops, which are fast before they are hot. */
  static final long SCALAR_POINTS = 64;

  private final int rank;
  private final int[] bytes;
  private final long[] offset;
  private final long[][] strides;
  private final int inputs;
  private final int[] indexDims;
  private final GuardedLoop loop;
  private final int slots;

  private RowEpilogue(Epilogue e, Dims space, DType accumulator) {
    rank = space.rank();
    inputs = e.inputs().size();
    List<View> views = new ArrayList<>(e.inputs());
    views.addAll(e.outputs());
    bytes = views.stream().mapToInt(v -> v.dtype().bytes()).toArray();
    offset = views.stream().mapToLong(View::offset).toArray();
    strides = views.stream().map(v -> v.strides().toArray()).toArray(long[][]::new);
    indexDims = LoopSpec.indexDims(e.expr());
    List<LoopSpec.Input> in = new ArrayList<>();
    in.add(new LoopSpec.Input(accumulator, 1));
    e.inputs().forEach(v -> in.add(new LoopSpec.Input(v.dtype(), lastStride(v))));
    List<LoopSpec.Output> out = e.outputs().stream().map(v -> LoopSpec.store(v.dtype(), lastStride(v))).toList();
    LoopSpec spec = LoopSpec.of(e.expr(), in, out, LoopSpec.indexSteps(e.expr(), rank - 1),
        space.product() >= SCALAR_POINTS);
    slots = spec.slots();
    List<View> inputViews = new ArrayList<>();
    inputViews.add(View.dense(accumulator, space));
    inputViews.addAll(e.inputs());
    loop = new GuardedLoop(spec, inputViews, rank - 1);
  }

  private static long lastStride(View v) {
    return v.strides().rank() == 0 ? 0 : v.strides().last(0);
  }

  /**
   * Compiles an epilogue.
   *
   * @param space the heavy kernel's output space; runs go along its last dimension
   * @param accumulator the type of the results before the epilogue
   */
  static RowEpilogue of(Epilogue e, Dims space, DType accumulator) {
    return new RowEpilogue(e, space, accumulator);
  }

  /** How many longs of scratch {@link #apply} uses. */
  int scratchLongs() {
    return slots;
  }

  /**
   * Evaluates the points {@code index} to {@code index + n - 1} along the last dimension.
   *
   * @param accumulators the address of n contiguous results; may be where output 0 stores them
   * @param index the first point in the output space; not changed
   * @param operands the kernel's operand addresses
   * @param firstInput the number of the operand that is the epilogue's first input
   * @param firstOutput the number of the operand that is its first output
   * @param scratch of {@link #scratchLongs}, the caller's own
   */
  void apply(
      long accumulators, long[] index, int n, long[] operands, int firstInput, int firstOutput, long[] scratch) {
    scratch[0] = accumulators;
    for (int v = 0; v < strides.length; v++) {
      long element = offset[v];
      long[] s = strides[v];
      for (int d = 0; d < rank; d++) {
        element += index[d] * s[d];
      }
      long base = v < inputs ? operands[firstInput + v] : operands[firstOutput + v - inputs];
      scratch[1 + v] = base + element * bytes[v];
    }
    for (int k = 0; k < indexDims.length; k++) {
      scratch[1 + strides.length + k] = index[indexDims[k]];
    }
    loop.run(scratch, index, n);
  }
}
