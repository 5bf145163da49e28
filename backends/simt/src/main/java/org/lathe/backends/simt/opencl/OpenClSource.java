package org.lathe.backends.simt.opencl;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;

/**
 * Kernels as OpenCL C 1.2.
 *
 * <p>The arguments of a kernel are those of its parameters in order, where global memory takes two: the buffer, and a long
 * with the slice's offset in elements. Products and sums are fused only where the kernel says so, hence the same bits
 * from every compiler of one device.
 */
public final class OpenClSource {
  /** What each vendor's compiler needs to make one work item a pipeline; nothing for others. */
  private static final String PIPELINE_MACROS = """
      #if defined(INTELFPGA_CL) || defined(ALTERA_CL)
      #define LATHE_SINGLE_WORK_ITEM __attribute__((max_global_work_dim(0)))
      #define LATHE_INDEPENDENT _Pragma("ivdep")
      #else
      #define LATHE_SINGLE_WORK_ITEM
      #define LATHE_INDEPENDENT
      #endif
      #if defined(__xilinx__)
      #define LATHE_PIPELINE __attribute__((xcl_pipeline_loop(1)))
      #define LATHE_UNROLL(copies) __attribute__((opencl_unroll_hint(copies)))
      #else
      #define LATHE_PIPELINE
      #define LATHE_UNROLL(copies)
      #endif

      """;

  private final ClFunctions functions = new ClFunctions();
  private final ClValues values = new ClValues(functions);
  private final StringBuilder out = new StringBuilder();
  private final Function<Kernel, Calling> calling;
  private Set<String> inside = Set.of();

  /** The form for pipelines, with the counters of the loops whose iterations do not meet in memory; null for other forms. */
  private final @Nullable Map<String, Set<String>> pipelines;

  private OpenClSource(Function<Kernel, Calling> calling, @Nullable Map<String, Set<String>> pipelines) {
    this.calling = calling;
    this.pipelines = pipelines;
  }

  /** One source with all of these kernels. */
  public static String render(Collection<Kernel> kernels) {
    return new OpenClSource(k -> new Calling.Buffers(), null).write(kernels, "");
  }

  /**
   * One source with all of these kernels, each of a single work item, for the compilers of FPGA vendors; others take it as
   * well.
   *
   * @param independent for each kernel's name the counters of the loops in which no iteration reads from memory what
   *     another wrote there
   */
  public static String renderPipelines(Collection<Kernel> kernels, Map<String, Set<String>> independent) {
    return new OpenClSource(k -> new Calling.Buffers(), independent).write(kernels, PIPELINE_MACROS);
  }

  /** One source with all of these kernels, to which launches hand their arguments in these ways. */
  public static String render(Map<Kernel, ? extends Calling> kernels) {
    return new OpenClSource(kernels::get, null).write(kernels.keySet(), "");
  }

  private String write(Collection<Kernel> kernels, String macros) {
    kernels.forEach(this::kernel);
    String body = functions.text() + out;
    String doubles = body.contains("double") ? "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n" : "";
    return doubles + "#pragma OPENCL FP_CONTRACT OFF\n\n" + macros + body;
  }

  public static String render(Kernel kernel) {
    return render(List.of(kernel));
  }

  private void kernel(Kernel k) {
    Calling c = calling.apply(k);
    out.append(pipelines == null ? "" : "LATHE_SINGLE_WORK_ITEM ");
    inside = pipelines == null ? Set.of() : pipelines.getOrDefault(k.name(), Set.of());
    out.append("__kernel __attribute__((reqd_work_group_size(").append(k.local().get(0)).append(", ")
        .append(k.local().get(1)).append(", ").append(k.local().get(2)).append(")))\nvoid ").append(k.name())
        .append("(\n    ").append(String.join(",\n    ", c.arguments(k))).append(") {\n");
    c.prologue(k).forEach(line -> out.append("  ").append(line).append(";\n"));
    for (Memory m : k.arrays()) {
      out.append("  ").append(m instanceof Memory.Local ? "__local " : "").append(ClTypes.memory(m.dtype())).append(' ')
          .append(m.name()).append('[').append(Math.max(1, m.elements())).append("] __attribute__((aligned(64)));\n");
    }
    block(k.body(), 1);
    out.append("}\n\n");
  }

