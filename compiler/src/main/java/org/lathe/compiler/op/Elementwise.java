package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.OpDefBuilder.SingleGradient;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * Ops that work on each element alone. Operands have one shape: {@link Tensor}'s methods broadcast before. Their
 * meaning at NaN, infinities and -0, and for integers, is that of {@link UnaryOp} and {@link BinaryOp}.
 */
public final class Elementwise {
  private Elementwise() {}

  public static final OpDef NEG = unary("neg", UnaryOp.NEG, Elements.NUMERIC, x -> -x, (c, g) -> one(g.neg()));
  /** Its gradient at 0 is 0. */
  public static final OpDef ABS = unary("abs", UnaryOp.ABS, Elements.NUMERIC, Math::abs,
      (c, g) -> one(g.mul(c.input(0).sign())));
  public static final OpDef SIGN = unary("sign", UnaryOp.SIGN, Elements.NUMERIC, Math::signum, null);
  public static final OpDef RECIPROCAL = floating(
      "reciprocal",
      UnaryOp.RECIPROCAL,
      x -> 1 / x,
      Domain.POSITIVE,
      (c, g) -> one(g.mul(c.output(0).square()).neg()));
  public static final OpDef SQRT = floating(
      "sqrt", UnaryOp.SQRT, Math::sqrt, Domain.POSITIVE, (c, g) -> one(g.mul(0.5).div(c.output(0))));
  public static final OpDef RSQRT = floating(
      "rsqrt",
      UnaryOp.RSQRT,
      x -> 1 / Math.sqrt(x),
      Domain.POSITIVE,
      (c, g) -> one(g.mul(-0.5).mul(c.output(0)).div(c.input(0))));
  public static final OpDef EXP = floating("exp", UnaryOp.EXP, Math::exp, Domain.REAL,
      (c, g) -> one(g.mul(c.output(0))));
  public static final OpDef EXPM1 = floating("expm1", UnaryOp.EXPM1, Math::expm1, Domain.REAL,
      (c, g) -> one(g.mul(c.output(0).add(1))));
  public static final OpDef LOG = floating("log", UnaryOp.LOG, Math::log, Domain.POSITIVE,
      (c, g) -> one(g.div(c.input(0))));
  public static final OpDef LOG1P = floating("log1p", UnaryOp.LOG1P, Math::log1p, Domain.POSITIVE,
      (c, g) -> one(g.div(c.input(0).add(1))));
  public static final OpDef SIN = floating("sin", UnaryOp.SIN, Math::sin, new Domain(-7, 7),
      (c, g) -> one(g.mul(c.input(0).cos())));
  public static final OpDef COS = floating("cos", UnaryOp.COS, Math::cos, new Domain(-7, 7),
      (c, g) -> one(g.mul(c.input(0).sin()).neg()));
  public static final OpDef TANH = floating(
      "tanh",
      UnaryOp.TANH,
      Math::tanh,
      Domain.REAL,
      (c, g) -> one(g.mul(c.output(0).square().subtractedFrom(1))));
  public static final OpDef SIGMOID = floating(
      "sigmoid",
      UnaryOp.SIGMOID,
      Elementwise::logistic,
      new Domain(-6, 6),
      (c, g) -> one(g.mul(c.output(0)).mul(c.output(0).subtractedFrom(1))));
  public static final OpDef ERF = floating(
      "erf",
      UnaryOp.ERF,
      Elementwise::erf,
      new Domain(-4, 4),
      (c, g) -> one(g.mul(c.input(0).square().neg().exp()).mul(2 / Math.sqrt(Math.PI))));
  public static final OpDef FLOOR = rounding("floor", UnaryOp.FLOOR, Math::floor);
  public static final OpDef CEIL = rounding("ceil", UnaryOp.CEIL, Math::ceil);
  /** To the nearest integer, ties to even. */
  public static final OpDef ROUND = rounding("round", UnaryOp.ROUND, Math::rint);

