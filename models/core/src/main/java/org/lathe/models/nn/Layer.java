package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/** A function of one tensor, with or without parameters. */
@FunctionalInterface
public interface Layer {
  Tensor apply(Tensor x);
}
