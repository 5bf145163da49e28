package org.lathe.models.nn;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;

/**
 * One forward pass while it is traced: which tensor stands for each parameter, whether the model is in training, and
 * where random numbers come from. Modules reach it through {@link #current}; it belongs to one thread.
 */
public final class Forward {
  private static final ScopedValue<Forward> CURRENT = ScopedValue.newInstance();

  private final Map<Parameter, Tensor> values = new LinkedHashMap<>();
  private final Map<Parameter, Tensor> updates = new LinkedHashMap<>();
  private final boolean training;
  private final @Nullable Tensor key;

  /**
   * @param values what stands for each parameter
   * @param training whether dropout drops and batch norm uses its batch
   * @param key i64 [2], the source of the pass's random numbers; null if it may draw none
   */
  public Forward(Map<Parameter, Tensor> values, boolean training, @Nullable Tensor key) {
    this.values.putAll(values);
    this.training = training;
    this.key = key;
  }

  /** The pass being traced by this thread. */
  public static Forward current() {
    if (!CURRENT.isBound()) {
      throw new IllegalStateException("a module was called outside of a forward pass; call it in Forward.run, or through a Trainer");
    }
    return CURRENT.get();
  }

  /** Runs {@code body} with this as the current pass. */
  public <T> T run(Supplier<T> body) {
    return ScopedValue.where(CURRENT, this).call(body::get);
  }

  public boolean isTraining() {
    return training;
  }

  /** The key that random ops draw from; ops of one key differ by their stream. */
  public Tensor key() {
    if (key == null) {
      throw new IllegalStateException("this forward pass has no random key; dropout and sampling need one");
    }
    return key;
  }

  /** The parameter's value, after any update in this pass. */
  Tensor value(Parameter parameter) {
    Tensor updated = updates.get(parameter);
    if (updated != null) {
      return updated;
    }
    Tensor value = values.get(parameter);
    if (value == null) {
      throw new IllegalStateException(
          "parameter '" + parameter.name() + "' is not of the model being traced; make it with Module.parameter, and modules with Module.child");
    }
    return value;
  }

  void update(Parameter state, Tensor value) {
    if (!value.type().equals(state.type())) {
      throw new IllegalArgumentException("state '" + state.name() + "' is " + state.type() + ", its update is " + value.type());
    }
    updates.put(state, value);
  }

  /** The state that the pass has changed. */
  public Map<Parameter, Tensor> updates() {
    return Map.copyOf(updates);
  }
}
