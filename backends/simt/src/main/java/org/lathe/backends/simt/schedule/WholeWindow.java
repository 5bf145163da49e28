package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/**
 * Convolutions whose filters cover all of the data, so that the result has a single position: plain matrix products over
 * samples, filters, and data elements, where the layouts let channels, rows and columns be counted as one.
 */
final class WholeWindow {
  private WholeWindow() {}

  /** The same kernel as a product, with its operands in the same order. */
  static Optional<Contraction> product(Convolution spec) {
    Geometry g = spec.geometry();
    boolean whole = g.groups() == 1 && g.outHeight() == 1 && g.outWidth() == 1 && g.padY() == 0 && g.padX() == 0
        && g.kernelHeight() == g.height() && g.kernelWidth() == g.width()
        && (g.dilationY() == 1 || g.height() == 1) && (g.dilationX() == 1 || g.width() == 1);
    if (!whole) {
      return Optional.empty();
    }
    long elements = g.channels() * g.height() * g.width();
    return switch (spec.form()) {
      case FORWARD -> product(
          spec, g.batch(), g.filters(), elements, joined(spec.first(), g.dataShape(), false),
          joined(spec.second(), g.filterShape(), true), false, false);
      case DATA_GRADIENT -> product(
          spec, g.batch(), elements, g.filters(), joined(spec.first(), g.resultShape(), false),
          joined(spec.second(), g.filterShape(), false), true, false);
      case FILTER_GRADIENT -> product(
          spec, elements, g.filters(), g.batch(), joined(spec.first(), g.dataShape(), true),
          joined(spec.second(), g.resultShape(), false), true, true);
    };
  }

  private static Optional<Contraction> product(
      Convolution spec, long m, long n, long k, Optional<View> a, Optional<View> b, boolean counted,
      boolean transposed) {
    if (a.isEmpty() || b.isEmpty()) {
      return Optional.empty();
    }
    return epilogue(spec, counted, transposed)
        .map(e -> new Contraction(Dims.of(), m, n, k, a.get(), b.get(), e));
  }

  /** The epilogue over rows and columns: those of the output space's first dimension and of all others as one. */
  private static Optional<Epilogue> epilogue(Convolution spec, boolean counted, boolean transposed) {
    Epilogue e = spec.epilogue();
    List<View> inputs = new ArrayList<>();
    List<View> outputs = new ArrayList<>();
    for (View v : e.inputs()) {
      joined(v, spec.space(), transposed).ifPresent(inputs::add);
    }
    for (View v : e.outputs()) {
      joined(v, spec.space(), transposed).ifPresent(outputs::add);
    }
    if (inputs.size() < e.inputs().size() || outputs.size() < e.outputs().size()) {
      return Optional.empty();
    }
    List<Expr.Node> nodes = new ArrayList<>();
    for (Expr.Node node : e.expr().nodes()) {
      if (!(node instanceof Expr.Index(int dim))) {
        nodes.add(node);
      } else if (dim == 0) {
        nodes.add(new Expr.Index(transposed ? 1 : 0));
      } else if (!counted) {
        nodes.add(dim == 1 ? new Expr.Index(1) : Expr.Constant.of(node.type(), 0));
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(new Epilogue(new Expr(nodes, e.expr().results()), inputs, outputs));
  }

  /** The access over [first, the others as one], or transposed; empty where they do not follow each other. */
  private static Optional<View> joined(View view, Dims space, boolean transposed) {
    long stride = 0;
    long size = 1;
    for (int d = space.rank() - 1; d > 0; d--) {
      if (space.get(d) == 1) {
        continue;
      }
      if (size == 1) {
        stride = view.strides().get(d);
      } else if (view.strides().get(d) != stride * size) {
        return Optional.empty();
      }
      size *= space.get(d);
    }
    if (view.guard() != null) {
      return Optional.empty();
    }
    long first = view.strides().get(0);
    Dims strides = transposed ? Dims.of(stride, first) : Dims.of(first, stride);
    return Optional.of(new View(view.dtype(), view.offset(), strides, null));
  }
}
