package org.lathe.models.zoo.neurons;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.StepContext;
import org.lathe.models.linalg.LinearSystems;

/**
 * A polynomial network of the group method of data handling: layers of units, each a full quadratic polynomial of two
 * outputs of the layer before, or of the network's inputs, which every layer sees again: {@code 1, a, b, ab, a^2, b^2}
 * times six coefficients.
 *
 * <p>Parameter: {@code coefficients} [layers, units, 6]. States: {@code first}, {@code second} [layers, units], which
 * values a unit takes, the outputs of the layer before being counted first, then the inputs; {@code criterion} [layers], the external criterion of each layer's best unit, its first.
 */
final class Gmdh extends Module {
  private static final int TERMS = 6;
  /** Keeps the equations of two nearly equal inputs solvable in f32. */
  private static final double RIDGE = 1e-5;

  private final int units;
  private final int layers;
  private final Parameter coefficients;
  private final Parameter first;
  private final Parameter second;
  private final Parameter criterion;

  /**
   * @param units kept in each layer; at most as many as there are pairs of inputs, and of units
   */
  Gmdh(int units, int layers) {
    this.units = units;
    this.layers = layers;
    coefficients = parameter("coefficients", Initializer.ZEROS, layers, units, TERMS);
    first = state("first", Initializer.ZEROS, layers, units);
    second = state("second", Initializer.ZEROS, layers, units);
    criterion = state("criterion", Initializer.constant(1e30), layers);
  }

  /**
   * Makes one layer on top of those before it: fits every pair's polynomial to the targets by least squares, keeps the
   * units that are best on data not fitted to, the external criterion, best first.
   *
   * @param x [examples, inputs], fitted to, with targets y [examples]
   * @param heldX likewise, for the criterion
   * @return the mean squared error of the best unit on the held data
   */
  Tensor grow(StepContext c, int layer, Tensor x, Tensor y, Tensor heldX, Tensor heldY) {
    Tensor inner = seen(outputs(x, layer), x);
    Tensor heldInner = seen(outputs(heldX, layer), heldX);
    int width = Math.toIntExact(inner.dim(0));
    int pairs = width * (width - 1) / 2;
    double[] a = new double[pairs];
    double[] b = new double[pairs];
    int at = 0;
    for (int i = 0; i < width; i++) {
      for (int j = i + 1; j < width; j++) {
        a[at] = i;
        b[at++] = j;
      }
    }
    Tensor pairFirst = indices(x, a);
    Tensor pairSecond = indices(x, b);
    Tensor design = terms(inner, pairFirst, pairSecond);
    double n = x.dim(0);
    Tensor transposed = design.permute(0, 2, 1);
    Tensor equations = transposed.matmul(design).div(n).add(ridge(x));
    Tensor fitted = LinearSystems.solve(
        equations, transposed.matmul(y.reshape(1, -1, 1).broadcastTo(pairs, y.dim(0), 1)).squeeze(2).div(n));
    Tensor held = apply(terms(heldInner, pairFirst, pairSecond), fitted);
    Tensor errors = held.sub(heldY.expandDims(0)).square().mean(1);
    List<Tensor> best = errors.neg().topK(units);
    Tensor chosen = best.get(1);
    Tensor least = best.get(0).at(0, 0).neg();
    c.assign(coefficients, put(coefficients, layer, fitted.gather(chosen)));
    first.update(put(first, layer, pairFirst.cast(DType.F32).gather(chosen)));
    second.update(put(second, layer, pairSecond.cast(DType.F32).gather(chosen)));
    criterion.update(put(criterion, layer, least));
    return least;
  }

  /** x [examples, inputs] to the best unit's output, [examples]: that of the layer whose criterion is least. */
  Tensor apply(Tensor x) {
    List<Tensor> all = outputs(x, layers);
    List<Tensor> best = new ArrayList<>();
    for (Tensor layer : all) {
      best.add(layer.at(0, 0));
    }
    Tensor chosen = criterion.tensor().argMin(0).oneHot(layers, DType.F32);
    return Tensor.stack(0, best).mul(chosen.expandDims(1)).sum(0);
  }

  /** What the layer on top of {@code below} sees: [values, examples]. */
  private static Tensor seen(List<Tensor> below, Tensor x) {
    return below.isEmpty() ? x.transpose() : Tensor.concat(0, below.getLast(), x.transpose());
  }

  /** Each of the first {@code count} layers' outputs [units, examples]. */
  private List<Tensor> outputs(Tensor x, int count) {
    List<Tensor> all = new ArrayList<>();
    for (int layer = 0; layer < count; layer++) {
      Tensor a = first.tensor().at(0, layer).cast(DType.I32);
      Tensor b = second.tensor().at(0, layer).cast(DType.I32);
      all.add(apply(terms(seen(all, x), a, b), coefficients.tensor().at(0, layer)));
    }
    return all;
  }

  /** Of values [width, examples] and pairs of rows: [pairs, examples, 6]. */
  private static Tensor terms(Tensor values, Tensor first, Tensor second) {
    Tensor a = values.gather(first);
    Tensor b = values.gather(second);
    return Tensor.stack(2, List.of(a.like(1), a, b, a.mul(b), a.square(), b.square()));
  }

  /** Terms [units, examples, 6] with coefficients [units, 6]: [units, examples]. */
  private static Tensor apply(Tensor terms, Tensor coefficients) {
    return terms.mul(coefficients.expandDims(1)).sum(2);
  }

  private static Tensor indices(Tensor like, double[] values) {
    return Tensor.constant(like.builder(), Literal.of(TensorType.of(DType.I32, values.length), values));
  }

  private static Tensor ridge(Tensor like) {
    double[] diagonal = new double[TERMS * TERMS];
    for (int i = 0; i < TERMS; i++) {
      diagonal[i * TERMS + i] = RIDGE;
    }
    return Tensor.constant(like.builder(), Literal.of(TensorType.of(DType.F32, 1, TERMS, TERMS), diagonal));
  }

  /** The parameter with one layer's part replaced. */
  private Tensor put(Parameter all, int layer, Tensor part) {
    Tensor old = all.tensor();
    Tensor row = Tensor.iota(old.builder(), DType.I32, old.shape(), 0).equalTo(layer);
    return row.where(part.expandDims(0).broadcastTo(old.shape()), old);
  }

  /** The formula of the best unit of a layer, in terms of the layer before; for people. */
  static String describe(double[] coefficients, String a, String b) {
    return String.format(
        Locale.ROOT, "%.4f %+.4f %s %+.4f %s %+.4f %s %s %+.4f %s^2 %+.4f %s^2", coefficients[0], coefficients[1],
        a, coefficients[2], b, coefficients[3], a, b, coefficients[4], a, coefficients[5], b);
  }
}
