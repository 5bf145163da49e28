package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lathe.hal.DType;

/**
 * A lowered loop body: instructions in topological order, each of kind f32, f64, i32, i64 or bool. Equal instructions
 * are one.
 */
final class Body {
  /** One instruction; operands that it lacks are -1. */
  record Ins(Op op, DType kind, int a, int b, int c, long imm, String name) {}

  private final List<Ins> code = new ArrayList<>();
  private final Map<Ins, Integer> positions = new HashMap<>();

  int size() {
    return code.size();
  }

  Ins at(int i) {
    return code.get(i);
  }

  DType kind(int i) {
    return code.get(i).kind();
  }

  private int add(Ins ins) {
    Integer old = positions.putIfAbsent(ins, code.size());
    if (old != null) {
      return old;
    }
    code.add(ins);
    return code.size() - 1;
  }

  int input(int slot, DType kind) {
    return add(new Ins(Op.INPUT, kind, -1, -1, -1, slot, ""));
  }

  int index(int slot) {
    return add(new Ins(Op.INDEX, DType.I32, -1, -1, -1, slot, ""));
  }

  int constant(DType kind, long imm) {
    return add(new Ins(Op.CONST, kind, -1, -1, -1, imm, ""));
  }

  int f32(double value) {
    return constant(DType.F32, Float.floatToRawIntBits((float) value));
  }

  int i32(int value) {
    return constant(DType.I32, value);
  }

  /** A floating or integer constant of the given kind. */
  int number(DType kind, double value) {
    return switch (kind) {
      case F32 -> f32(value);
      case F64 -> constant(kind, Double.doubleToRawLongBits(value));
      default -> constant(kind, (long) value);
    };
  }

  int unary(Op op, int a) {
    return add(new Ins(op, kind(a), a, -1, -1, 0, ""));
  }

  int binary(Op op, int a, int b) {
    return add(new Ins(op, kind(a), a, b, -1, 0, ""));
  }

  int compare(Op op, int a, int b) {
    return add(new Ins(op, DType.BOOL, a, b, -1, 0, ""));
  }

  int fma(int a, int b, int c) {
    return add(new Ins(Op.FMA, kind(a), a, b, c, 0, ""));
  }

  int select(int condition, int a, int b) {
    return a == b ? a : add(new Ins(Op.SELECT, kind(a), condition, a, b, 0, ""));
  }

  int convert(int a, DType kind) {
    return kind(a) == kind ? a : add(new Ins(Op.CONVERT, kind, a, -1, -1, 0, ""));
  }

  int bits(int a) {
    return add(new Ins(Op.BITS, DType.I32, a, -1, -1, 0, ""));
  }

  int fromBits(int a) {
    return add(new Ins(Op.FROM_BITS, DType.F32, a, -1, -1, 0, ""));
  }

  int call(String name, int a, int b) {
    return add(new Ins(Op.CALL, kind(a), a, b, -1, 0, name));
  }

  /** The polynomial with coefficients from the highest power down, by Horner's rule. */
  int polynomial(int x, double... highestFirst) {
    int p = number(kind(x), highestFirst[0]);
    for (int i = 1; i < highestFirst.length; i++) {
      p = fma(p, x, number(kind(x), highestFirst[i]));
    }
    return p;
  }
}
