package org.lathe.compiler.lower;

import java.util.List;
import org.lathe.compiler.ir.Value;
import org.lathe.hal.spec.KernelSpec;

/**
 * A kernel with its operands by name: memory has not been placed yet.
 *
 * @param stored the values that the outputs hold; a part of a concatenation stores into the joined value
 */
record Kernel(KernelSpec spec, List<Operands.Read> reads, List<Value> stored, int cost) {
  Kernel {
    reads = List.copyOf(reads);
    stored = List.copyOf(stored);
  }
}
