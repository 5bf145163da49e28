package org.lathe.hal.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;

/** The inverse of {@link Expr#toString}. */
final class ExprParser {
  private ExprParser() {}

  static Expr parse(Lexer in) {
    Lexer.Token at = in.peek();
    in.expect("{");
    List<Expr.Node> nodes = new ArrayList<>();
    while (in.skip("%")) {
      Lexer.Token number = in.peek();
      if (in.number("the number of a node") != nodes.size()) {
        throw Lexer.failure(number, "expected node %" + nodes.size() + ", found %" + number.text(), null);
      }
      in.expect("=");
      nodes.add(node(in));
      in.expect(";");
    }
    if (!in.skip("yield")) {
      throw in.expected("a node, such as '%0 = input.f32 0', or 'yield'");
    }
    List<Integer> results = new ArrayList<>();
    while (!in.isNext("}")) {
      if (!results.isEmpty()) {
        in.expect(",");
      }
      results.add(operand(in));
    }
    in.expect("}");
    try {
      return new Expr(nodes, results);
    } catch (IllegalArgumentException e) {
      throw Lexer.failure(at, String.valueOf(e.getMessage()), e);
    }
  }

  private static Expr.Node node(Lexer in) {
    Lexer.Token at = in.peek();
    String[] parts = in.word("an operation, such as 'add.f32'").split("\\.", -1);
    String op = parts[0];
    if (op.equals("index") && parts.length == 1) {
      return new Expr.Index(in.index("a dimension"));
    }
    DType type = parts.length == 2 ? type(parts[1]) : null;
    if (type == null) {
      throw Lexer.failure(at, "expected an operation and its type, such as 'add.f32', found '" + at.text() + "'", null);
    }
    switch (op) {
      case "input" :
        return new Expr.Input(in.index("the number of an input"), type);
      case "const" :
        return type.isFloating()
            ? Expr.Constant.of(type, in.real("a number"))
            : new Expr.Constant(type, in.number("a whole number"));
      case "cast" :
        return new Expr.Cast(operand(in), type);
      case "select" :
        int condition = operand(in);
        in.expect(",");
        int a = operand(in);
        in.expect(",");
        return new Expr.Select(condition, a, operand(in), type);
      default :
    }
    for (UnaryOp unary : UnaryOp.values()) {
      if (isNamed(unary, op)) {
        return new Expr.Unary(unary, operand(in), type);
      }
    }
    for (BinaryOp binary : BinaryOp.values()) {
      if (isNamed(binary, op)) {
        int left = operand(in);
        in.expect(",");
        return new Expr.Binary(binary, left, operand(in), type);
      }
    }
    throw Lexer.failure(at, "no scalar operation is named '" + op + "'", null);
  }

  private static boolean isNamed(Enum<?> op, String name) {
    return op.name().toLowerCase(Locale.ROOT).equals(name);
  }

  private static @Nullable DType type(String name) {
    return Arrays.stream(DType.values()).filter(t -> t.toString().equals(name)).findFirst().orElse(null);
  }

  private static int operand(Lexer in) {
    in.expect("%");
    return in.index("the number of a node");
  }
}
