package org.lathe.backends.simt.bytecode;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** Kernels as Aparapi reads them: fields for what is bound, intrinsics for what Java cannot say. */
final class AparapiDialect implements Dialect {
  static final ClassDesc BYTES = ConstantDescs.CD_byte.arrayType();
  private static final MethodTypeDesc INT_OF_INT = MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int);

  private final ClassDesc self;
  private final ClassDesc intrinsics;
  private final Map<Memory, Integer> arenas = new HashMap<>();
  private final Map<String, Integer> privates = new HashMap<>();
  private final Set<Intrinsic> used = EnumSet.noneOf(Intrinsic.class);

  /**
   * @param intrinsics the class that has the intrinsics as static methods
   * @param arenas which of the distinct arrays each parameter of global memory lies in
   */
  AparapiDialect(ClassDesc self, ClassDesc intrinsics, Kernel kernel, List<Integer> arenas) {
    this.self = self;
    this.intrinsics = intrinsics;
    int next = 0;
    for (Parameter p : kernel.parameters()) {
      if (p instanceof Parameter.Global g) {
        this.arenas.put(g, arenas.get(next++));
      }
    }
  }

  static String arenaField(int arena) {
    return "arena" + arena;
  }

  /** The offset of a memory, in elements, or the value of a scalar. */
  static String numberField(Parameter p) {
    return "n_" + p.name();
  }

  static ClassDesc numberType(Parameter p) {
    return p instanceof Parameter.Scalar s && s.dtype() == DType.I64 ? ConstantDescs.CD_long : ConstantDescs.CD_int;
  }

  static String localField(Memory.Local m) {
    return "l_" + m.name();
  }

  /** The intrinsics called so far. */
  Set<Intrinsic> used() {
    return used;
  }

  private void call(MethodWriter m, Intrinsic i) {
    used.add(i);
    m.code().invokestatic(intrinsics, i.method(), i.type());
  }

  /** Declares the arrays of a work item. */
  void declare(MethodWriter m, Memory.Private array) {
    TypeKind element = Kinds.element(array.dtype());
    m.code().loadConstant(Math.toIntExact(Math.max(1, array.elements()))).newarray(element);
    privates.put(array.name(), m.declare(array.name(), TypeKind.REFERENCE, element.upperBound().arrayType()));
  }

  @Override
  public void pushId(MethodWriter m, Value.Id id) {
    String getter = switch (id.kind()) {
      case GLOBAL -> "getGlobalId";
      case LOCAL -> "getLocalId";
      case GROUP -> "getGroupId";
    };
    m.code().aload(0).loadConstant(id.axis()).invokevirtual(self, getter, INT_OF_INT);
  }

  @Override
  public void pushArgument(MethodWriter m, Parameter.Scalar p) {
    m.code().aload(0).getfield(self, numberField(p), numberType(p));
  }

  @Override
  public void barrier(MethodWriter m) {
    m.code().aload(0).invokevirtual(self, "localGlobalBarrier", ConstantDescs.MTD_void);
  }

  private void pushArena(MethodWriter m, Parameter.Global g) {
    m.code().aload(0).getfield(self, arenaField(Objects.requireNonNull(arenas.get(g))), BYTES);
  }

  private void pushElement(MethodWriter m, Parameter.Global g, Value index) {
    pushNumber(m, g);
    m.pushIndex(index);
    m.code().iadd();
  }

  private void pushNumber(MethodWriter m, Parameter.Global g) {
    m.code().aload(0).getfield(self, numberField(g), ConstantDescs.CD_int);
  }

  private void pushArray(MethodWriter m, Memory memory) {
    switch (memory) {
      case Memory.Local l -> m.code().aload(0).getfield(self, localField(l), Kinds.array(l.dtype()));
      case Memory.Private p -> m.code().aload(Objects.requireNonNull(privates.get(p.name())));
      case Parameter.Global g -> pushArena(m, g);
    }
  }

  @Override
  public void pushLoad(MethodWriter m, Memory memory, Value index) {
    CodeBuilder code = m.code();
    DType dtype = memory.dtype();
    if (memory instanceof Parameter.Global g && dtype.bytes() > 1) {
      pushElement(m, g, index);
      pushArena(m, g);
      switch (dtype) {
        case F32 -> {
          call(m, Intrinsic.LOAD_4);
          call(m, Intrinsic.AS_FLOAT);
        }
        case I32 -> {
          call(m, Intrinsic.LOAD_4);
          call(m, Intrinsic.AS_INT);
        }
        case F64 -> {
          call(m, Intrinsic.LOAD_8);
          call(m, Intrinsic.AS_DOUBLE);
        }
        case I64 -> {
          call(m, Intrinsic.LOAD_8);
          call(m, Intrinsic.AS_LONG);
        }
        default -> {
          call(m, Intrinsic.LOAD_2);
          call(m, Intrinsic.AS_USHORT);
          m.functions().invoke(m, m.functions().fromHalf(dtype));
        }
      }
      return;
    }
    pushArray(m, memory);
    if (memory instanceof Parameter.Global g) {
      pushElement(m, g, index);
    } else {
      m.pushIndex(index);
    }
    code.arrayLoad(Kinds.element(dtype));
    switch (dtype) {
      case U8 -> code.loadConstant(0xff).iand();
      case F16, BF16 -> {
        code.loadConstant(0xffff).iand();
        m.functions().invoke(m, m.functions().fromHalf(dtype));
      }
      default -> {}
    }
  }

  @Override
  public void store(MethodWriter m, Memory memory, Value index, Value value) {
    DType dtype = memory.dtype();
    if (memory instanceof Parameter.Global g && dtype.bytes() > 1) {
      storeWide(m, g, index, value);
      return;
    }
    pushArray(m, memory);
    if (memory instanceof Parameter.Global g) {
      pushElement(m, g, index);
    } else {
      m.pushIndex(index);
    }
    m.push(value);
    switch (dtype) {
      case U8, BOOL -> m.code().i2b();
      case F16, BF16 -> {
        m.functions().invoke(m, m.functions().toHalf(dtype));
        m.code().i2s();
      }
      default -> {}
    }
    m.code().arrayStore(Kinds.element(dtype));
  }

  private void storeWide(MethodWriter m, Parameter.Global g, Value index, Value value) {
    m.push(value);
    Intrinsic store = switch (g.dtype()) {
      case F32 -> {
        call(m, Intrinsic.FLOAT_AS_BYTES);
        yield Intrinsic.STORE_4;
      }
      case I32 -> {
        call(m, Intrinsic.INT_AS_BYTES);
        yield Intrinsic.STORE_4;
      }
      case F64 -> {
        call(m, Intrinsic.DOUBLE_AS_BYTES);
        yield Intrinsic.STORE_8;
      }
      case I64 -> {
        call(m, Intrinsic.LONG_AS_BYTES);
        yield Intrinsic.STORE_8;
      }
      default -> {
        m.functions().invoke(m, m.functions().toHalf(g.dtype()));
        m.code().i2s();
        call(m, Intrinsic.SHORT_AS_BYTES);
        yield Intrinsic.STORE_2;
      }
    };
    pushElement(m, g, index);
    pushArena(m, g);
    call(m, store);
  }

  @Override
  public void pushMultiplyAdd(MethodWriter m, Value.MultiplyAdd v) {
    m.push(v.a());
    m.push(v.b());
    m.push(v.c());
    call(m, v.type().dtype() == DType.F64 ? Intrinsic.FMA_DOUBLE : Intrinsic.FMA);
  }

  @Override
  public void pushBits(MethodWriter m, Value.Bits v) {
    m.push(v.a());
    call(m, switch (v.to()) {
      case F32 -> Intrinsic.AS_FLOAT;
      case F64 -> Intrinsic.AS_DOUBLE;
      case I64 -> Intrinsic.DOUBLE_AS_LONG;
      default -> Intrinsic.FLOAT_AS_INT;
    });
  }

  @Override
  public void pushFunction(MethodWriter m, UnaryOp op, Value a) {
    m.push(a);
    boolean wide = a.type().dtype() == DType.F64;
    call(m, switch (op) {
      case ABS -> wide ? Intrinsic.FABS_DOUBLE : Intrinsic.FABS;
      case SQRT -> wide ? Intrinsic.SQRT_DOUBLE : Intrinsic.SQRT;
      case RSQRT -> wide ? Intrinsic.RSQRT_DOUBLE : Intrinsic.RSQRT;
      case EXP -> wide ? Intrinsic.EXP_DOUBLE : Intrinsic.EXP;
      case EXPM1 -> wide ? Intrinsic.EXPM1_DOUBLE : Intrinsic.EXPM1;
      case LOG -> wide ? Intrinsic.LOG_DOUBLE : Intrinsic.LOG;
      case LOG1P -> wide ? Intrinsic.LOG1P_DOUBLE : Intrinsic.LOG1P;
      case SIN -> wide ? Intrinsic.SIN_DOUBLE : Intrinsic.SIN;
      case COS -> wide ? Intrinsic.COS_DOUBLE : Intrinsic.COS;
      case TANH -> wide ? Intrinsic.TANH_DOUBLE : Intrinsic.TANH;
      case ERF -> wide ? Intrinsic.ERF_DOUBLE : Intrinsic.ERF;
      case FLOOR -> wide ? Intrinsic.FLOOR_DOUBLE : Intrinsic.FLOOR;
      case CEIL -> wide ? Intrinsic.CEIL_DOUBLE : Intrinsic.CEIL;
      case ROUND -> wide ? Intrinsic.ROUND_DOUBLE : Intrinsic.ROUND;
      default -> throw new IllegalArgumentException(op + " is no function");
    });
  }

  @Override
  public void pushFunction(MethodWriter m, Value.Binary b) {
    boolean wide = b.type().dtype() == DType.F64;
    if (b.op() == BinaryOp.POW && !m.isTrusted()) {
      m.functions().call(m, m.functions().power(b.type().dtype()), b.a(), b.b());
      return;
    }
    m.push(b.a());
    m.push(b.b());
    if (b.op() == BinaryOp.POW) {
      call(m, wide ? Intrinsic.POW_DOUBLE : Intrinsic.POW);
    } else {
      call(m, wide ? Intrinsic.REMAINDER_DOUBLE : Intrinsic.REMAINDER);
    }
  }

  @Override
  public void pushToInteger(MethodWriter m, Value.Cast c) {
    DType from = c.a().type().dtype();
    boolean wide = from == DType.F64;
    Intrinsic convert = c.to() == DType.I64
        ? wide ? Intrinsic.DOUBLE_TO_LONG : Intrinsic.FLOAT_TO_LONG
        : wide ? Intrinsic.DOUBLE_TO_INT : Intrinsic.FLOAT_TO_INT;
    // not every compiler's saturating conversion gives 0 for NaN
    m.push(Values.select(Values.unary(UnaryOp.IS_NAN, c.a()), Values.constant(from, 0), c.a()));
    call(m, convert);
  }

  @Override
  public void pushExtreme(MethodWriter m, Value.Binary b) {
    DType dtype = b.type().dtype();
    DType bits = dtype == DType.F64 ? DType.I64 : DType.I32;
    BinaryOp zeros = b.op() == BinaryOp.MAX ? BinaryOp.AND : BinaryOp.OR;
    m.functions().call(
        m,
        m.functions().extreme(b.op(), dtype, (x, y) -> Values.bits(
            Values.binary(zeros, Values.bits(x, bits), Values.bits(y, bits)), dtype)),
        b.a(), b.b());
  }

  /** Aparapi writes a comparison of longs as a difference compared with 0, which overflows. */
  @Override
  public void pushLongComparison(MethodWriter m, Value a, Value b) {
    m.push(a);
    m.push(b);
    call(m, Intrinsic.SUBTRACT_SATURATED);
    m.code().lconst_0().lcmp();
  }

  /** In unsigned numbers, which wrap in C too. */
  @Override
  public void pushWrapping(MethodWriter m, Value.Binary b) {
    boolean wide = b.type().dtype() == DType.I64;
    m.push(b.a());
    call(m, wide ? Intrinsic.AS_ULONG : Intrinsic.AS_UINT);
    m.push(b.b());
    if (b.op() == BinaryOp.SHL) {
      if (wide) {
        m.code().l2i();
      }
    } else {
      call(m, wide ? Intrinsic.AS_ULONG : Intrinsic.AS_UINT);
    }
    m.code().with(OperatorInstruction.of(Operators.opcode(b.op(), b.type().dtype())));
    call(m, wide ? Intrinsic.AS_LONG : Intrinsic.AS_INT);
  }
}
