package org.lathe.system.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphVerifier;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.CompileOptions;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.conformance.GraphCheck;
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
      List<Literal> expected = Oracle.run(c.graph(), c.inputs());
      CompileOptions options = CompileOptions.DEFAULT.withObserver((pass, before, after, nanos) -> {
        if (wrong.isEmpty() && after != before) {
          GraphVerifier.verify(after, "pass '" + pass.name() + "'");
          compare("pass '" + pass.name() + "'", expected, Oracle.run(after, c.inputs()), 1e-9, wrong);
        }
      });
      List<Literal> found = run(c, options);
      if (wrong.isEmpty()) {
        if (uses(c.graph(), DType.F32)) {
          for (GraphCheck.Result r : new GraphCheck(c.graph(), c.inputs()).run(lathe, List.of())) {
            if (!r.passed()) {
              wrong.add("the device's " + r.what() + " is off by " + r.maxError() + ", allowed " + r.tolerance());
            }
          }
        } else {
          compare("the device", expected, found, 1e-7, wrong);
        }
      }
    } catch (Unsupported e) {
      throw e;
    } catch (RuntimeException e) {
      return Optional.of(e.getClass().getSimpleName() + ": " + e.getMessage() + place(e));
    }
    return wrong.stream().findFirst();
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

  private static void compare(String who, List<Literal> expected, List<Literal> found, double tolerance, List<String> wrong) {
    for (int o = 0; o < expected.size(); o++) {
      Literal want = expected.get(o);
      Literal got = found.get(o);
      if (!want.type().equals(got.type())) {
        wrong.add(who + " gives " + got.type() + " for output " + o + " of " + want.type());
        return;
      }
      double scale = 1e-30;
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
