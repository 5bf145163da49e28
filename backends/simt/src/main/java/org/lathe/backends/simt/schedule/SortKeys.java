package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** Integers in the order of elements: -0 and 0 are equal, NaN comes last in both directions. */
final class SortKeys {
  private SortKeys() {}

  /** i64 for the types of eight bytes, else i32. */
  static DType type(DType elements) {
    return elements.bytes() == Long.BYTES ? DType.I64 : DType.I32;
  }

  /** The key that no other comes after. */
  static Value last(DType key) {
    return new Value.Constant(org.lathe.backends.simt.ir.Type.of(key),
        key == DType.I64 ? Long.MAX_VALUE : Integer.MAX_VALUE);
  }

  /** The key of an element, which is of its compute type. */
  static Value key(KernelBuilder k, Value element, boolean descending) {
    DType dtype = element.type().dtype();
    DType key = type(dtype);
    if (!dtype.isFloating()) {
      Value wide = Values.cast(element, key);
      return k.let("key", descending ? not(wide) : wide);
    }
    Value bits = k.let("bits", Values.bits(element, key));
    // Of negative numbers the larger magnitude comes first; -0 becomes 0.
    Value magnitude = Values.binary(BinaryOp.AND, bits, last(key));
    Value zero = Values.cast(Values.index(0), key);
    Value ordered = Values.select(Values.binary(BinaryOp.LT, bits, zero),
        Values.binary(BinaryOp.SUB, zero, magnitude), bits);
    Value directed = descending ? Values.binary(BinaryOp.SUB, zero, ordered) : ordered;
    return k.let("key", Values.select(Values.unary(UnaryOp.IS_NAN, element), last(key), directed));
  }

  private static Value not(Value x) {
    return Values.binary(BinaryOp.XOR, x, Values.cast(Values.index(-1), x.type().dtype()));
  }

  /** Whether the first of two keys with their positions comes after the second. */
  static Value after(Value key, Value position, Value otherKey, Value otherPosition) {
    return Values.binary(BinaryOp.OR, Values.binary(BinaryOp.GT, key, otherKey),
        Values.binary(BinaryOp.AND, Values.binary(BinaryOp.EQ, key, otherKey),
            Values.binary(BinaryOp.GT, position, otherPosition)));
  }
}
