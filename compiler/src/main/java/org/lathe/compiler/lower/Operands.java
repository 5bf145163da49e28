package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Value;
import org.lathe.hal.spec.View;

/** The memory that a kernel reads, numbered as it is met; equal accesses share a number. */
final class Operands {

  /**
   * One operand.
   *
   * @param splat whether {@code value} is a constant of which only one element is stored
   */
  record Read(Value value, boolean splat) {}

  private record Key(Value value, View view) {}

  private final List<Read> reads = new ArrayList<>();
  private final List<View> views = new ArrayList<>();
  private final Map<Key, Integer> numbers = new HashMap<>();

  int add(Value value, boolean splat, View view) {
    Integer known = numbers.putIfAbsent(new Key(value, view), reads.size());
    if (known != null) {
      return known;
    }
    reads.add(new Read(value, splat));
    views.add(view);
    return reads.size() - 1;
  }

  List<Read> reads() {
    return reads;
  }

  List<View> views() {
    return views;
  }
}
