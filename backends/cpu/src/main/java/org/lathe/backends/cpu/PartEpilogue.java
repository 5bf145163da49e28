package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/**
 * An epilogue over one phase of a convolution's result, [batch, channels, height, width] of that phase; over [batch,
 * channels, height * width] where the views allow it, so that runs are long.
 */
final class PartEpilogue {
  final RowEpilogue epilogue;
  /** Whether rows follow each other without a gap in all operands. */
  final boolean flat;

  private PartEpilogue(Epilogue e, Dims space, DType accumulator) {
    long width = space.get(3);
    this.flat = canFlatten(e, width);
    this.epilogue = flat
        ? RowEpilogue.of(
            new Epilogue(
                e.expr(),
                e.inputs().stream().map(PartEpilogue::flatten).toList(),
                e.outputs().stream().map(PartEpilogue::flatten).toList()),
            Dims.of(space.get(0), space.get(1), space.get(2) * width),
            accumulator)
        : RowEpilogue.of(e, space, accumulator);
  }

  /** Over the whole result. */
  static PartEpilogue of(Epilogue whole, Dims space, DType accumulator) {
    return new PartEpilogue(whole, space, accumulator);
  }

  static PartEpilogue of(Epilogue whole, Dims space, Correlation.Part part, DType accumulator) {
    Dims phase = Dims.of(space.get(0), space.get(1), part.height(), part.width());
    boolean identical = part.stepY() == 1 && part.stepX() == 1;
    Epilogue shifted = identical
        ? whole
        : new Epilogue(
            shift(whole.expr(), part),
            whole.inputs().stream().map(v -> shift(v, part)).toList(),
            whole.outputs().stream().map(v -> shift(v, part)).toList());
    return new PartEpilogue(shifted, phase, accumulator);
  }

  private static boolean canFlatten(Epilogue e, long width) {
    for (Expr.Node node : e.expr().nodes()) {
      if (node instanceof Expr.Index i && i.dim() >= 2) {
        return false;
      }
    }
    List<View> views = new ArrayList<>(e.inputs());
    views.addAll(e.outputs());
    return views.stream()
        .allMatch(v -> v.guard() == null && v.strides().get(2) == v.strides().get(3) * width);
  }

  private static View flatten(View v) {
    return new View(v.dtype(), v.offset(), v.strides().remove(2), null);
  }

  private static View shift(View v, Correlation.Part part) {
    Dims s = v.strides();
    View.Guard guard = v.guard();
    return new View(
        v.dtype(),
        v.offset() + part.offsetY() * s.get(2) + part.offsetX() * s.get(3),
        s.with(2, s.get(2) * part.stepY()).with(3, s.get(3) * part.stepX()),
        guard == null ? null : new View.Guard(shift(guard.low(), part), shift(guard.high(), part), guard.outside()));
  }

  /** The first phase position at or behind a bound. */
  private static Dims shift(Dims bound, Correlation.Part part) {
    return bound
        .with(2, Math.ceilDiv(bound.get(2) - part.offsetY(), part.stepY()))
        .with(3, Math.ceilDiv(bound.get(3) - part.offsetX(), part.stepX()));
  }

  /** Replaces the indices of rows and columns by those of the whole result. */
  private static Expr shift(Expr e, Correlation.Part part) {
    Expr.Builder b = Expr.builder();
    List<Integer> at = new ArrayList<>();
    for (Expr.Node node : e.nodes()) {
      at.add(
          switch (node) {
            case Expr.Index i when i.dim() == 2 -> scaled(b, i, part.stepY(), part.offsetY());
            case Expr.Index i when i.dim() == 3 -> scaled(b, i, part.stepX(), part.offsetX());
            case Expr.Unary u -> b.add(new Expr.Unary(u.op(), at.get(u.a()), u.type()));
            case Expr.Binary n -> b.add(new Expr.Binary(n.op(), at.get(n.a()), at.get(n.b()), n.type()));
            case Expr.Select s ->
              b.add(new Expr.Select(at.get(s.condition()), at.get(s.a()), at.get(s.b()), s.type()));
            case Expr.Cast c -> b.add(new Expr.Cast(at.get(c.a()), c.type()));
            case Expr.Input i -> b.add(i);
            case Expr.Constant c -> b.add(c);
            case Expr.Index i -> b.add(i);
          });
    }
    return b.build(e.results().stream().map(at::get).toList());
  }

  private static int scaled(Expr.Builder b, Expr.Index index, long step, long offset) {
    int scaled = b.binary(BinaryOp.MUL, b.add(index), b.constant(DType.I32, step));
    return b.binary(BinaryOp.ADD, scaled, b.constant(DType.I32, offset));
  }
}