  private void block(List<Statement> body, int depth) {
    for (Statement s : body) {
      out.repeat("  ", depth);
      switch (s) {
        case Statement.Declare(var v, Value value) ->
          out.append(ClTypes.register(v.type())).append(' ').append(v.name()).append(" = ").append(bare(value))
              .append(";\n");
        case Statement.Assign(var v, Value value) ->
          out.append(v.name()).append(" = ").append(bare(value)).append(";\n");
        case Statement.Store store -> out.append(store(store)).append(";\n");
        case Statement.For f -> loop(f, depth);
        case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) -> {
          out.append("if (").append(bare(condition)).append(") {\n");
          block(then, depth + 1);
          if (!otherwise.isEmpty()) {
            out.repeat("  ", depth).append("} else {\n");
            block(otherwise, depth + 1);
          }
          out.repeat("  ", depth).append("}\n");
        }
        case Statement.Barrier() -> out.append("barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);\n");
      }
    }
  }

  private void loop(Statement.For f, int depth) {
    String counter = f.counter().name();
    if (pipelines != null) {
      hints(f, depth);
    }
    if (f.unroll() != 1) {
      out.append("#pragma unroll").append(f.unroll() == Statement.For.FULLY ? "" : " " + f.unroll()).append('\n');
      out.repeat("  ", depth);
    }
    String to = bare(f.to());
    boolean simple = f.to() instanceof Value.Constant || f.to() instanceof Value.Argument;
    out.append("for (").append(ClTypes.register(f.counter().type())).append(' ').append(counter).append(" = ")
        .append(bare(f.from()));
    if (!simple) {
      out.append(", ").append(counter).append("_end = ").append(to);
    }
    out.append("; ").append(counter).append(" < ").append(simple ? to : counter + "_end").append("; ").append(counter)
        .append(f.step() == 1 ? "++" : " += " + f.step()).append(") {\n");
    block(f.body(), depth + 1);
    out.repeat("  ", depth).append("}\n");
  }

  private void hints(Statement.For f, int depth) {
    if (inside.contains(f.counter().name())) {
      out.append("LATHE_INDEPENDENT\n").repeat("  ", depth);
    }
    boolean innermost = f.body().stream().noneMatch(OpenClSource::hasLoop);
    if (f.unroll() == 1 && innermost) {
      out.append("LATHE_PIPELINE\n").repeat("  ", depth);
    } else if (f.unroll() != 1) {
      long copies = f.unroll();
      if (f.unroll() == Statement.For.FULLY && f.from() instanceof Value.Constant a
          && f.to() instanceof Value.Constant b) {
        copies = Math.ceilDiv(b.bits() - a.bits(), f.step());
      }
      if (copies < Statement.For.FULLY) {
        out.append("LATHE_UNROLL(").append(copies).append(")\n").repeat("  ", depth);
      }
    }
  }

  /** Whether a loop that stays one is inside. */
  private static boolean hasLoop(Statement s) {
    return switch (s) {
      case Statement.For f -> f.unroll() == 1 || f.body().stream().anyMatch(OpenClSource::hasLoop);
      case Statement.If i ->
        i.then().stream().anyMatch(OpenClSource::hasLoop) || i.otherwise().stream().anyMatch(OpenClSource::hasLoop);
      default -> false;
    };
  }

  private String store(Statement.Store s) {
    Memory m = s.memory();
    Type type = s.value().type();
    String value = bare(s.value());
    String index = bare(s.index());
    String at = m.name() + " + " + values.print(s.index());
    String n = type.isScalar() ? "" : Integer.toString(type.lanes());
    return switch (m.dtype()) {
      case F16 -> type.isScalar()
          ? "vstore_half_rte(" + value + ", 0, " + at + ")"
          : "vstore" + n + "(" + functions.toHalf(type) + "(" + value + "), 0, (" + ClValues.space(m) + "ushort*)("
              + at + "))";
      case BF16 -> {
        String bits = functions.toBfloat(type) + "(" + value + ")";
        yield type.isScalar() ? m.name() + "[" + index + "] = " + bits : "vstore" + n + "(" + bits + ", 0, " + at + ")";
      }
      case BOOL -> type.isScalar()
          ? m.name() + "[" + index + "] = (uchar)" + values.print(s.value())
          : "vstore" + n + "(convert_uchar" + n + "(" + values.print(s.value()) + " & 1), 0, " + at + ")";
      default -> type.isScalar()
          ? m.name() + "[" + index + "] = " + value
          : s.aligned()
              ? "*((" + ClValues.space(m) + ClTypes.register(type) + "*)(" + at + ")) = " + value
              : "vstore" + n + "(" + value + ", 0, " + at + ")";
    };
  }

  /** Without the parentheses around the whole. */
  private String bare(Value value) {
    String text = values.print(value);
    if (!text.startsWith("(")) {
      return text;
    }
    int depth = 0;
    for (int i = 0; i < text.length(); i++) {
      depth += text.charAt(i) == '(' ? 1 : text.charAt(i) == ')' ? -1 : 0;
      if (depth == 0) {
        return i == text.length() - 1 ? text.substring(1, i) : text;
      }
    }
    return text;
  }

  /** The number of arguments that a launch of this kernel sets. */
  public static int argumentCount(Kernel kernel) {
    return kernel.parameters().stream().mapToInt(p -> p instanceof Parameter.Global ? 2 : 1).sum();
  }
}
