package org.lathe.hal.spec;

import java.util.List;
import org.lathe.hal.DType;

/** A copy of {@code bytes} bytes. */
public record Copy(long bytes) implements KernelSpec {
  public Copy {
    Check.sizes("a Copy", bytes);
  }

  @Override
  public List<Operand> inputs() {
    return List.of(new Operand(DType.U8, bytes));
  }

  @Override
  public List<Operand> outputs() {
    return inputs();
  }

  @Override
  public long operations() {
    return 0;
  }
}