  public static final OpDef NOT = predicate("not", UnaryOp.NOT, Elements.BOOL, x -> Loops.bool(x == 0));
  public static final OpDef IS_NAN = predicate("isNan", UnaryOp.IS_NAN, Elements.FLOATING,
      x -> Loops.bool(Double.isNaN(x)));
  public static final OpDef IS_FINITE = predicate("isFinite", UnaryOp.IS_FINITE, Elements.FLOATING,
      x -> Loops.bool(Double.isFinite(x)));

  public static final OpDef ADD = binary("add", BinaryOp.ADD, Elements.NUMERIC, Double::sum, Long::sum,
      (c, g) -> Arrays.asList(g, g));
  public static final OpDef SUB = binary(
      "sub",
      BinaryOp.SUB,
      Elements.NUMERIC,
      (a, b) -> a - b,
      (a, b) -> a - b,
      (c, g) -> Arrays.asList(g, c.wants(1) ? g.neg() : null));
  public static final OpDef MUL = binary(
      "mul",
      BinaryOp.MUL,
      Elements.NUMERIC,
      (a, b) -> a * b,
      (a, b) -> a * b,
      (c, g) -> Arrays.asList(
          c.wants(0) ? g.mul(c.input(1)) : null, c.wants(1) ? g.mul(c.input(0)) : null));
  public static final OpDef DIV = binary(
      "div",
      BinaryOp.DIV,
      Elements.NUMERIC,
      (a, b) -> a / b,
      (a, b) -> b == 0 ? 0 : a / b,
      (c, g) -> Arrays.asList(
          c.wants(0) ? g.div(c.input(1)) : null,
          c.wants(1) ? g.mul(c.output(0)).div(c.input(1)).neg() : null));
  /** The remainder with the dividend's sign. */
  public static final OpDef REM = binary(
      "rem",
      BinaryOp.REM,
      Elements.NUMERIC,
      (a, b) -> a % b,
      (a, b) -> b == 0 ? 0 : a % b,
      (c, g) -> {
        if (!c.wants(1)) {
          return Arrays.asList(g, null);
        }
        Tensor quotient = c.input(0).div(c.input(1));
        return Arrays.asList(g, g.mul(quotient.sign().mul(quotient.abs().floor())).neg());
      });
  /** Its gradient for the exponent counts log of a base that is not positive as 0. */
  public static final OpDef POW = binary("pow", BinaryOp.POW, Elements.FLOATING, Math::pow, (a, b) -> 0,
      Elementwise::powerGradient);
  /** Where both operands are equal each gets half of the gradient. */
  public static final OpDef MAXIMUM = binary(
      "maximum",
      BinaryOp.MAX,
      Elements.NUMERIC,
      Math::max,
      Math::max,
      (c, g) -> larger(g, c.input(0), c.input(1)));
  /** Where both operands are equal each gets half of the gradient. */
  public static final OpDef MINIMUM = binary(
      "minimum",
      BinaryOp.MIN,
      Elements.NUMERIC,
      Math::min,
      Math::min,
      (c, g) -> larger(g, c.input(1), c.input(0)));
  public static final OpDef AND = bits("and", BinaryOp.AND, (a, b) -> a & b);
  public static final OpDef OR = bits("or", BinaryOp.OR, (a, b) -> a | b);
  public static final OpDef XOR = bits("xor", BinaryOp.XOR, (a, b) -> a ^ b);
  public static final OpDef SHIFT_LEFT = shift("shiftLeft", BinaryOp.SHL, (a, b) -> (int) a << (int) b,
      (a, b) -> a << b);
  /** Fills with zeros. */
  public static final OpDef SHIFT_RIGHT = shift("shiftRight", BinaryOp.SHR, (a, b) -> (int) a >>> (int) b,
      (a, b) -> a >>> b);

