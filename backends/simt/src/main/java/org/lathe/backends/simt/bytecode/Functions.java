package org.lathe.backends.simt.bytecode;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * The static methods that a class needs beside its kernel, each written once, when first used: what the operators mean
 * where no instruction means just that, and what would else need a branch inside an expression. They are written in the
 * kernel language themselves.
 */
final class Functions {
  /** A function of the kernel language. */
  record Function(String name, List<Variable> parameters, List<Statement> body, Value result) {
    MethodTypeDesc type() {
      return MethodTypeDesc.of(
          Kinds.descriptor(result.type().dtype()),
          parameters.stream().map(p -> Kinds.descriptor(p.type().dtype())).toList());
    }
  }

  private final ClassDesc owner;
  private final String kernel;
  private final Map<String, Function> known = new HashMap<>();
  private final Deque<Function> unwritten = new ArrayDeque<>();

  Functions(ClassDesc owner, String kernel) {
    this.owner = owner;
    this.kernel = kernel;
  }

  void call(MethodWriter m, Function function, Value... arguments) {
    for (Value a : arguments) {
      m.push(a);
    }
    invoke(m, function);
  }

  /** Calls the function with the arguments pushed before. */
  void invoke(MethodWriter m, Function function) {
    m.code().invokestatic(owner, function.name(), function.type());
  }

  /** Adds the methods, and those that they need. */
  void write(ClassBuilder c, Dialect dialect) {
    while (!unwritten.isEmpty()) {
      Function f = unwritten.removeFirst();
      c.withMethodBody(f.name(), f.type(), ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC, code -> {
        MethodWriter m = new MethodWriter(kernel, code, dialect, this, true);
        for (int i = 0; i < f.parameters().size(); i++) {
          m.parameter(f.parameters().get(i), i);
        }
        m.begin();
        m.block(f.body());
        m.push(f.result());
        code.return_(Kinds.register(f.result().type().dtype()));
      });
    }
  }

  private interface Body {
    Value write(KernelBuilder k, List<Value> arguments);
  }

  private Function function(String name, List<DType> parameters, Body body) {
    Function f = known.get(name);
    if (f == null) {
      List<Variable> variables = IntStream.range(0, parameters.size())
          .mapToObj(i -> new Variable("a" + i, Type.of(parameters.get(i)))).toList();
      KernelBuilder k = new KernelBuilder(name);
      Value result = body.write(k, variables.stream().map(Values::read).toList());
      f = new Function(name, variables, k.build(1, 1, 1).body(), result);
      known.put(name, f);
      unwritten.add(f);
    }
    return f;
  }

  private static String name(String what, DType dtype) {
    String d = dtype.toString();
    return what + Character.toUpperCase(d.charAt(0)) + d.substring(1);
  }

  /** {@code otherwise}, or {@code then} if the condition holds. */
  private static Value either(KernelBuilder k, Value condition, Supplier<Value> then, Value otherwise) {
    Variable r = k.variable("r", otherwise);
    k.when(condition, () -> k.assign(r, then.get()));
    return Values.read(r);
  }

  private static Value constant(DType dtype, double value) {
    return Values.constant(dtype, value);
  }

  /** Unsigned bytes and all else compare as their registers do. */
  Function comparison(BinaryOp op, DType dtype) {
    DType register = dtype == DType.U8 ? DType.I32 : dtype;
    return function(name(op.name().toLowerCase(java.util.Locale.ROOT), register), List.of(register, register),
        (k, a) -> either(
            k, new Value.Binary(op, a.get(0), a.get(1), Type.BOOL, true), () -> Values.bool(true), Values.bool(false)));
  }

