package org.lathe.backends.simt.opencl;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;

/** How a launch hands memory and numbers to a kernel: its arguments, and what makes its parameters of them. */
public sealed interface Calling {
  /** The declarations of the arguments. */
  List<String> arguments(Kernel kernel);

  /** Statements at the kernel's start. */
  List<String> prologue(Kernel kernel);

  /** The arguments in the order of the parameters: memory as a buffer and a long, its offset in elements; scalars. */
  record Buffers() implements Calling {
    @Override
    public List<String> arguments(Kernel kernel) {
      List<String> arguments = new ArrayList<>();
      for (Parameter p : kernel.parameters()) {
        switch (p) {
          case Parameter.Global g -> {
            arguments.add(pointer(g) + g.name() + "_buffer");
            arguments.add("const long " + g.name() + "_offset");
          }
          case Parameter.Scalar s -> arguments.add("const " + ClTypes.scalar(s.dtype()) + " " + s.name());
        }
      }
      return arguments;
    }

    @Override
    public List<String> prologue(Kernel kernel) {
      return globals(kernel).stream()
          .map(g -> pointer(g) + g.name() + " = " + g.name() + "_buffer + " + g.name() + "_offset").toList();
    }
  }

  /**
   * A long for each parameter: of memory the address where it begins, for devices that work in the caller's own memory;
   * else the scalar.
   */
  record Addresses() implements Calling {
    @Override
    public List<String> arguments(Kernel kernel) {
      return kernel.parameters().stream().map(p -> "const long " + p.name() + "_number").toList();
    }

    @Override
    public List<String> prologue(Kernel kernel) {
      return kernel.parameters().stream().map(p -> switch (p) {
        case Parameter.Global g -> pointer(g) + g.name() + " = (" + plain(g) + ")" + g.name() + "_number";
        case Parameter.Scalar s -> scalar(s, s.name() + "_number");
      }).toList();
    }
  }

  /**
   * As TornadoVM calls prebuilt kernels: four regions of its own, then the distinct arrays with their headers, the last of
   * them an array of a long for each parameter, and of one more that the kernel sets to {@link #RAN}.
   *
   * @param arenas for each parameter of memory which of the arrays it lies in
   * @param headerBytes before the data of an array
   */
  record Tornado(List<Integer> arenas, int headerBytes) implements Calling {
    /** What a kernel leaves after its numbers, so that one that did not run can be told. */
    public static final long RAN = 1;

    public Tornado {
      arenas = List.copyOf(arenas);
    }

    @Override
    public List<String> arguments(Kernel kernel) {
      List<String> arguments = new ArrayList<>(List.of(
          "__global long* kernel_context", "__constant uchar* constant_region", "__local uchar* local_region",
          "__global int* atomics"));
      arena(arenas).forEach(a -> arguments.add("__global uchar* " + a));
      arguments.add("__global uchar* numbers");
      return arguments;
    }

    @Override
    public List<String> prologue(Kernel kernel) {
      String values = "((__global long*)(numbers + " + headerBytes + "))[";
      List<String> lines = new ArrayList<>(typed(
          kernel, arenas, " + " + headerBytes, p -> values + kernel.parameters().indexOf(p) + "]"));
      lines.add("if (get_global_id(0) + get_global_id(1) + get_global_id(2) == 0) " + values
          + kernel.parameters().size() + "] = " + RAN);
      return lines;
    }
  }

  private static List<String> arena(List<Integer> arenas) {
    return arenas.stream().distinct().sorted().map(a -> "arena" + a).toList();
  }

  private static List<Parameter.Global> globals(Kernel kernel) {
    return kernel.parameters().stream().filter(Parameter.Global.class::isInstance).map(Parameter.Global.class::cast)
        .toList();
  }

  private static List<String> typed(
      Kernel kernel, List<Integer> arenas, String start, java.util.function.Function<Parameter, String> number) {
    List<String> lines = new ArrayList<>();
    int next = 0;
    for (Parameter p : kernel.parameters()) {
      lines.add(switch (p) {
        case Parameter.Global g -> pointer(g) + g.name() + " = (" + plain(g) + ")(arena" + arenas.get(next++) + start
            + ") + " + number.apply(g);
        case Parameter.Scalar s -> scalar(s, number.apply(s));
      });
    }
    return lines;
  }

  private static String scalar(Parameter.Scalar s, String number) {
    String type = ClTypes.scalar(s.dtype());
    return "const " + type + " " + s.name() + " = (" + type + ")" + number;
  }

  private static String plain(Parameter.Global g) {
    return "__global " + (g.access() == Parameter.Access.READ ? "const " : "") + ClTypes.memory(g.dtype()) + "*";
  }

  private static String pointer(Parameter.Global g) {
    return plain(g) + " " + (g.mayAlias() ? "" : "restrict ");
  }
}
