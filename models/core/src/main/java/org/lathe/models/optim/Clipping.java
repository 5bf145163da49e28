package org.lathe.models.optim;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/** Bounds gradients before the optimiser sees them. */
@FunctionalInterface
public interface Clipping {
  Clipping NONE = gradients -> gradients;

  /** The bounded gradients, in the same order. */
  List<Tensor> apply(List<Tensor> gradients);

  /** Each element into [-limit, limit]. */
  static Clipping byValue(double limit) {
    return gradients -> gradients.stream().map(g -> g.clamp(-limit, limit)).toList();
  }

  /** All gradients by one factor, so that their common Euclidean norm is at most {@code limit} (Pascanu et al. 2013). */
  static Clipping byGlobalNorm(double limit) {
    return gradients -> {
      Tensor factor = globalNorm(gradients).maximum(limit).reciprocal().mul(limit);
      return gradients.stream().map(g -> g.mul(factor)).toList();
    };
  }

  /** The Euclidean norm of all elements of all tensors, a scalar. */
  static Tensor globalNorm(List<Tensor> tensors) {
    return tensors.stream().map(t -> t.square().sum()).reduce(Tensor::add).orElseThrow().sqrt();
  }
}