  /** At most or at least, made of two comparisons that no compiler takes for the opposite of another one. */
  Function orderedComparison(BinaryOp op, DType dtype) {
    BinaryOp strict = op == BinaryOp.LE ? BinaryOp.LT : BinaryOp.GT;
    return function(name(op.name().toLowerCase(java.util.Locale.ROOT) + "Ordered", dtype), List.of(dtype, dtype),
        (k, a) -> {
          Variable r = k.variable("r", Values.bool(false));
          k.when(Values.binary(strict, a.get(0), a.get(1)), () -> k.assign(r, Values.bool(true)));
          k.when(Values.binary(BinaryOp.EQ, a.get(0), a.get(1)), () -> k.assign(r, Values.bool(true)));
          return Values.read(r);
        });
  }

  Function select(DType dtype) {
    return function(name("select", dtype), List.of(DType.BOOL, dtype, dtype),
        (k, a) -> either(k, a.get(0), () -> a.get(1), a.get(2)));
  }

  /** The quotient of integers: 0 where the divisor is 0, the dividend's negation, which wraps, where it is -1. */
  Function quotient(DType dtype) {
    return division(dtype, "quotient", BinaryOp.DIV, a -> Values.unary(UnaryOp.NEG, a));
  }

  Function remainder(DType dtype) {
    return division(dtype, "remainder", BinaryOp.REM, a -> constant(dtype, 0));
  }

  private Function division(
      DType dtype, String what, BinaryOp op, java.util.function.UnaryOperator<Value> byMinusOne) {
    return function(name(what, dtype), List.of(dtype, dtype), (k, a) -> {
      Variable r = k.variable("r", constant(dtype, 0));
      Value zero = constant(dtype, 0);
      if (dtype == DType.U8) {
        k.when(Values.binary(BinaryOp.NE, a.get(1), zero), () -> k.assign(r, divided(op, a)));
        return Values.read(r);
      }
      Value one = constant(dtype, -1);
      k.when(Values.binary(BinaryOp.EQ, a.get(1), one), () -> k.assign(r, byMinusOne.apply(a.get(0))));
      k.when(Values.binary(BinaryOp.GT, a.get(1), zero), () -> k.assign(r, divided(op, a)));
      k.when(Values.binary(BinaryOp.LT, a.get(1), one), () -> k.assign(r, divided(op, a)));
      return Values.read(r);
    });
  }

  private static Value divided(BinaryOp op, List<Value> a) {
    return new Value.Binary(op, a.get(0), a.get(1), a.get(0).type(), true);
  }

  Function extreme(BinaryOp op, DType dtype) {
    BinaryOp better = op == BinaryOp.MAX ? BinaryOp.GT : BinaryOp.LT;
    return function(name(op == BinaryOp.MAX ? "larger" : "smaller", dtype), List.of(dtype, dtype),
        (k, a) -> either(k, Values.binary(better, a.get(0), a.get(1)), () -> a.get(0), a.get(1)));
  }

  /** The larger or smaller of floating values, where {@code zeros} says which of two equal ones. */
  Function extreme(BinaryOp op, DType dtype, BiFunction<Value, Value, Value> zeros) {
    BinaryOp better = op == BinaryOp.MAX ? BinaryOp.GT : BinaryOp.LT;
    return function(name(op == BinaryOp.MAX ? "larger" : "smaller", dtype), List.of(dtype, dtype), (k, a) -> {
      Variable r = k.variable("r", a.get(1));
      k.when(Values.binary(better, a.get(0), a.get(1)), () -> k.assign(r, a.get(0)));
      k.when(Values.binary(BinaryOp.EQ, a.get(0), a.get(1)), () -> k.assign(r, zeros.apply(a.get(0), a.get(1))));
      k.when(Values.binary(BinaryOp.NE, a.get(0), a.get(0)), () -> k.assign(r, a.get(0)));
      return Values.read(r);
    });
  }

  Function absolute(DType dtype) {
    return function(name("absolute", dtype), List.of(dtype), (k, a) -> either(
        k, Values.binary(BinaryOp.LT, a.get(0), constant(dtype, 0)), () -> Values.unary(UnaryOp.NEG, a.get(0)),
        a.get(0)));
  }

