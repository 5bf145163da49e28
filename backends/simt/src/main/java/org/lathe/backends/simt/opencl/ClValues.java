package org.lathe.backends.simt.opencl;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/** Values as expressions of OpenCL C. Each is an operand: a name, a call, or in parentheses. */
final class ClValues {
  private final ClFunctions functions;

  ClValues(ClFunctions functions) {
    this.functions = functions;
  }

  String print(Value value) {
    return switch (value) {
      case Value.Constant c -> ClConstants.print(c);
      case Value.Lanes(int lanes) -> "((int" + lanes + ")("
          + IntStream.range(0, lanes).mapToObj(Integer::toString).collect(Collectors.joining(", ")) + "))";
      case Value.Id(Value.Id.Kind kind, int axis) -> "((int)" + switch (kind) {
        case GLOBAL -> "get_global_id(";
        case LOCAL -> "get_local_id(";
        case GROUP -> "get_group_id(";
      } + axis + "))";
      case Value.Argument a -> a.parameter().name();
      case Value.Read r -> r.variable().name();
      case Value.Load l -> load(l);
      case Value.Unary u -> unary(u);
      case Value.Binary b ->
        b.type().dtype() == DType.BOOL && b.a().type().dtype() == DType.BOOL ? logic(b) : binary(b);
      case Value.MultiplyAdd(Value a, Value b, Value c) -> "fma(" + print(a) + ", " + print(b) + ", " + print(c) + ")";
      case Value.Select s -> select(s);
      case Value.Cast c -> cast(c);
      case Value.Bits(Value a, DType to) -> "as_" + ClTypes.register(a.type().withDtype(to)) + "(" + print(a) + ")";
      case Value.Splat s -> s.type().dtype() == DType.BOOL
          ? "((" + ClTypes.register(s.type()) + ")(-" + print(s.a()) + "))"
          : "((" + ClTypes.register(s.type()) + ")(" + print(s.a()) + "))";
      case Value.Lane(Value a, int lane) -> a.type().dtype() == DType.BOOL
          ? "(" + print(a) + ".s" + Integer.toHexString(lane) + " & 1)"
          : print(a) + ".s" + Integer.toHexString(lane);
      case Value.Join j -> join(j);
    };
  }

  /** Lanes of one vector are a swizzle, which compilers need not put together again. */
  private String join(Value.Join j) {
    if (j.parts().getFirst() instanceof Value.Lane(Value.Read v, int _)
        && j.parts().stream().allMatch(p -> p instanceof Value.Lane l && l.a().equals(v))) {
      return j.parts().stream().map(p -> Integer.toHexString(((Value.Lane) p).lane()))
          .collect(Collectors.joining("", print(v) + ".s", ""));
    }
    return "((" + ClTypes.register(j.type()) + ")("
        + j.parts().stream().map(p -> (p.type().dtype() == DType.BOOL ? "-" : "") + print(p))
            .collect(Collectors.joining(", "))
        + "))";
  }

  /** The name of the address space, for casts of pointers. */
  static String space(Memory memory) {
    return switch (memory) {
      case Parameter.Global g ->
        g.access() == Parameter.Access.READ ? "__global const " : "__global ";
      case Memory.Local l -> "__local ";
      case Memory.Private p -> "";
    };
  }

  private String load(Value.Load l) {
    Memory m = l.memory();
    String index = print(l.index());
    String at = m.name() + " + " + index;
    String n = l.lanes() == 1 ? "" : Integer.toString(l.lanes());
    return switch (m.dtype()) {
      case F16 -> l.lanes() == 1
          ? "vload_half(0, " + at + ")"
          : functions.fromHalf(l.type()) + "(vload" + n + "(0, (" + space(m) + "ushort*)(" + at + ")))";
      case BF16 -> l.lanes() == 1
          ? "as_float((uint)" + m.name() + "[" + index + "] << 16)"
          : "as_float" + n + "(convert_uint" + n + "(vload" + n + "(0, " + at + ")) << 16)";
      case BOOL -> l.lanes() == 1
          ? "((int)" + m.name() + "[" + index + "])"
          : "(convert_int" + n + "(vload" + n + "(0, " + at + ")) != 0)";
      default -> l.lanes() == 1
          ? m.name() + "[" + index + "]"
          : l.aligned()
              ? "(*((" + space(m) + ClTypes.register(l.type()) + "*)(" + at + ")))"
              : "vload" + n + "(0, " + at + ")";
    };
  }

