package org.lathe.backends.simt.bytecode;

import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.hal.expr.UnaryOp;

/** What the frameworks have different words for. Each method writes code; values are pushed on the operand stack. */
interface Dialect {
  void pushId(MethodWriter m, Value.Id id);

  void pushArgument(MethodWriter m, Parameter.Scalar parameter);

  /** Pushes the element, widened to the memory's compute type. */
  void pushLoad(MethodWriter m, Memory memory, Value index);

  void store(MethodWriter m, Memory memory, Value index, Value value);

  void barrier(MethodWriter m);

  /** Whether it is told what a comparison of a NaN gives; else only those hold with it that hold for every compiler. */
  default boolean knowsUnordered() {
    return true;
  }

  /** {@code a * b + c}. */
  void pushMultiplyAdd(MethodWriter m, Value.MultiplyAdd value);

  void pushBits(MethodWriter m, Value.Bits value);

  /** Functions of one floating value that are neither comparisons nor arithmetic. */
  void pushFunction(MethodWriter m, UnaryOp op, Value a);

  /** A power or a remainder of floating values. */
  void pushFunction(MethodWriter m, Value.Binary value);

  /** A floating value as an i32 or i64: truncated, saturated, 0 for NaN. */
  void pushToInteger(MethodWriter m, Value.Cast value);

  /** The larger or smaller of two floating values: NaN if either is, -0 below 0. */
  void pushExtreme(MethodWriter m, Value.Binary value);

  /** Pushes an int that compares with 0 as the longs compare with each other. */
  void pushLongComparison(MethodWriter m, Value a, Value b);

  /** A sum, difference or product of i32 or i64, or a shift to the left, which wraps. */
  void pushWrapping(MethodWriter m, Value.Binary value);
}
