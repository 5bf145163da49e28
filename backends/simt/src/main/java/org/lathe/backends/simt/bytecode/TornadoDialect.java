package org.lathe.backends.simt.bytecode;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** Kernels as TornadoVM reads them: a static method over a {@code KernelContext} and TornadoVM's arrays. */
final class TornadoDialect implements Dialect {
  private static final ClassDesc INT = ConstantDescs.CD_int;
  private static final int CONTEXT = 0;

  private final TornadoNames names;
  /** The slots of arrays, of numbers, and of local and private arrays, by the names of parameters and memories. */
  private final Map<String, Integer> slots = new HashMap<>();

  TornadoDialect(TornadoNames names) {
    this.names = names;
  }

  void place(Parameter.Global g, int slot) {
    slots.put(g.name(), slot);
  }

  private static String number(Parameter p) {
    return "number of " + p.name();
  }

  /** Reads the offset of a memory, or a scalar, from the array of numbers. */
  void declareNumber(MethodWriter m, int numbersSlot, int position, Parameter p) {
    boolean wide = p instanceof Parameter.Scalar s && s.dtype() == DType.I64;
    m.code().aload(numbersSlot).loadConstant(position).invokevirtual(
        names.array(DType.I64), "get", MethodTypeDesc.of(ConstantDescs.CD_long, INT));
    if (!wide) {
      m.code().l2i();
    }
    TypeKind kind = wide ? TypeKind.LONG : TypeKind.INT;
    slots.put(number(p), m.declare("n_" + p.name(), kind, kind.upperBound()));
  }

  /** Declares local and private memory. */
  void declare(MethodWriter m, Memory array) {
    int elements = Math.toIntExact(Math.max(1, array.elements()));
    TypeKind element = Kinds.element(array.dtype());
    if (array instanceof Memory.Local) {
      String type = element.name().charAt(0) + element.name().substring(1).toLowerCase(java.util.Locale.ROOT);
      m.code().aload(CONTEXT).loadConstant(elements).invokevirtual(
          names.context(), "allocate" + type + "LocalArray", MethodTypeDesc.of(Kinds.array(array.dtype()), INT));
    } else {
      m.code().loadConstant(elements).newarray(element);
    }
    slots.put(array.name(), m.declare(array.name(), TypeKind.REFERENCE, Kinds.array(array.dtype())));
  }

  private int slot(String name) {
    return Objects.requireNonNull(slots.get(name), name);
  }

  @Override
  public void pushId(MethodWriter m, Value.Id id) {
    String field = switch (id.kind()) {
      case GLOBAL -> "globalId";
      case LOCAL -> "localId";
      case GROUP -> "groupId";
    } + "xyz".charAt(id.axis());
    m.code().aload(CONTEXT).getfield(names.context(), field, TornadoNames.INTEGER)
        .invokevirtual(TornadoNames.INTEGER, "intValue", MethodTypeDesc.of(INT));
  }

  @Override
  public void pushArgument(MethodWriter m, Parameter.Scalar p) {
    m.code().loadLocal(Kinds.register(p.dtype()), slot(number(p)));
  }

  /** It compiles {@code <=} as not {@code >}, which holds with a NaN. */
  @Override
  public boolean knowsUnordered() {
    return false;
  }

  @Override
  public void barrier(MethodWriter m) {
    m.code().aload(CONTEXT).invokevirtual(names.context(), "localBarrier", ConstantDescs.MTD_void)
        .aload(CONTEXT).invokevirtual(names.context(), "globalBarrier", ConstantDescs.MTD_void);
  }

  private void pushPlace(MethodWriter m, Memory memory, Value index) {
    m.code().aload(slot(memory.name()));
    if (memory instanceof Parameter.Global g) {
      m.code().iload(slot(number(g)));
      m.pushIndex(index);
      m.code().iadd();
    } else {
      m.pushIndex(index);
    }
  }

  @Override
  public void pushLoad(MethodWriter m, Memory memory, Value index) {
    DType dtype = memory.dtype();
    pushPlace(m, memory, index);
    TypeKind element = Kinds.element(dtype);
    if (memory instanceof Parameter.Global) {
      m.code().invokevirtual(names.array(dtype), "get", MethodTypeDesc.of(element.upperBound(), INT));
    } else {
      m.code().arrayLoad(element);
    }
    if (dtype == DType.U8) {
      m.code().loadConstant(0xff).iand();
    }
  }

