package org.lathe.models.optim;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/** A penalty on weights that is added to the loss. Biases and scales, of rank below 2, are left alone. */
@FunctionalInterface
public interface Regularizer {
  /** The penalty of one weight, a scalar. */
  Tensor of(Tensor weight);

  /** {@code strength * sum |w|}. */
  static Regularizer l1(double strength) {
    return w -> w.abs().sum().mul(strength);
  }

  /** {@code strength * sum w^2}. */
  static Regularizer l2(double strength) {
    return w -> w.square().sum().mul(strength);
  }

  /**
   * {@code strength} times the squared products of different filters (Brock, Donahue and Simonyan 2019): how far they are from
   * being orthogonal, whatever their lengths. Filters are the rows of [out, ..], and the columns of a matrix [in, out].
   */
  static Regularizer orthogonal(double strength) {
    return w -> {
      Tensor rows = w.rank() == 2 ? w.transpose() : w.flatten(1);
      Tensor lengths = rows.square().sum(1);
      Tensor products = rows.matmul(rows.transpose());
      return products.square().sum().sub(lengths.square().sum()).mul(strength);
    };
  }

  /** {@code loss} and the penalties of all {@code parameters}. */
  default Tensor addTo(Tensor loss, List<Tensor> parameters) {
    return parameters.stream().filter(p -> p.rank() >= 2).map(this::of).reduce(loss, Tensor::add);
  }
}