  public static final OpDef LESS = comparison("less", BinaryOp.LT, Elements.NUMERIC, (a, b) -> Loops.bool(a < b));
  public static final OpDef LESS_EQUAL = comparison("lessEqual", BinaryOp.LE, Elements.NUMERIC,
      (a, b) -> Loops.bool(a <= b));
  public static final OpDef GREATER = comparison("greater", BinaryOp.GT, Elements.NUMERIC, (a, b) -> Loops.bool(a > b));
  public static final OpDef GREATER_EQUAL = comparison("greaterEqual", BinaryOp.GE, Elements.NUMERIC,
      (a, b) -> Loops.bool(a >= b));
  public static final OpDef EQUAL = comparison("equal", BinaryOp.EQ, Elements.ANY, (a, b) -> Loops.bool(a == b));
  /** True where either operand is NaN. */
  public static final OpDef NOT_EQUAL = comparison("notEqual", BinaryOp.NE, Elements.ANY, (a, b) -> Loops.bool(a != b));

  /** (condition bool, a, b) -> a where the condition holds, else b. */
  public static final OpDef SELECT = OpDef.named("select")
      .type(
          (in, a) -> {
            Types.count("select", in, 3);
            Types.elements("select", in.get(0), Elements.BOOL);
            Types.sameType("select", in.get(1), in.get(2));
            Types.sameType("select", in.get(0), in.get(1).withDtype(DType.BOOL));
            return in.get(1);
          })
      .reference(
          (in, a, out) -> Loops.fill(out, (i, at) -> in.get(0).get(at) != 0 ? in.get(1).get(at) : in.get(2).get(at)))
      .vjp(
          (c, g) -> Arrays.asList(
              null,
              c.wants(1) ? c.input(0).where(g, g.zerosLike()) : null,
              c.wants(2) ? c.input(0).where(g.zerosLike(), g) : null))
      .lowering(new Lowering.Pointwise((b, x, a, out) -> b.select(x.get(0), x.get(1), x.get(2))))
      .tolerance(Tolerance.EXACT)
      .sample("bool[13] f32[13] f32[13]", Attributes.NONE)
      .sample("bool[0] f32[0] f32[0]", Attributes.NONE)
      .sample("bool[3,17] f64[3,17] f64[3,17]", Attributes.NONE)
      .sample("bool[17] bf16[17] bf16[17]", Attributes.NONE)
      .sample("bool[7] i64[7] i64[7]", Attributes.NONE)
      .sample("bool[7] u8[7] u8[7]", Attributes.NONE)
      .sample("bool[7] bool[7] bool[7]", Attributes.NONE)
      .build();

  /** To attribute {@code dtype}; as {@code hal.expr.Expr.Cast}. */
  public static final OpDef CAST = castDef();

  static final List<OpDef> ALL = List.of(
      NEG, ABS, SIGN, RECIPROCAL, SQRT, RSQRT, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL,
      ROUND, NOT, IS_NAN, IS_FINITE, ADD, SUB, MUL, DIV, REM, POW, MAXIMUM, MINIMUM, AND, OR, XOR, SHIFT_LEFT,
      SHIFT_RIGHT, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL, SELECT, CAST);

  private static OpDef castDef() {
    OpDefBuilder b = OpDef.named("cast")
        .type(
            (in, a) -> {
              Types.count("cast", in, 1);
              return in.getFirst().withDtype(a.dtype("dtype"));
            })
        .reference(
            (in, a, out) -> Loops.fill(
                out, (i, at) -> Loops.cast(in.get(0).get(at), in.get(0).type().dtype(), out.dtype())))
        .vjp((c, g) -> one(g.dtype().isFloating() ? g.cast(c.input(0).dtype()) : null))
        .lowering(new Lowering.Pointwise((e, x, a, out) -> e.cast(x.get(0), out.dtype())));
    for (DType from : DType.values()) {
      for (DType to : DType.values()) {
        Domain domain = from.isFloating() ? new Domain(-300, 300) : from.isInteger() ? Domain.INTEGERS : Domain.UNIT;
        b.sample(from + "[17]", Attributes.of("dtype", to), domain);
      }
    }
    return b.sample("f32[0]", Attributes.of("dtype", DType.F64)).build();
  }

