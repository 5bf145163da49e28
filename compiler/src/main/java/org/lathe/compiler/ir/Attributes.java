package org.lathe.compiler.ir;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * The parameters of a node, by name. Values are Long, Double, Boolean, String, {@link Dims}, {@link DType}, {@link
 * Literal} or {@link Graph}. Immutable; compared by value.
 */
public final class Attributes {
  public static final Attributes NONE = new Attributes(new TreeMap<>());
  private final TreeMap<String, Object> values;

  private Attributes(TreeMap<String, Object> values) {
    this.values = values;
  }

  public static Attributes of(String name, Object value) {
    return NONE.with(name, value);
  }

  public static Attributes of(String name1, Object value1, String name2, Object value2) {
    return of(name1, value1).with(name2, value2);
  }

  /** A copy with one more value. An Integer is kept as a Long. */
  public Attributes with(String name, Object value) {
    Object v = value instanceof Integer i ? Long.valueOf(i) : value;
    if (!(v instanceof Long
        || v instanceof Double
        || v instanceof Boolean
        || v instanceof String
        || v instanceof Dims
        || v instanceof DType
        || v instanceof Literal
        || v instanceof Graph)) {
      throw new IllegalArgumentException("attribute '" + name + "' cannot be a " + v.getClass().getSimpleName());
    }
    TreeMap<String, Object> copy = new TreeMap<>(values);
    copy.put(name, v);
    return new Attributes(copy);
  }

  /** By name, in alphabetical order. */
  public Map<String, Object> asMap() {
    return Collections.unmodifiableMap(values);
  }

  public boolean has(String name) {
    return values.containsKey(name);
  }

  public long integer(String name) {
    return get(name, Long.class);
  }

  public double real(String name) {
    return get(name, Double.class);
  }

  public boolean flag(String name) {
    return get(name, Boolean.class);
  }

  public String text(String name) {
    return get(name, String.class);
  }

  public Dims dims(String name) {
    return get(name, Dims.class);
  }

  public DType dtype(String name) {
    return get(name, DType.class);
  }

  public Literal literal(String name) {
    return get(name, Literal.class);
  }

  public Graph graph(String name) {
    return get(name, Graph.class);
  }

  private <T> T get(String name, Class<T> type) {
    Object v = values.get(name);
    if (v == null) {
      throw new IllegalArgumentException("no attribute '" + name + "' among " + values.keySet());
    }
    return type.cast(v);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Attributes a && values.equals(a.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
