package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;

/**
 * Counter-based random bits, the same on every backend: Philox4x32-10 (Salmon et al. 2011).
 *
 * <p>Input: i64 [2] = (key, stream). Output: i32 [count]; word {@code w} of block {@code b} is element {@code 4*b + w},
 * where block b is Philox4x32-10 with counter words (low b, high b, low stream, high stream) and key words (low key,
 * high key).
 */
public record RandomBits(long count) implements KernelSpec {
  public RandomBits {
    Check.sizes("RandomBits", count);
  }

  @Override
  public List<Operand> inputs() {
    return List.of(new Operand(DType.I64, 2));
  }

  @Override
  public List<Operand> outputs() {
    return List.of(new Operand(DType.I32, count));
  }

  @Override
  public long operations() {
    return count * 25;
  }
}
