package org.lathe.models.nn;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * One forward pass while it is traced: which tensor stands for each parameter, whether the model is in training, and
 * where random numbers come from. Modules reach it through {@link #current}; it belongs to one thread.
 */
public final class Forward {
  private static final ScopedValue<Forward> CURRENT = ScopedValue.newInstance();

  private final Function<Parameter, Tensor> values;
  private final Map<Parameter, Tensor> updates = new LinkedHashMap<>();
  private final boolean training;
  private final @Nullable Supplier<Tensor> key;
  private @Nullable RandomKey random;

  /**
   * @param values what stands for each parameter; throws for one that is not of the model
   * @param training whether dropout drops and batch norm uses its batch
   * @param key i64 [2], the source of the pass's random numbers, asked for at the first draw; null if it may draw none
   */
  public Forward(Function<Parameter, Tensor> values, boolean training, @Nullable Supplier<Tensor> key) {
    this.values = values;
    this.training = training;
    this.key = key;
  }

  /** The pass being traced by this thread. */
  public static Forward current() {
    if (!CURRENT.isBound()) {
      throw new IllegalStateException(
          "a module was called outside of a forward pass; call it in Forward.run, or in a step's body");
    }
    return CURRENT.get();
  }

  /** Runs {@code body} with this as the current pass. */
  public <T> T run(Supplier<T> body) {
    return ScopedValue.where(CURRENT, this).call(body::get);
  }

  /**
   * Runs {@code body} as an inference within this pass, over the same parameters: nothing drops, batch norm uses its running
   * means. For a part of a model that is frozen while another learns.
   */
  public <T> T inferring(Supplier<T> body) {
    return inferring(Map.of(), body);
  }

  /** As {@link #inferring(Supplier)}, with other parameters of the same types in the place of some. */
  public <T> T inferring(Map<Parameter, Parameter> instead, Supplier<T> body) {
    return new Forward(p -> value(instead.getOrDefault(p, p)), false, key).run(body);
  }

  public boolean isTraining() {
    return training;
  }

  /** Fresh f32 numbers, uniform in [0, 1), other ones for each draw and each run. */
  public Tensor uniform(Dims shape) {
    return random().uniform(DType.F32, shape.toArray());
  }

  /** Fresh f32 numbers of the standard normal distribution, other ones for each draw and each run. */
  public Tensor normal(Dims shape) {
    return random().normal(DType.F32, shape.toArray());
  }

  /** Fresh bools that are true with this probability, other ones for each draw and each run. */
  public Tensor bernoulli(double probability, Dims shape) {
    return random().bernoulli(probability, shape.toArray());
  }

  /** The source of the pass's random numbers; in the body of a loop use {@link RandomKey#at}. */
  public RandomKey random() {
    if (random == null) {
      if (key == null) {
        throw new IllegalStateException("this forward pass has no random key; dropout and sampling need one");
      }
      random = new RandomKey(key.get());
    }
    return random;
  }

  /** The parameter's value, after any update in this pass. */
  public Tensor value(Parameter parameter) {
    Tensor updated = updates.get(parameter);
    return updated != null ? updated : values.apply(parameter);
  }

  /** Sets what stands for the parameter from now on: an optimiser's new weights, or new state. */
  public void update(Parameter parameter, Tensor value) {
    if (!value.type().equals(parameter.type())) {
      throw new IllegalArgumentException(
          "'" + parameter.name() + "' is " + parameter.type() + ", its update is " + value.type());
    }
    updates.put(parameter, value);
  }

  /** What the pass has changed, in the order of the first change. */
  public Map<Parameter, Tensor> updates() {
    return Collections.unmodifiableMap(updates);
  }
}
