package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * A batched matrix product: for each point of {@code batch}, {@code c[i, j] = sum over k of a[i, k] * b[k, j]}, then the
 * epilogue over {@code batch ++ [m, n]}. Any transposition or broadcast of the operands is in the strides.
 *
 * <p>Input 0 is {@code a}, input 1 is {@code b}, further ones are the epilogue's. The sum is of type {@code
 * a.dtype().compute()}; f32 accumulates in f32. With {@code k = 0} the sum is 0.
 *
 * @param a over {@code batch ++ [m, k]}
 * @param b over {@code batch ++ [k, n]}, of the same dtype as {@code a}
 */
public record Contraction(Dims batch, long m, long n, long k, View a, View b, Epilogue epilogue)
    implements
      KernelSpec {
  public Contraction {
    Check.views("a Contraction's first factor", List.of(a), batch.append(Dims.of(m, k)));
    Check.views("a Contraction's second factor", List.of(b), batch.append(Dims.of(k, n)));
    Check.noGuards("a Contraction's factor", a, b);
    Check.that(a.dtype() == b.dtype(), "a Contraction of " + a.dtype() + " and " + b.dtype());
    Check.that(a.dtype() != DType.BOOL, "a Contraction of bool");
    epilogue.check(a.dtype().compute(), batch.append(Dims.of(m, n)));
  }

  public DType accumulator() {
    return a.dtype().compute();
  }

  /** The output space, {@code batch ++ [m, n]}. */
  public Dims space() {
    return batch.append(Dims.of(m, n));
  }

  @Override
  public List<Operand> inputs() {
    return Check.concat(
        List.of(
            new Operand(a.dtype(), a.span(batch.append(Dims.of(m, k)))),
            new Operand(b.dtype(), b.span(batch.append(Dims.of(k, n))))),
        epilogue.inputOperands(space()));
  }

  @Override
  public List<Operand> outputs() {
    return epilogue.outputOperands(space());
  }

  @Override
  public long operations() {
    return batch.product() * m * n * (2 * k + epilogue.expr().operations());
  }

  @Override
  public boolean allowsInPlace(int input, int output) {
    return input >= 2 && epilogue.inputs().get(input - 2).equals(epilogue.outputs().get(output));
  }
}
