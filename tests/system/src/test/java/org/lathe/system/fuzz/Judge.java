package org.lathe.system.fuzz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphVerifier;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.CompileOptions;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.hal.device.Unsupported;
import org.lathe.system.fuzz.RandomGraphs.Case;

/** Runs a case through every pass and on a device. */
final class Judge {
  private final Lathe lathe;

  Judge(Lathe lathe) {
    this.lathe = lathe;
  }

  /**
   * What is wrong, or empty.
   *
   * @throws Unsupported if the device has no kernel for it, which no smaller graph would say more clearly
   */
  Optional<String> problem(Case c) {
    List<String> wrong = new ArrayList<>();
    try {
      Map<Value, Literal> values = Oracle.runAll(c.graph(), c.inputs());
      List<Literal> expected = c.graph().outputs().stream().map(values::get).toList();
      boolean single = uses(c.graph(), DType.F32);
      if (single && values.values().stream().anyMatch(v -> !(largest(v) < 1e4))) {
        return Optional.empty(); // Overflow, and cancellation of large terms, would hide or feign a difference.
      }
      CompileOptions options = CompileOptions.DEFAULT.withObserver((pass, before, after, nanos) -> {
        if (wrong.isEmpty() && after != before) {
          GraphVerifier.verify(after, "pass '" + pass.name() + "'");
          compare("pass '" + pass.name() + "'", expected, Oracle.run(after, c.inputs()), 1e-9, 0, wrong);
        }
      });
      List<Literal> found = run(c, options);
      if (wrong.isEmpty()) {
        // In f32 terms that cancel leave the rounding error of the largest of them.
        double scale = single ? values.values().stream().mapToDouble(Judge::largest).max().orElse(0) : 0;
        compare("the device", expected, found, single ? 3e-5 : 1e-7, scale, wrong);
      }
    } catch (Unsupported e) {
      throw e;
    } catch (RuntimeException e) {
      return Optional.of(e.getClass().getSimpleName() + ": " + e.getMessage() + place(e));
    }
    return wrong.stream().findFirst();
  }

  private static double largest(Literal x) {
    return x.type().dtype().isFloating() ? Arrays.stream(x.toArray()).map(Math::abs).reduce(0, Math::max) : 0;
  }

  private static String place(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    return trace.length == 0 ? "" : " at " + trace[0].getFileName() + ":" + trace[0].getLineNumber();
  }

  private static boolean uses(Graph graph, DType dtype) {
    return graph.nodes().stream().flatMap(n -> n.types().stream()).map(TensorType::dtype).anyMatch(t -> t == dtype);
  }

  private List<Literal> run(Case c, CompileOptions options) {
    List<Array> open = new ArrayList<>();
    try (Compiled compiled = lathe.compile(c.graph(), options)) {
      c.inputs().forEach(in -> open.add(lathe.array(in)));
      List<Array> outputs = compiled.callAll(List.copyOf(open));
      open.addAll(outputs);
      return outputs.stream().map(Array::toLiteral).toList();
    } finally {
      open.forEach(Array::close);
    }
  }

  private static void compare(String who, List<Literal> expected, List<Literal> found, double tolerance, double least,
      List<String> wrong) {
    for (int o = 0; o < expected.size(); o++) {
      Literal want = expected.get(o);
      Literal got = found.get(o);
      if (!want.type().equals(got.type())) {
        wrong.add(who + " gives " + got.type() + " for output " + o + " of " + want.type());
        return;
      }
      double scale = Math.max(least, 1e-3);
      for (int i = 0; i < want.type().size(); i++) {
        scale = Double.isFinite(want.get(i)) ? Math.max(scale, Math.abs(want.get(i))) : scale;
      }
      for (int i = 0; i < want.type().size(); i++) {
        double a = want.get(i);
        double b = got.get(i);
        boolean same = a == b || Double.isNaN(a) && Double.isNaN(b);
        if (!same && !(want.type().dtype().isFloating() && Math.abs(a - b) <= tolerance * scale)) {
          wrong.add(who + ": output " + o + " of " + want.type() + " at " + i + " is " + b + ", expected " + a);
          return;
        }
      }
    }
  }
}