  private static OpDefBuilder unaryDef(
      String name, UnaryOp op, Elements accepted, DoubleUnaryOperator f, @Nullable SingleGradient gradient) {
    OpDefBuilder b = OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 1);
              return Types.elements(name, in.getFirst(), accepted);
            })
        .reference(
            (in, a, out) -> Loops.fill(
                out,
                (i, at) -> {
                  double y = f.applyAsDouble(in.get(0).get(at));
                  return out.dtype().isFloating() ? y : Loops.wrap(out.dtype(), (long) y);
                }))
        .lowering(new Lowering.Pointwise((e, x, a, out) -> e.unary(op, x.get(0))));
    return gradient == null ? b.zeroGradient() : b.vjp(gradient);
  }

  private static OpDef unary(
      String name, UnaryOp op, Elements accepted, DoubleUnaryOperator f, @Nullable SingleGradient gradient) {
    return samples(unaryDef(name, op, accepted, f, gradient).tolerance(Tolerance.EXACT), accepted, 1).build();
  }

  private static OpDef floating(
      String name, UnaryOp op, DoubleUnaryOperator f, Domain domain, SingleGradient gradient) {
    return samples(
        unaryDef(name, op, Elements.FLOATING, f, gradient).tolerance(Tolerance.TRANSCENDENTAL),
        Elements.FLOATING,
        1,
        domain)
        .build();
  }

  private static OpDef rounding(String name, UnaryOp op, DoubleUnaryOperator f) {
    return samples(
        unaryDef(name, op, Elements.FLOATING, f, null).tolerance(Tolerance.EXACT),
        Elements.FLOATING,
        1,
        new Domain(-9, 9))
        .build();
  }

  private static OpDef predicate(String name, UnaryOp op, Elements accepted, DoubleUnaryOperator f) {
    OpDefBuilder b = OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 1);
              return Types.elements(name, in.getFirst(), accepted).withDtype(DType.BOOL);
            })
        .reference((in, a, out) -> Loops.fill(out, (i, at) -> f.applyAsDouble(in.get(0).get(at))))
        .noGradient("its result is bool")
        .lowering(new Lowering.Pointwise((e, x, a, out) -> e.unary(op, x.get(0))))
        .tolerance(Tolerance.EXACT);
    return samples(b, accepted, 1).build();
  }

  private static OpDefBuilder binaryDef(
      String name,
      BinaryOp op,
      Elements accepted,
      BiFunction<TensorType, double[], Double> value,
      boolean toBool) {
    return OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 2);
              Types.sameType(name, in.get(0), in.get(1));
              TensorType t = Types.elements(name, in.get(0), accepted);
              return toBool ? t.withDtype(DType.BOOL) : t;
            })
        .reference(
            (in, a, out) -> Loops.fill(
                out,
                (i, at) -> value.apply(in.get(0).type(), new double[]{in.get(0).get(at), in.get(1).get(at)})))
        .lowering(new Lowering.Pointwise((e, x, a, out) -> e.binary(op, x.get(0), x.get(1))));
  }

  private static OpDef binary(
      String name,
      BinaryOp op,
      Elements accepted,
      DoubleBinaryOperator floating,
      LongBinaryOperator integer,
      SingleGradient gradient) {
    OpDefBuilder b = binaryDef(
        name,
        op,
        accepted,
        (t, x) -> t.dtype().isFloating()
            ? floating.applyAsDouble(x[0], x[1])
            : Loops.wrap(t.dtype(), integer.applyAsLong((long) x[0], (long) x[1])),
        false)
        .vjp(gradient);
    return switch (op) {
      case DIV, REM ->
        samples(b, Elements.FLOATING, 2, Domain.REAL, Domain.POSITIVE)
            .sample("i32[17] i32[17]", Attributes.NONE, Domain.INTEGERS, new Domain(-3, 3))
            .sample("i64[13] i64[13]", Attributes.NONE, Domain.INTEGERS, new Domain(-3, 3))
            .sample("u8[33] u8[33]", Attributes.NONE, new Domain(0, 255), new Domain(0, 9))
            .build();
      case POW -> samples(b.tolerance(Tolerance.TRANSCENDENTAL), accepted, 2, Domain.POSITIVE, Domain.REAL).build();
      default -> samples(b, accepted, 2).build();
    };
  }

  private static OpDef bits(String name, BinaryOp op, LongBinaryOperator f) {
    OpDefBuilder b = binaryDef(
        name,
        op,
        Elements.BITS,
        (t, x) -> Loops.wrap(t.dtype(), f.applyAsLong((long) x[0], (long) x[1])),
        false)
        .noGradient("its result is not floating")
        .tolerance(Tolerance.EXACT);
    return samples(b, Elements.BITS, 2).build();
  }

  private static OpDef shift(String name, BinaryOp op, LongBinaryOperator narrow, LongBinaryOperator wide) {
    return binaryDef(
        name,
        op,
        Elements.WIDE_INTEGER,
        (t, x) -> (double) (t.dtype() == DType.I32 ? narrow : wide).applyAsLong((long) x[0], (long) x[1]),
        false)
        .noGradient("its result is not floating")
        .tolerance(Tolerance.EXACT)
        .sample("i32[17] i32[17]", Attributes.NONE, new Domain(-1e6, 1e6), new Domain(0, 40))
        .sample("i64[13] i64[13]", Attributes.NONE, new Domain(0, 1e6), new Domain(0, 30))
        .sample("i32[0] i32[0]", Attributes.NONE)
        .build();
  }

  private static OpDef comparison(String name, BinaryOp op, Elements accepted, DoubleBinaryOperator f) {
    OpDefBuilder b = binaryDef(name, op, accepted, (t, x) -> f.applyAsDouble(x[0], x[1]), true)
        .noGradient("its result is bool")
        .tolerance(Tolerance.EXACT);
    return samples(b, accepted, 2)
        .sample("i32[33] i32[33]", Attributes.NONE, new Domain(0, 2))
        .build();
  }

  /** Awkward shapes in every type that is accepted. */
  private static OpDefBuilder samples(OpDefBuilder b, Elements accepted, int inputs, Domain... domains) {
    for (String type : List.of(
        "f32[13]", "f32[0]", "f32[]", "f32[3,17]", "f32[2,3,5]", "f64[7,11]", "f16[17]", "bf16[3,5]", "i32[17]",
        "i64[13]", "u8[33]", "bool[7]")) {
      if (accepted.has(TensorType.parse(type).dtype())) {
        b.sample((type + " ").repeat(inputs), Attributes.NONE, domains);
      }
    }
    return b;
  }

  private static List<@Nullable Tensor> one(@Nullable Tensor g) {
    return Arrays.asList(g);
  }

  /** The gradient where a is above b, and where it is below; half of it in both where they are equal. */
  private static List<@Nullable Tensor> larger(Tensor g, Tensor a, Tensor b) {
    Tensor half = a.equalTo(b).where(g.mul(0.5), g.zerosLike());
    return Arrays.asList(a.greater(b).where(g, half), a.less(b).where(g, half));
  }

  private static List<@Nullable Tensor> powerGradient(OpDef.Call c, Tensor g) {
    Tensor a = c.input(0);
    Tensor b = c.input(1);
    Tensor forBase = null;
    if (c.wants(0)) {
      Tensor exponent = b.equalTo(0).where(b.like(1), b.sub(1));
      forBase = g.mul(b).mul(a.pow(exponent));
    }
    Tensor forExponent = null;
    if (c.wants(1)) {
      Tensor positive = a.greater(0);
      Tensor log = positive.where(a, a.like(1)).log();
      forExponent = g.mul(c.output(0)).mul(log);
    }
    return Arrays.asList(forBase, forExponent);
  }

  private static double logistic(double x) {
    return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
  }

  /** 2/sqrt(pi) exp(-x²) sum of 2^n x^(2n+1) / (1·3·5···(2n+1)): every term has one sign, so nothing cancels. */
  static double erf(double x) {
    if (Math.abs(x) > 6) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }
}
