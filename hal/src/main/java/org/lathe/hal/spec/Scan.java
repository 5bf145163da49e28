package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;

/**
 * A running combination along the middle axis of dense [outer, length, inner] data, from the first to the last element or,
 * if {@code reverse}, from the last to the first. {@code exclusive} leaves the element itself out: the first result is
 * the combiner's identity.
 *
 * @param combiner SUM, PRODUCT, MAX or MIN
 */
public record Scan(
    Combiner combiner, DType dtype, long outer, long length, long inner, boolean reverse, boolean exclusive)
    implements
      KernelSpec {
  public Scan {
    Check.sizes("a Scan", outer, length, inner);
    Check.combines("a Scan", combiner, dtype, length);
    Check.that(combiner != Combiner.ARGMAX && combiner != Combiner.ARGMIN, "a Scan does not combine indices");
  }

  @Override
  public List<Operand> inputs() {
    return List.of(new Operand(dtype, outer * length * inner));
  }

  @Override
  public List<Operand> outputs() {
    return inputs();
  }

  @Override
  public long operations() {
    return outer * length * inner;
  }

  @Override
  public boolean allowsInPlace(int input, int output) {
    return true;
  }
}