  @Override
  public void store(MethodWriter m, Memory memory, Value index, Value value) {
    DType dtype = memory.dtype();
    pushPlace(m, memory, index);
    m.push(value);
    TypeKind element = Kinds.element(dtype);
    if (element == TypeKind.BYTE) {
      m.code().i2b();
    }
    if (memory instanceof Parameter.Global) {
      m.code().invokevirtual(
          names.array(dtype), "set", MethodTypeDesc.of(ConstantDescs.CD_void, INT, element.upperBound()));
    } else {
      m.code().arrayStore(element);
    }
  }

  @Override
  public void pushMultiplyAdd(MethodWriter m, Value.MultiplyAdd v) {
    m.push(Values.binary(BinaryOp.ADD, Values.binary(BinaryOp.MUL, v.a(), v.b()), v.c()));
  }

  @Override
  public void pushBits(MethodWriter m, Value.Bits v) {
    throw m.unwritable("TornadoVM's OpenCL compiler cannot take the bits of one type for another");
  }

  private void math(MethodWriter m, String function, int arguments, DType dtype) {
    ClassDesc type = Kinds.descriptor(dtype);
    m.code().invokestatic(
        names.math(), function, MethodTypeDesc.of(type, java.util.Collections.nCopies(arguments, type)));
  }

  @Override
  public void pushFunction(MethodWriter m, UnaryOp op, Value a) {
    DType dtype = a.type().dtype();
    switch (op) {
      case ABS, SQRT, EXP, LOG, SIN, COS, TANH, FLOOR, CEIL -> {
        m.push(a);
        math(m, op.name().toLowerCase(java.util.Locale.ROOT), 1, dtype);
      }
      case RSQRT -> m.push(Values.unary(UnaryOp.RECIPROCAL, Values.unary(UnaryOp.SQRT, a)));
      case EXPM1 -> m.functions().call(m, own(m, "expm1", dtype, TornadoDialect::expm1), a);
      case LOG1P -> m.functions().call(m, own(m, "log1p", dtype, TornadoDialect::log1p), a);
      case ROUND -> m.functions().call(m, own(m, "round", dtype, TornadoDialect::round), a);
      case ERF -> {
        if (dtype == DType.F64) {
          throw m.unwritable("TornadoVM has no error function");
        }
        m.functions().call(m, own(m, "erf", dtype, TornadoDialect::erf), a);
      }
      default -> throw new IllegalArgumentException(op + " is no function");
    }
  }

  private interface Body {
    Value of(KernelBuilder k, Value x);
  }

  private static Functions.Function own(MethodWriter m, String name, DType dtype, Body body) {
    return m.functions().own(name + dtype.name(), List.of(dtype), (k, a) -> body.of(k, a.getFirst()));
  }

  private static Value constant(Value like, double value) {
    return Values.constant(like.type().dtype(), value);
  }

  private static Value of(BinaryOp op, Value a, Value b) {
    return Values.binary(op, a, b);
  }

  /** Kahan's form: the rounding of exp cancels in the quotient. */
  private static Value expm1(KernelBuilder k, Value x) {
    Value one = constant(x, 1);
    Value u = k.let("u", Values.unary(UnaryOp.EXP, x));
    Value d = k.let("d", of(BinaryOp.SUB, u, one));
    var r = k.variable("r", of(BinaryOp.DIV, of(BinaryOp.MUL, d, x), Values.unary(UnaryOp.LOG, u)));
    k.when(of(BinaryOp.EQ, u, one), () -> k.assign(r, x));
    k.when(of(BinaryOp.EQ, d, constant(x, -1)), () -> k.assign(r, d));
    k.when(of(BinaryOp.EQ, u, constant(x, Double.POSITIVE_INFINITY)), () -> k.assign(r, u));
    return Values.read(r);
  }

  private static Value log1p(KernelBuilder k, Value x) {
    Value one = constant(x, 1);
    Value u = k.let("u", of(BinaryOp.ADD, one, x));
    Value d = k.let("d", of(BinaryOp.SUB, u, one));
    var r = k.variable("r", of(BinaryOp.DIV, of(BinaryOp.MUL, Values.unary(UnaryOp.LOG, u), x), d));
    k.when(of(BinaryOp.EQ, u, one), () -> k.assign(r, x));
    k.when(of(BinaryOp.EQ, u, constant(x, Double.POSITIVE_INFINITY)), () -> k.assign(r, u));
    return Values.read(r);
  }

  /** To the nearest integer, ties to even. */
  private static Value round(KernelBuilder k, Value x) {
    Value below = k.let("below", Values.unary(UnaryOp.FLOOR, x));
    Value rest = k.let("rest", of(BinaryOp.SUB, x, below));
    Value half = k.let("half", of(BinaryOp.MUL, below, constant(x, 0.5)));
    Value above = k.let("above", of(BinaryOp.ADD, below, constant(x, 1)));
    var r = k.variable("r", below);
    k.when(of(BinaryOp.GT, rest, constant(x, 0.5)), () -> k.assign(r, above));
    k.when(of(BinaryOp.EQ, rest, constant(x, 0.5)), () -> k.when(
        of(BinaryOp.NE, Values.unary(UnaryOp.FLOOR, half), half), () -> k.assign(r, above)));
    return Values.read(r);
  }

