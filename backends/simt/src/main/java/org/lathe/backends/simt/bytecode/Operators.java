package org.lathe.backends.simt.bytecode;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.OperatorInstruction;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** Operators as bytecode, where all dialects say the same. */
record Operators(MethodWriter m, Dialect dialect) {

  void push(Value.Unary u) {
    Value a = u.a();
    DType dtype = a.type().dtype();
    switch (u.op()) {
      case NEG -> negate(a);
      case ABS -> {
        if (dtype.isFloating()) {
          dialect.pushFunction(m, UnaryOp.ABS, a);
        } else if (dtype == DType.U8) {
          m.push(a);
        } else {
          m.functions().call(m, m.functions().absolute(dtype), a);
        }
      }
      case SIGN -> m.functions().call(m, m.functions().sign(dtype), a);
      case RECIPROCAL -> plain(BinaryOp.DIV, Values.constant(dtype, 1), a);
      case NOT -> not(a);
      case IS_NAN -> m.functions().call(m, m.functions().isNan(dtype), a);
      case IS_FINITE -> m.functions().call(m, m.functions().isFinite(dtype), a);
      case SIGMOID -> m.functions().call(m, m.functions().sigmoid(dtype), a);
      case SQRT, RSQRT, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, ERF, FLOOR, CEIL, ROUND ->
        dialect.pushFunction(m, u.op(), a);
    }
  }

  /** As a difference: C takes two minus signs that meet for something else. */
  private void negate(Value a) {
    DType dtype = a.type().dtype();
    switch (dtype) {
      case F32, F64 -> plain(BinaryOp.SUB, Values.constant(dtype, -0.0), a);
      case U8 -> plain(BinaryOp.SUB, Values.constant(dtype, 0), a);
      default -> dialect.pushWrapping(
          m, new Value.Binary(BinaryOp.SUB, Values.constant(dtype, 0), a, a.type(), false));
    }
  }

  /** Whether the dialect would take the comparison for the opposite of another one. */
  static boolean isUnordered(Value.Binary b, Dialect dialect) {
    return (b.op() == BinaryOp.LE || b.op() == BinaryOp.GE) && b.a().type().dtype().isFloating()
        && !dialect.knowsUnordered();
  }

  void push(Value.Binary b) {
    DType dtype = b.a().type().dtype();
    boolean wraps = !b.exact() && (dtype == DType.I32 || dtype == DType.I64);
    if (dtype == DType.BOOL) {
      logic(b);
    } else if (b.op().isComparison()) {
      m.functions().call(
          m, isUnordered(b, dialect)
              ? m.functions().orderedComparison(b.op(), dtype)
              : m.functions().comparison(b.op(), dtype),
          b.a(), b.b());
    } else {
      switch (b.op()) {
        case ADD, SUB, MUL -> {
          if (wraps) {
            dialect.pushWrapping(m, b);
          } else {
            plain(b.op(), b.a(), b.b());
          }
        }
        case DIV -> {
          if (dtype.isFloating() || isSafeDivisor(b.b())) {
            plain(b.op(), b.a(), b.b());
          } else {
            m.functions().call(m, m.functions().quotient(dtype), b.a(), b.b());
          }
        }
        case REM -> {
          if (dtype.isFloating()) {
            dialect.pushFunction(m, b);
          } else if (isSafeDivisor(b.b())) {
            plain(b.op(), b.a(), b.b());
          } else {
            m.functions().call(m, m.functions().remainder(dtype), b.a(), b.b());
          }
        }
        case POW -> dialect.pushFunction(m, b);
        case MAX, MIN -> {
          if (dtype.isFloating()) {
            dialect.pushExtreme(m, b);
          } else {
            m.functions().call(m, m.functions().extreme(b.op(), dtype), b.a(), b.b());
          }
        }
        case AND, OR, XOR -> plain(b.op(), b.a(), b.b());
        case SHL -> dialect.pushWrapping(m, b);
        case SHR -> shiftRight(b.a(), b.b());
        default -> throw new IllegalStateException(b.op() + " of " + dtype);
      }
    }
  }

  private boolean isSafeDivisor(Value divisor) {
    return m.isTrusted() || divisor instanceof Value.Constant c && c.bits() != 0 && c.bits() != -1;
  }

  /** One instruction on both operands. */
  void plain(BinaryOp op, Value a, Value b) {
    m.push(a);
    m.push(b);
    if (op == BinaryOp.SHL && b.type().dtype() == DType.I64) {
      m.code().l2i();
    }
    m.code().with(OperatorInstruction.of(opcode(op, a.type().dtype())));
    if (a.type().dtype() == DType.U8) {
      m.code().loadConstant(0xff).iand();
    }
  }

