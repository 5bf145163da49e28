package org.lathe.models.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;

/**
 * A part of a model: parameters and other modules, each under a name. Subclasses make them in their constructor and use
 * them in a method that takes and gives tensors.
 *
 * <p>The full names, such as {@code encoder.0.weight}, are the model's interface to checkpoints: they do not change.
 */
public abstract class Module {
  private final Map<String, Parameter> own = new LinkedHashMap<>();
  private final Map<String, Module> children = new LinkedHashMap<>();

  /** A trained f32 parameter. */
  protected final Parameter parameter(String name, Initializer initializer, long... shape) {
    return add(new Parameter(name, TensorType.of(DType.F32, shape), initializer, true));
  }

  /** An f32 state that is not trained; see {@link Parameter#update}. */
  protected final Parameter state(String name, Initializer initializer, long... shape) {
    return add(new Parameter(name, TensorType.of(DType.F32, shape), initializer, false));
  }

  private Parameter add(Parameter p) {
    checkFree(p.name());
    own.put(p.name(), p);
    return p;
  }

  /** Makes {@code module} a part of this one. */
  protected final <M extends Module> M child(String name, M module) {
    checkFree(name);
    children.put(name, module);
    return module;
  }

  /** Makes each of {@code modules} a part, named {@code name.0}, {@code name.1}, ... */
  protected final <M extends Module> List<M> children(String name, List<? extends M> modules) {
    List<M> list = new ArrayList<>();
    for (M m : modules) {
      list.add(child(name + "." + list.size(), m));
    }
    return Collections.unmodifiableList(list);
  }

  private void checkFree(String name) {
    if (own.containsKey(name) || children.containsKey(name)) {
      throw new IllegalArgumentException(getClass().getSimpleName() + " has two parts named '" + name + "'");
    }
  }

  /** All parameters of this module and its parts by full name, in the order in which they were made. */
  public final Map<String, Parameter> parameters() {
    Map<String, Parameter> all = new LinkedHashMap<>();
    collect("", all);
    return Collections.unmodifiableMap(all);
  }

  private void collect(String prefix, Map<String, Parameter> all) {
    own.forEach((name, p) -> all.put(prefix + name, p));
    children.forEach((name, m) -> m.collect(prefix + name + ".", all));
  }

  /** The number of trained values. */
  public final long parameterCount() {
    return parameters().values().stream().filter(Parameter::isTrained).mapToLong(p -> p.type().size()).sum();
  }
}