  private String call(String function, Value... arguments) {
    StringBuilder s = new StringBuilder(function).append('(');
    for (int i = 0; i < arguments.length; i++) {
      s.append(i == 0 ? "" : ", ").append(print(arguments[i]));
    }
    return s.append(')').toString();
  }

  private String unary(Value.Unary u) {
    Value a = u.a();
    Type type = a.type();
    DType dtype = type.dtype();
    String x = print(a);
    return switch (u.op()) {
      case NEG -> switch (dtype) {
        case I32, I64 -> "as_" + ClTypes.register(type) + "(-as_" + ClTypes.unsigned(type) + "(" + x + "))";
        case U8 -> "((" + ClTypes.register(type) + ")(-" + x + "))";
        default -> "(-" + x + ")";
      };
      case ABS -> dtype.isFloating()
          ? "fabs(" + x + ")"
          : dtype == DType.U8 ? x : "as_" + ClTypes.register(type) + "(abs(" + x + "))";
      case SIGN -> dtype.isFloating()
          ? call(functions.sign(type), a)
          : type.isScalar()
              ? "((" + ClTypes.register(type) + ")((" + x + " > 0) - (" + x + " < 0)))"
              : dtype == DType.U8
                  ? "min(" + x + ", (" + ClTypes.register(type) + ")(1))"
                  : "((" + x + " < 0) - (" + x + " > 0))";
      case RECIPROCAL -> "(" + (dtype == DType.F64 ? "1.0" : "1.0f") + " / " + x + ")";
      case NOT -> type.isScalar() ? "(!" + x + ")" : "(~" + x + ")";
      case IS_NAN -> mask("isnan(" + x + ")", type);
      case IS_FINITE -> mask("isfinite(" + x + ")", type);
      case SIGMOID -> call(functions.sigmoid(type), a);
      case ROUND -> "rint(" + x + ")";
      case SIN -> call(functions.periodic(type, "sin"), a);
      case COS -> call(functions.periodic(type, "cos"), a);
      case TANH -> call(functions.tanh(type), a);
      case ERF -> call(functions.erf(type), a);
      case SQRT, RSQRT, EXP, EXPM1, LOG, LOG1P, FLOOR, CEIL ->
        u.op().name().toLowerCase(Locale.ROOT) + "(" + x + ")";
    };
  }

  /** The result of a comparison of {@code compared}, as this renderer keeps bools. */
  private static String mask(String comparison, Type compared) {
    if (compared.isScalar() || compared.dtype().bytes() == 4) {
      return comparison;
    }
    return "convert_int" + compared.lanes() + "(" + comparison + ")";
  }

  private String binary(Value.Binary b) {
    Type type = b.a().type();
    DType dtype = type.dtype();
    boolean wraps = !b.exact() && (dtype == DType.I32 || dtype == DType.I64);
    return switch (b.op()) {
      case ADD -> arithmetic(b, "+", wraps);
      case SUB -> arithmetic(b, "-", wraps);
      case MUL -> arithmetic(b, "*", wraps);
      case SHL -> arithmetic(b, "<<", true);
      case SHR -> arithmetic(b, ">>", true);
      case DIV -> dtype.isFloating() || isSafeDivisor(b.b())
          ? arithmetic(b, "/", false)
          : call(functions.divide(type), b.a(), b.b());
      case REM -> dtype.isFloating()
          ? call(functions.floatingRemainder(type), b.a(), b.b())
          : isSafeDivisor(b.b()) ? arithmetic(b, "%", false) : call(functions.remainder(type), b.a(), b.b());
      case POW -> call(functions.power(type), b.a(), b.b());
      case MAX, MIN -> extreme(b, b.op() == BinaryOp.MAX);
      case AND -> arithmetic(b, "&", false);
      case OR -> arithmetic(b, "|", false);
      case XOR -> arithmetic(b, "^", false);
      case LT -> comparison(b, "<");
      case LE -> comparison(b, "<=");
      case GT -> comparison(b, ">");
      case GE -> comparison(b, ">=");
      case EQ -> comparison(b, "==");
      case NE -> comparison(b, "!=");
    };
  }

  private static boolean isSafeDivisor(Value divisor) {
    return divisor instanceof Value.Constant c && c.bits() != 0 && c.bits() != -1;
  }