  Function sign(DType dtype) {
    return function(name("sign", dtype), List.of(dtype), (k, a) -> {
      Variable r = k.variable("r", a.get(0));
      Value zero = constant(dtype, 0);
      k.when(Values.binary(BinaryOp.GT, a.get(0), zero), () -> k.assign(r, constant(dtype, 1)));
      if (dtype != DType.U8) {
        k.when(Values.binary(BinaryOp.LT, a.get(0), zero), () -> k.assign(r, constant(dtype, -1)));
      }
      return Values.read(r);
    });
  }

  Function isNan(DType dtype) {
    return comparisonWithItself(name("isNan", dtype), dtype, a -> Values.binary(BinaryOp.NE, a, a));
  }

  Function isFinite(DType dtype) {
    return comparisonWithItself(name("isFinite", dtype), dtype, a -> Values.binary(
        BinaryOp.EQ, Values.binary(BinaryOp.SUB, a, a), constant(dtype, 0)));
  }

  private Function comparisonWithItself(
      String name, DType dtype, java.util.function.UnaryOperator<Value> condition) {
    return function(name, List.of(dtype),
        (k, a) -> either(k, condition.apply(a.get(0)), () -> Values.bool(true), Values.bool(false)));
  }

  /** As {@link Math#pow}: a NaN exponent, and an infinite one of 1 or -1, give NaN. */
  Function power(DType dtype) {
    return function(name("power", dtype), List.of(dtype, dtype), (k, a) -> {
      Value nan = constant(dtype, Double.NaN);
      Variable r = k.variable("r", Values.binary(BinaryOp.POW, a.get(0), a.get(1)));
      k.when(Values.binary(BinaryOp.EQ, Values.unary(UnaryOp.ABS, a.get(0)), constant(dtype, 1)), () -> k.when(
          Values.binary(
              BinaryOp.EQ, Values.unary(UnaryOp.ABS, a.get(1)), constant(dtype, Double.POSITIVE_INFINITY)),
          () -> k.assign(r, nan)));
      k.when(Values.binary(BinaryOp.NE, a.get(1), a.get(1)), () -> k.assign(r, nan));
      return Values.read(r);
    });
  }

  Function sigmoid(DType dtype) {
    return function(name("sigmoid", dtype), List.of(dtype), (k, a) -> {
      Value one = constant(dtype, 1);
      Value e = Values.unary(UnaryOp.EXP, Values.unary(UnaryOp.NEG, a.get(0)));
      return Values.binary(BinaryOp.DIV, one, Values.binary(BinaryOp.ADD, one, e));
    });
  }

  /** A floating value as 0 to 255: truncated, saturated, 0 for NaN. */
  Function toByte(DType from) {
    return function(name("toU8Of", from), List.of(from), (k, a) -> {
      Variable r = k.variable("r", Values.cast(a.get(0), DType.I32));
      k.when(Values.binary(BinaryOp.LT, Values.read(r), Values.index(0)), () -> k.assign(r, Values.index(0)));
      k.when(Values.binary(BinaryOp.GT, Values.read(r), Values.index(255)), () -> k.assign(r, Values.index(255)));
      return Values.cast(Values.read(r), DType.U8);
    });
  }

  /** Bits of a half type, as an unsigned number, as f32. */
  Function fromHalf(DType half) {
    return function(name("from", half), List.of(DType.I32), (k, a) -> HalfBits.widen(k, a.get(0), half));
  }

  /** An f32 as the bits of a half type: to the nearest, ties to even. */
  Function toHalf(DType half) {
    return function(name("to", half), List.of(DType.F32), (k, a) -> HalfBits.narrow(k, a.get(0), half));
  }

  /** A function of a dialect's own. */
  Function own(String name, List<DType> parameters, BiFunction<KernelBuilder, List<Value>, Value> body) {
    return function(name, parameters, body::apply);
  }
}