  static Opcode opcode(BinaryOp op, DType dtype) {
    return switch (dtype) {
      case F32 -> switch (op) {
        case ADD -> Opcode.FADD;
        case SUB -> Opcode.FSUB;
        case MUL -> Opcode.FMUL;
        case DIV -> Opcode.FDIV;
        default -> throw new IllegalStateException(op + " of f32");
      };
      case F64 -> switch (op) {
        case ADD -> Opcode.DADD;
        case SUB -> Opcode.DSUB;
        case MUL -> Opcode.DMUL;
        case DIV -> Opcode.DDIV;
        default -> throw new IllegalStateException(op + " of f64");
      };
      case I64 -> switch (op) {
        case ADD -> Opcode.LADD;
        case SUB -> Opcode.LSUB;
        case MUL -> Opcode.LMUL;
        case DIV -> Opcode.LDIV;
        case REM -> Opcode.LREM;
        case AND -> Opcode.LAND;
        case OR -> Opcode.LOR;
        case XOR -> Opcode.LXOR;
        case SHL -> Opcode.LSHL;
        default -> throw new IllegalStateException(op + " of i64");
      };
      default -> switch (op) {
        case ADD -> Opcode.IADD;
        case SUB -> Opcode.ISUB;
        case MUL -> Opcode.IMUL;
        case DIV -> Opcode.IDIV;
        case REM -> Opcode.IREM;
        case AND -> Opcode.IAND;
        case OR -> Opcode.IOR;
        case XOR -> Opcode.IXOR;
        case SHL -> Opcode.ISHL;
        default -> throw new IllegalStateException(op + " of " + dtype);
      };
    };
  }

  /** An arithmetic shift, whose copies of the sign are masked out. */
  private void shiftRight(Value a, Value b) {
    boolean wide = a.type().dtype() == DType.I64;
    int bits = wide ? 64 : 32;
    CodeBuilder code = m.code();
    m.push(a);
    if (b instanceof Value.Constant c) {
      int by = (int) (c.bits() & (bits - 1));
      if (by != 0) {
        code.loadConstant(by);
        if (wide) {
          code.lshr().loadConstant(-1L >>> by).land();
        } else {
          code.ishr().loadConstant(-1 >>> by).iand();
        }
      }
      return;
    }
    pushShift(b, bits);
    if (wide) {
      code.lshr().loadConstant(-2L).loadConstant(bits - 1);
    } else {
      code.ishr().loadConstant(-2).loadConstant(bits - 1);
    }
    pushShift(b, bits);
    code.isub();
    if (wide) {
      code.lshl().loadConstant(-1L).lxor().land();
    } else {
      code.ishl().loadConstant(-1).ixor().iand();
    }
  }

  private void pushShift(Value by, int bits) {
    m.pushIndex(by);
    m.code().loadConstant(bits - 1).iand();
  }

  /** Bools: 0 and 1. */
  private void logic(Value.Binary b) {
    boolean notA = b.op() == BinaryOp.LT || b.op() == BinaryOp.LE;
    boolean notB = b.op() == BinaryOp.GT || b.op() == BinaryOp.GE;
    if (notA) {
      not(b.a());
    } else {
      m.push(b.a());
    }
    if (notB) {
      not(b.b());
    } else {
      m.push(b.b());
    }
    switch (b.op()) {
      case AND, MIN, LT, GT -> m.code().iand();
      case OR, MAX, LE, GE -> m.code().ior();
      case XOR, NE -> m.code().ixor();
      case EQ -> m.code().ixor().iconst_1().ixor();
      default -> throw new IllegalStateException(b.op() + " of bool");
    }
  }

  private void not(Value a) {
    m.push(a);
    m.code().iconst_1().ixor();
  }

  void push(Value.Cast c) {
    DType from = c.a().type().dtype();
    DType to = c.to();
    if (to == DType.BOOL) {
      m.push(Values.binary(BinaryOp.NE, c.a(), new Value.Constant(Type.of(from), 0)));
    } else if (from.isFloating() && to == DType.U8) {
      m.functions().call(m, m.functions().toByte(from), c.a());
    } else if (from.isFloating() && to.isInteger()) {
      dialect.pushToInteger(m, c);
    } else {
      m.push(c.a());
      convert(from, to);
    }
  }

  private void convert(DType from, DType to) {
    CodeBuilder code = m.code();
    if (from == DType.I64 && Kinds.register(to) == TypeKind.INT) {
      code.l2i();
    } else if (Kinds.register(from) != Kinds.register(to)) {
      code.conversion(Kinds.register(from), Kinds.register(to));
    }
    if (to == DType.U8 && from != DType.BOOL) {
      code.loadConstant(0xff).iand();
    }
  }
}
