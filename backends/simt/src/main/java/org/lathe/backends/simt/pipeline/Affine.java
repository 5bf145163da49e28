package org.lathe.backends.simt.pipeline;

import java.util.HashMap;
import java.util.Map;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/**
 * An index as a sum of multiples and a constant. A term is a loop's counter, or any other value that is no such sum
 * itself; equal terms have the same value at the same point of a run.
 */
record Affine(Map<Value, Long> terms, long constant) {
  Affine {
    terms = Map.copyOf(terms);
  }

  static Affine of(long constant) {
    return new Affine(Map.of(), constant);
  }

  static Affine term(Value value) {
    return new Affine(Map.of(value, 1L), 0);
  }

  /** Of an integer, where {@code names} says what is behind the variables that never change after they are made. */
  static Affine of(Value value, Map<Variable, Affine> names) {
    return switch (value) {
      case Value.Constant c -> of(c.bits());
      case Value.Read r -> names.getOrDefault(r.variable(), term(r));
      case Value.Cast(Value a, DType to) when to == DType.I64 && a.type().dtype() == DType.I32 -> of(a, names);
      case Value.Binary b when b.exact() && b.op() == BinaryOp.ADD -> of(b.a(), names).plus(of(b.b(), names), 1);
      case Value.Binary b when b.exact() && b.op() == BinaryOp.SUB -> of(b.a(), names).plus(of(b.b(), names), -1);
      case Value.Binary b when b.exact() && b.op() == BinaryOp.MUL -> {
        Affine x = of(b.a(), names);
        Affine y = of(b.b(), names);
        yield y.terms.isEmpty() ? x.times(y.constant) : x.terms.isEmpty() ? y.times(x.constant) : term(value);
      }
      default -> term(value);
    };
  }

  Affine plus(Affine other, long times) {
    Map<Value, Long> sum = new HashMap<>(terms);
    other.terms.forEach((t, c) -> sum.merge(t, c * times, (a, b) -> a + b == 0 ? null : a + b));
    return new Affine(sum, constant + other.constant * times);
  }

  private Affine times(long factor) {
    if (factor == 0) {
      return of(0);
    }
    Map<Value, Long> product = new HashMap<>();
    terms.forEach((t, c) -> product.put(t, c * factor));
    return new Affine(product, constant * factor);
  }

  long coefficient(Variable counter) {
    return terms.getOrDefault(new Value.Read(counter), 0L);
  }

  /** Without the parts that {@code counters} and the constant make. */
  Map<Value, Long> without(Iterable<Variable> counters) {
    Map<Value, Long> rest = new HashMap<>(terms);
    counters.forEach(c -> rest.remove(new Value.Read(c)));
    return rest;
  }
}
