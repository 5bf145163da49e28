package org.lathe.backends.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Operand;
import org.lathe.reference.Elements;
import org.lathe.reference.Scalar;

/** Native memory, by its address, as the reference sees it. */
final class At {
  private At() {}

  static Elements elements(DType type, long address, long count) {
    return new Elements(type, MemorySegment.ofAddress(address).reinterpret(count * type.bytes()));
  }

  /** Memory at each of these addresses from {@code first} on for the operands. */
  static List<Elements> elements(List<Operand> operands, long[] addresses, int first) {
    List<Elements> all = new ArrayList<>();
    for (int i = 0; i < operands.size(); i++) {
      all.add(elements(operands.get(i).dtype(), addresses[first + i], operands.get(i).elements()));
    }
    return all;
  }

  static Scalar load(DType type, long address) {
    return elements(type, address, 1).get(0);
  }

  static void store(DType type, long address, Scalar value) {
    elements(type, address, 1).set(0, value);
  }
}
