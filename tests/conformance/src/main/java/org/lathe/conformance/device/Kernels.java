package org.lathe.conformance.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Bytes;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.View;

/** The few kernels of which the suite's programs are made. */
final class Kernels {
  private static final DType F32 = DType.F32;

  private Kernels() {}

  static BufferDecl floats(String name, Role role, long n) {
    return new BufferDecl(name, role, 4 * n, null);
  }

  static BufferDecl constant(String name, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new BufferDecl(name, Role.CONSTANT, bytes.capacity(), Bytes.of(bytes.array()));
  }

  /** {@code n} floats from byte {@code offset} on, moving by {@code steps} bytes in the loops around. */
  static Slice at(int buffer, long offset, long n, long... steps) {
    return new Slice(buffer, offset, 4 * n, Dims.of(steps));
  }

  /** Hands floats through. A Map, so that most cases need no other kernel. */
  static Step copy(Slice from, Slice to) {
    return map("copy", Expr.identity(F32), from.bytes() / 4, to, from);
  }

  static Step copyBytes(Slice from, Slice to) {
    return new Step.Dispatch(new Copy(from.bytes()), List.of(from), List.of(to), "copy bytes");
  }

  private static Step map(String label, Expr expr, long n, Slice out, Slice... in) {
    List<View> inputs = Collections.nCopies(in.length, View.of(F32, 1));
    View output = View.of(expr.resultType(0), 1);
    return new Step.Dispatch(new Map(Dims.of(n), inputs, expr, List.of(output)), Arrays.asList(in), List.of(out),
        label);
  }

  static Step binary(BinaryOp op, long n, Slice a, Slice b, Slice out) {
    Expr.Builder e = Expr.builder();
    return map(op.name(), e.build(List.of(e.binary(op, e.input(0, F32), e.input(1, F32)))), n, out, a, b);
  }

  static Step unary(UnaryOp op, long n, Slice a, Slice out) {
    Expr.Builder e = Expr.builder();
    return map(op.name(), e.build(List.of(e.unary(op, e.input(0, F32)))), n, out, a);
  }

  static Step fill(double value, long n, Slice out) {
    Expr.Builder e = Expr.builder();
    return map("fill", e.build(List.of(e.constant(F32, value))), n, out);
  }

  static Step addConstant(double value, long n, Slice a, Slice out) {
    Expr.Builder e = Expr.builder();
    return map("add " + value, e.build(List.of(e.binary(BinaryOp.ADD, e.input(0, F32), e.constant(F32, value)))), n,
        out, a);
  }

  /** One bool: whether the first element is below 0. */
  static Step isNegative(Slice a, Slice out) {
    Expr.Builder e = Expr.builder();
    return map("is negative", e.build(List.of(e.binary(BinaryOp.LT, e.input(0, F32), e.constant(F32, 0)))), 1, out, a);
  }

  static Step sum(long n, Slice a, Slice out) {
    Reduce reduce = new Reduce(
        Dims.of(),
        Dims.of(n),
        List.of(View.of(F32, 1)),
        Expr.identity(F32),
        List.of(Combiner.SUM),
        List.of(),
        Expr.identity(F32),
        List.of(View.of(F32)));
    return new Step.Dispatch(reduce, List.of(a), List.of(out), "sum");
  }
}
