package org.lathe.backends.simt.ir;

import java.util.List;

/** The text of a kernel in the notation of this language: for people, and to tell kernels apart. */
public final class KernelPrinter {
  private final StringBuilder out = new StringBuilder();

  private KernelPrinter() {}

  static String print(Kernel kernel) {
    KernelPrinter p = new KernelPrinter();
    p.out.append("kernel ").append(kernel.name()).append(" in groups of ").append(kernel.local()).append('\n');
    kernel.parameters().forEach(x -> p.out.append("  ").append(x).append('\n'));
    kernel.arrays().forEach(x -> p.out.append("  ").append(x).append('\n'));
    p.block(kernel.body(), 1);
    return p.out.toString();
  }

  /** A statement alone; of a loop or branch its first line. */
  public static String line(Statement statement) {
    KernelPrinter p = new KernelPrinter();
    p.block(List.of(statement), 0);
    return p.out.substring(0, p.out.indexOf("\n"));
  }

  private void block(List<Statement> body, int depth) {
    for (Statement s : body) {
      out.repeat("  ", depth);
      switch (s) {
        case Statement.Declare(Variable v, Value value) ->
          out.append("let ").append(v.name()).append(": ").append(v.type()).append(" = ").append(value).append('\n');
        case Statement.Assign(Variable v, Value value) ->
          out.append(v.name()).append(" = ").append(value).append('\n');
        case Statement.Store(Memory m, Value index, Value value, boolean aligned) ->
          out.append(m.name()).append('[').append(index).append(aligned ? " aligned" : "").append("] = ").append(value)
              .append(value.type().isScalar() ? "" : " of " + value.type()).append('\n');
        case Statement.For f -> {
          out.append("for ").append(f.counter().name()).append(": ").append(f.counter().type()).append(" from ")
              .append(f.from()).append(" to ").append(f.to());
          if (f.step() != 1) {
            out.append(" by ").append(f.step());
          }
          if (f.unroll() != 1) {
            out.append(f.unroll() == Statement.For.FULLY ? " unrolled" : " unrolled " + f.unroll());
          }
          out.append('\n');
          block(f.body(), depth + 1);
        }
        case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) -> {
          out.append("if ").append(condition).append('\n');
          block(then, depth + 1);
          if (!otherwise.isEmpty()) {
            out.repeat("  ", depth).append("else\n");
            block(otherwise, depth + 1);
          }
        }
        case Statement.Barrier() -> out.append("barrier\n");
      }
    }
  }
}
