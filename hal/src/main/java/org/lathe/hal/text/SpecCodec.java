package org.lathe.hal.text;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.View;

/**
 * Kernels as text: the record's name, then {@code component=value} for each of its components in order.
 *
 * <p>It follows the record declarations by reflection, so a new kernel or a new component needs nothing here as long as
 * its type is one of: long, boolean, double, an enum, {@link Dims}, {@link View}, {@link Expr}, a list of these, or a
 * record of these, which stands in parentheses. Only views may be null, which prints as {@code none}.
 */
final class SpecCodec {
  /** Expressions with more nodes than this are printed one node a line. */
  private static final int NODES_ON_ONE_LINE = 4;

  private SpecCodec() {}

  static void print(KernelSpec spec, String indent, StringBuilder out) {
    out.append(spec.family());
    printComponents((Record) spec, indent, out);
  }

  private static void printComponents(Record record, String indent, StringBuilder out) {
    for (RecordComponent c : record.getClass().getRecordComponents()) {
      out.append(' ').append(c.getName()).append('=');
      print(read(record, c), indent, out);
    }
  }

  private static void print(@Nullable Object value, String indent, StringBuilder out) {
    switch (value) {
      case null -> out.append("none");
      case Expr e when e.nodes().size() > NODES_ON_ONE_LINE -> out.append(
          e.toString().replace("{", "{\n  " + indent).replace("; ", ";\n  " + indent));
      case Long _,Boolean _,Double _,DType _,Dims _,View _,Expr _ -> out.append(value);
      case Enum<?> e -> out.append(e.name().toLowerCase(Locale.ROOT));
      case List<?> list -> {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
          out.append(i == 0 ? "" : ", ");
          print(list.get(i), indent, out);
        }
        out.append(']');
      }
      case Record r -> {
        StringBuilder inner = new StringBuilder();
        printComponents(r, indent, inner);
        out.append('(').append(inner, 1, inner.length()).append(')');
      }
      default -> throw new IllegalStateException("kernels have no text for a " + value.getClass().getName());
    }
  }

  private static @Nullable Object read(Record record, RecordComponent component) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }

  static KernelSpec parse(Lexer in) {
    Lexer.Token at = in.peek();
    for (Class<?> kernel : KernelSpec.class.getPermittedSubclasses()) {
      if (in.skip(kernel.getSimpleName())) {
        return (KernelSpec) parseComponents(kernel, at, in);
      }
    }
    throw in.expected(
        "a kernel, one of " + Arrays.stream(KernelSpec.class.getPermittedSubclasses()).map(Class::getSimpleName)
            .collect(Collectors.joining(", ")));
  }

  private static Object parseComponents(Class<?> type, Lexer.Token at, Lexer in) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      in.expect(components[i].getName());
      in.expect("=");
      types[i] = components[i].getType();
      values[i] = value(components[i].getGenericType(), in);
    }
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw Lexer.failure(at, String.valueOf(cause.getMessage()), cause);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make a " + type.getName(), e);
    }
  }

  private static @Nullable Object value(Type type, Lexer in) {
    if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
      List<Object> items = new ArrayList<>();
      in.expect("[");
      while (!in.isNext("]")) {
        if (!items.isEmpty()) {
          in.expect(",");
        }
        Object item = value(list.getActualTypeArguments()[0], in);
        if (item == null) {
          throw in.expected("a value in the list before this");
        }
        items.add(item);
      }
      in.expect("]");
      return items;
    }
    Class<?> c = (Class<?>) type;
    if (c == long.class) {
      return in.number("a whole number");
    } else if (c == double.class) {
      return in.real("a number");
    } else if (c == boolean.class) {
      if (!in.isNext("true") && !in.isNext("false")) {
        throw in.expected("true or false");
      }
      return in.take().text().equals("true");
    } else if (c == Dims.class) {
      return dims(in);
    } else if (c == View.class) {
      return in.skip("none") ? null : view(in);
    } else if (c == Expr.class) {
      return ExprParser.parse(in);
    } else if (c.isEnum()) {
      return constant(c, in);
    } else if (c.isRecord()) {
      Lexer.Token at = in.peek();
      in.expect("(");
      Object record = parseComponents(c, at, in);
      in.expect(")");
      return record;
    }
    throw new IllegalStateException("kernels have no text for a " + c.getName());
  }

  /** An enum constant by its lower-case name. */
  static <T> T constant(Class<T> type, Lexer in) {
    T[] constants = type.getEnumConstants();
    for (T constant : constants) {
      if (in.skip(name(constant))) {
        return constant;
      }
    }
    throw in.expected(Arrays.stream(constants).map(SpecCodec::name).collect(Collectors.joining(", ", "one of ", "")));
  }

  private static String name(Object constant) {
    return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT);
  }

  static Dims dims(Lexer in) {
    List<Long> values = new ArrayList<>();
    in.expect("[");
    while (!in.isNext("]")) {
      if (!values.isEmpty()) {
        in.expect(",");
      }
      values.add(in.number("a whole number"));
    }
    in.expect("]");
    return Dims.of(values.stream().mapToLong(Long::longValue).toArray());
  }

  private static View view(Lexer in) {
    Lexer.Token at = in.peek();
    DType dtype = constant(DType.class, in);
    in.expect("@");
    long offset = in.number("an offset");
    Dims strides = dims(in);
    try {
      View.Guard guard = null;
      if (in.skip("in")) {
        Dims low = dims(in);
        in.expect("..");
        Dims high = dims(in);
        in.expect("else");
        guard = new View.Guard(low, high, in.real("the value outside the guard"));
      }
      return new View(dtype, offset, strides, guard);
    } catch (TextSyntaxException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw Lexer.failure(at, String.valueOf(e.getMessage()), e);
    }
  }
}