  private String arithmetic(Value.Binary b, String operator, boolean wraps) {
    String x = print(b.a());
    String y = print(b.b());
    if (wraps) {
      String unsigned = "as_" + ClTypes.unsigned(b.type());
      return "as_" + ClTypes.register(b.type()) + "(" + unsigned + "(" + x + ") " + operator + " " + unsigned + "(" + y
          + "))";
    }
    String result = "(" + x + " " + operator + " " + y + ")";
    return b.type().equals(Type.of(DType.U8)) ? "((uchar)" + result + ")" : result;
  }

  private String comparison(Value.Binary b, String operator) {
    return mask("(" + print(b.a()) + " " + operator + " " + print(b.b()) + ")", b.a().type());
  }

  /** Against a constant one comparison is enough; which one depends on the sign of a zero. */
  private String extreme(Value.Binary b, boolean largest) {
    Type type = b.type();
    if (!type.dtype().isFloating()) {
      return call(largest ? "max" : "min", b.a(), b.b());
    }
    Value a = b.a() instanceof Value.Constant ? b.b() : b.a();
    Value other = a == b.a() ? b.b() : b.a();
    boolean cheap = a instanceof Value.Read && other instanceof Value.Constant c && !Double.isNaN(c.asDouble());
    if (!cheap) {
      return call(functions.extreme(type, largest), b.a(), b.b());
    }
    boolean negativeZero = Double.doubleToRawLongBits(((Value.Constant) other).asDouble()) == Long.MIN_VALUE;
    String comparison = largest ? (negativeZero ? " < " : " <= ") : (negativeZero ? " >= " : " > ");
    String x = print(a);
    String c = print(other);
    return type.isScalar()
        ? "(" + x + comparison + c + " ? " + c + " : " + x + ")"
        : "select(" + x + ", " + c + ", " + x + comparison + c + ")";
  }

  /** Bools: 0 and 1, in vectors 0 and -1. */
  private String logic(Value.Binary b) {
    String x = print(b.a());
    String y = print(b.b());
    boolean scalar = b.type().isScalar();
    String notX = scalar ? "(!" + x + ")" : "(~" + x + ")";
    String notY = scalar ? "(!" + y + ")" : "(~" + y + ")";
    return switch (b.op()) {
      case AND, MIN -> "(" + x + " & " + y + ")";
      case OR, MAX -> "(" + x + " | " + y + ")";
      case XOR, NE -> "(" + x + " ^ " + y + ")";
      case EQ -> scalar ? "(" + x + " == " + y + ")" : "(~(" + x + " ^ " + y + "))";
      case LT -> "(" + notX + " & " + y + ")";
      case LE -> "(" + notX + " | " + y + ")";
      case GT -> "(" + x + " & " + notY + ")";
      case GE -> "(" + x + " | " + notY + ")";
      default -> throw new IllegalArgumentException(b.op() + " of bool");
    };
  }

  private String select(Value.Select s) {
    Type type = s.type();
    String c = print(s.condition());
    String a = print(s.a());
    String b = print(s.b());
    if (type.isScalar()) {
      return "(" + c + " ? " + a + " : " + b + ")";
    }
    if (type.dtype() == DType.BOOL) {
      return "((" + c + " & " + a + ") | (~" + c + " & " + b + "))";
    }
    String mask = type.dtype().bytes() == 4 ? c : "convert_" + ClTypes.mask(type.dtype(), type.lanes()) + "(" + c + ")";
    return "select(" + b + ", " + a + ", " + mask + ")";
  }

  private String cast(Value.Cast c) {
    Type from = c.a().type();
    Type to = c.type();
    String x = print(c.a());
    if (to.dtype() == DType.BOOL) {
      return mask("(" + x + " != ((" + ClTypes.register(from) + ")(0)))", from);
    }
    if (from.dtype() == DType.BOOL) {
      return from.isScalar()
          ? "((" + ClTypes.register(to) + ")" + x + ")"
          : "convert_" + ClTypes.register(to) + "(" + x + " & 1)";
    }
    if (from.dtype().isFloating() && to.dtype().isInteger()) {
      return call(functions.toInteger(from, to.dtype()), c.a());
    }
    return from.isScalar()
        ? "((" + ClTypes.register(to) + ")" + x + ")"
        : "convert_" + ClTypes.register(to) + "(" + x + ")";
  }
}
