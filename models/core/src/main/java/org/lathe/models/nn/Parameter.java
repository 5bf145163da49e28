package org.lathe.models.nn;

import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;

/**
 * An array that a module owns: a weight that is trained, or state that forward passes update (a running mean).
 *
 * <p>Holds no data. While a model is traced, {@link #tensor} stands for its value; the values themselves live on a
 * device, in a {@code ModelState}.
 */
public final class Parameter {
  private final String name;
  private final TensorType type;
  private final Initializer initializer;
  private final boolean trained;

  Parameter(String name, TensorType type, Initializer initializer, boolean trained) {
    this.name = name;
    this.type = type;
    this.initializer = initializer;
    this.trained = trained;
  }

  /** Its name within its module, such as {@code weight}; the full name is the path of modules to it. */
  public String name() {
    return name;
  }

  public TensorType type() {
    return type;
  }

  public Initializer initializer() {
    return initializer;
  }

  /** Whether optimisers change it; otherwise only {@link #update} does. */
  public boolean isTrained() {
    return trained;
  }

  /** Its value in the forward pass that is being traced. */
  public Tensor tensor() {
    return Forward.current().value(this);
  }

  /** Sets its value after the forward pass that is being traced. Only for state. */
  public void update(Tensor value) {
    if (trained) {
      throw new IllegalStateException("parameter '" + name + "' is trained: only an optimiser updates it");
    }
    Forward.current().update(this, value);
  }
}
