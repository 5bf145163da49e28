package org.lathe.compiler.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.Tracer;

/** Where a compiled function's graphs come from. */
sealed interface Source {
  String name();

  /** The graph for these inputs. */
  Graph graph(List<TensorType> types, List<String> names);

  /** Name of argument {@code i}, for messages. */
  String argument(int i, List<String> names);

  /**
   * A function in Java.
   *
   * @param arity the number of arguments, or -1 if it takes any number
   */
  record Traced(String name, int arity, Function<List<Tensor>, List<Tensor>> function) implements Source {
    @Override
    public Graph graph(List<TensorType> types, List<String> names) {
      if (arity >= 0 && types.size() != arity) {
        throw new TypeError("'" + name + "' takes " + arity + " arrays, found " + types.size());
      }
      List<String> all = new ArrayList<>();
      for (int i = 0; i < types.size(); i++) {
        all.add(argument(i, names));
      }
      return Tracer.trace(name, all, types, function);
    }

    @Override
    public String argument(int i, List<String> names) {
      return i < names.size() ? names.get(i) : "x" + i;
    }
  }

  /** A graph. */
  record Given(Graph graph) implements Source {
    @Override
    public String name() {
      return graph.name();
    }

    @Override
    public Graph graph(List<TensorType> types, List<String> names) {
      if (!types.equals(graph.inputTypes())) {
        throw new TypeError("graph '" + name() + "' takes " + graph.inputTypes() + ", found " + types);
      }
      return graph;
    }

    @Override
    public String argument(int i, List<String> names) {
      return i < graph.inputs().size() ? graph.inputs().get(i).attributes().text("name") : "x" + i;
    }
  }
}
