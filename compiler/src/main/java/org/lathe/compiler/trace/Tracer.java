package org.lathe.compiler.trace;

import java.lang.StackWalker.StackFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.SourceLine;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;

/** Runs plain Java on symbolic tensors and records what it does. */
public final class Tracer {
  private static final StackWalker WALKER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);
  private static final ClassValue<Boolean> IS_LIBRARY = new ClassValue<>() {
    @Override
    protected Boolean computeValue(Class<?> type) {
      return type.getPackage().isAnnotationPresent(LibraryCode.class);
    }
  };

  private Tracer() {}

  /** The graph of {@code function} for inputs of these types; inputs are named by {@code names}. */
  public static Graph trace(
      String name, List<String> names, List<TensorType> types, Function<List<Tensor>, List<Tensor>> function) {
    GraphBuilder builder = builder(name);
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < types.size(); i++) {
      inputs.add(new Tensor(builder, builder.input(names.get(i), types.get(i))));
    }
    List<Tensor> outputs = function.apply(List.copyOf(inputs));
    return builder.build(outputs.stream().map(Tensor::value).toList());
  }

  /** An empty graph whose nodes will carry the user's lines, for a trace that finds its inputs on the way. */
  public static GraphBuilder builder(String name) {
    return new GraphBuilder(name, Tracer::userLine);
  }

  /** The innermost line outside of the compiler and of other {@link LibraryCode}; failing that, outside of the compiler. */
  static @Nullable SourceLine userLine() {
    return WALKER.walk(
        frames -> {
          SourceLine library = null;
          for (StackFrame f : (Iterable<StackFrame>) frames::iterator) {
            if (f.getClassName().startsWith("org.lathe.compiler.") || f.getClassName().startsWith("java.")) {
              continue;
            }
            SourceLine line = new SourceLine(String.valueOf(f.getFileName()), f.getLineNumber());
            if (!IS_LIBRARY.get(f.getDeclaringClass())) {
              return line;
            }
            library = library == null ? line : library;
          }
          return library;
        });
  }
}
