package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * One launch of a reduction with its operands. A reduction in one launch goes from elements to results; one in two saves
 * what each share of the elements combines to, and then combines that.
 */
final class ReduceKernel {
  final LaunchBuilder k;
  private final Reduction r;
  private final long shares;
  private final List<Memory> in = new ArrayList<>();
  private final List<Memory> extra = new ArrayList<>();
  private final List<Memory> out = new ArrayList<>();
  private final List<Fold.Store> partial = new ArrayList<>();

  private ReduceKernel(Reduction r, String family, long shares) {
    this.r = r;
    this.shares = shares;
    k = new LaunchBuilder(family, r.spec, r.site);
  }

  /** From elements to results. */
  static ReduceKernel whole(Reduction r) {
    ReduceKernel kernel = new ReduceKernel(r, "reduce", 1);
    kernel.bindElements();
    kernel.bindResults();
    return kernel;
  }

  /** From elements to what each of {@code shares} shares combines to. */
  static ReduceKernel first(Reduction r, long shares) {
    ReduceKernel kernel = new ReduceKernel(r, "reduce_shares", shares);
    kernel.bindElements();
    kernel.bindPartial(Access.WRITE);
    return kernel;
  }

  /** From the shares to results. */
  static ReduceKernel second(Reduction r, long shares) {
    ReduceKernel kernel = new ReduceKernel(r, "reduce_rest", shares);
    kernel.bindPartial(Access.READ);
    kernel.bindResults();
    return kernel;
  }

  /** The bytes of each workspace between the launches. */
  static List<Long> workspaces(Reduction r, long shares) {
    List<Long> bytes = new ArrayList<>();
    long elements = Math.multiplyExact(shares, r.kept().product());
    for (Fold.Kind kind : r.kinds) {
      bytes.add(elements * kind.dtype().bytes());
      if (kind.isIndex()) {
        bytes.add(elements * DType.I32.bytes());
      }
    }
    return bytes;
  }

  private void bindElements() {
    for (int i = 0; i < r.inputs.size(); i++) {
      in.add(k.input(i, "in" + i));
    }
  }

  private void bindResults() {
    for (int i = 0; i < r.extra.size(); i++) {
      extra.add(k.input(r.inputs.size() + i, "extra" + i));
    }
    for (int j = 0; j < r.outputs.size(); j++) {
      out.add(k.output(j, "out" + j));
    }
  }

  private void bindPartial(Access access) {
    long elements = shares * r.kept().product();
    int workspace = 0;
    for (Fold.Kind kind : r.kinds) {
      Memory values = k.workspace(workspace++, "partial", kind.dtype(), elements, access);
      @Nullable
      Memory positions = kind.isIndex()
          ? k.workspace(workspace++, "positions", DType.I32, elements, access)
          : null;
      partial.add(new Fold.Store(values, positions));
    }
  }

  /** Takes the elements at these points in, in the lanes of the mask if there is one. */
  void take(List<Fold> folds, Cursor cursor, @Nullable Value mask) {
    List<Value> x = cursor.readAll(k, in, r.inputs);
    List<Value> coordinates = cursor.coordinates();
    List<Value> produced = Exprs.write(k, r.spec.producer(), x, r.nest.original(coordinates));
    boolean counts = r.kinds.stream().anyMatch(Fold.Kind::isIndex);
    Value position = counts ? k.let("position", position(coordinates)) : Values.index(0);
    for (int j = 0; j < folds.size(); j++) {
      Value y = Values.splat(produced.get(j), folds.get(j).lanes());
      folds.get(j).take(y, position, mask);
    }
  }

  /** The row-major number of the point within the reduced dimensions. */
  private Value position(List<Value> coordinates) {
    Dims strides = r.reduced().rowMajorStrides();
    Value sum = Values.index(0);
    for (int d = 0; d < strides.rank(); d++) {
      sum = Values.add(sum, Values.mul(coordinates.get(r.nest.firstPart + d), strides.get(d)));
    }
    return Values.cast(sum, DType.I32);
  }

  /** Takes in what share number {@code share} combined to at these kept points. */
  void mergeShare(List<Fold> folds, Cursor kept, Value share) {
    Value index = k.let("at", shareIndex(kept, share));
    for (int j = 0; j < folds.size(); j++) {
      folds.get(j).mergeFrom(partial.get(j), index);
    }
  }

  private Value shareIndex(Cursor kept, Value share) {
    Dims strides = r.kept().rowMajorStrides();
    boolean wide = shares * r.kept().product() > Integer.MAX_VALUE;
    Value sum = Values.mul(wide ? Values.cast(share, DType.I64) : share, r.kept().product());
    for (int d = 0; d < strides.rank(); d++) {
      sum = Values.add(sum, Values.mul(kept.at().get(d), strides.get(d)));
    }
    return sum;
  }

  /** Stores what was combined at these kept points: by the epilogue, or as that of a share. */
  void finish(List<Fold> folds, Cursor kept, Value share) {
    if (!partial.isEmpty() && out.isEmpty()) {
      Value index = k.let("at", shareIndex(kept, share));
      for (int j = 0; j < folds.size(); j++) {
        folds.get(j).save(partial.get(j), index);
      }
      return;
    }
    List<Value> x = new ArrayList<>();
    folds.forEach(f -> x.add(f.result()));
    x.addAll(kept.readAll(k, extra, r.extra));
    List<Value> coordinates = new ArrayList<>(kept.coordinates());
    for (int d = 0; d < r.reduced().rank(); d++) {
      coordinates.add(Values.index(0));
    }
    kept.writeAll(k, out, r.outputs, Exprs.write(k, r.spec.epilogue(), x, r.nest.original(coordinates)));
  }
}