  /** By Abramowitz and Stegun, 7.1.26: within 1.5e-7. */
  private static Value erf(KernelBuilder k, Value x) {
    Value z = k.let("z", Values.unary(UnaryOp.ABS, x));
    Value one = constant(x, 1);
    Value t = k.let("t", of(BinaryOp.DIV, one, Values.mad(z, constant(x, 0.3275911), one)));
    Value p = constant(x, 1.061405429);
    for (double c : new double[]{-1.453152027, 1.421413741, -0.284496736, 0.254829592}) {
      p = k.let("p", Values.mad(p, t, constant(x, c)));
    }
    Value e = Values.unary(UnaryOp.EXP, Values.unary(UnaryOp.NEG, of(BinaryOp.MUL, z, z)));
    var r = k.variable("r", of(BinaryOp.SUB, one, of(BinaryOp.MUL, of(BinaryOp.MUL, p, t), e)));
    k.when(of(BinaryOp.LT, x, constant(x, 0)), () -> k.assign(r, Values.unary(UnaryOp.NEG, Values.read(r))));
    k.when(of(BinaryOp.LT, z, constant(x, 1e-4)), () -> k.assign(r, of(
        BinaryOp.MUL, x, constant(x, 1.1283791670955126))));
    return Values.read(r);
  }

  @Override
  public void pushFunction(MethodWriter m, Value.Binary b) {
    if (b.op() == BinaryOp.REM) {
      throw m.unwritable("TornadoVM refuses the remainder of floating values");
    }
    if (m.isTrusted()) {
      m.push(b.a());
      m.push(b.b());
      math(m, "pow", 2, b.type().dtype());
    } else {
      m.functions().call(m, m.functions().power(b.type().dtype()), b.a(), b.b());
    }
  }

  @Override
  public void pushToInteger(MethodWriter m, Value.Cast c) {
    DType from = c.a().type().dtype();
    if (m.isTrusted()) {
      m.push(c.a());
      m.code().conversion(Kinds.register(from), Kinds.register(c.to()));
      return;
    }
    // in C a number out of range becomes anything
    double limit = c.to() == DType.I64 ? 0x1p63 : 0x1p31;
    Value most = integer(c.to(), c.to() == DType.I64 ? Long.MAX_VALUE : Integer.MAX_VALUE);
    Value least = integer(c.to(), c.to() == DType.I64 ? Long.MIN_VALUE : Integer.MIN_VALUE);
    m.functions().call(m, m.functions().own(
        "to" + c.to().name() + "Of" + from.name(), List.of(from), (k, a) -> {
          Value x = a.getFirst();
          var r = k.variable("r", integer(c.to(), 0));
          k.when(of(BinaryOp.LT, Values.unary(UnaryOp.ABS, x), constant(x, limit)),
              () -> k.assign(r, new Value.Cast(x, c.to())));
          k.when(of(BinaryOp.GE, x, constant(x, limit)), () -> k.assign(r, most));
          k.when(of(BinaryOp.LE, x, constant(x, -limit)), () -> k.assign(r, least));
          return Values.read(r);
        }), c.a());
  }

  private static Value integer(DType dtype, long value) {
    return new Value.Constant(org.lathe.backends.simt.ir.Type.of(dtype), value);
  }

  /** The sum of two zeros is the larger; the smaller is what remains of the sum of their opposites. */
  @Override
  public void pushExtreme(MethodWriter m, Value.Binary b) {
    m.functions().call(m, m.functions().extreme(b.op(), b.type().dtype(), (x, y) -> {
      Value zero = constant(x, 0);
      Value opposites = of(BinaryOp.ADD, Values.unary(UnaryOp.NEG, x), Values.unary(UnaryOp.NEG, y));
      Value zeros = b.op() == BinaryOp.MAX ? of(BinaryOp.ADD, x, y) : Values.unary(UnaryOp.NEG, opposites);
      return Values.select(of(BinaryOp.EQ, x, zero), zeros, y);
    }), b.a(), b.b());
  }

  @Override
  public void pushLongComparison(MethodWriter m, Value a, Value b) {
    m.push(a);
    m.push(b);
    m.code().lcmp();
  }

  @Override
  public void pushWrapping(MethodWriter m, Value.Binary b) {
    new Operators(m, this).plain(b.op(), b.a(), b.b());
  }
}
