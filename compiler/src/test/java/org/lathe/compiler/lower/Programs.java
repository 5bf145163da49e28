package org.lathe.compiler.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.LiteralBytes;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.Tracer;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.text.ProgramText;
import org.lathe.hal.validate.ProgramVerifier;

/** What the tests of lowering share: tracing, random inputs, and comparing a program with the oracle. */
final class Programs {
  /** A device that takes everything. */
  static final Capabilities EVERYTHING = new Capabilities() {
    @Override
    public Set<DType> dtypes() {
      return Set.of(DType.values());
    }

    @Override
    public Optional<String> refuses(KernelSpec spec) {
      return Optional.empty();
    }
  };

  private Programs() {}

  static Graph trace(Function<List<Tensor>, List<Tensor>> f, String... types) {
    List<TensorType> parsed = List.of(types).stream().map(TensorType::parse).toList();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < types.length; i++) {
      names.add("x" + i);
    }
    return Tracer.trace("test", names, parsed, f);
  }

  static Literal random(TensorType type, OpDef.Domain domain, Random random) {
    double[] data = new double[Math.toIntExact(type.size())];
    for (int i = 0; i < data.length; i++) {
      double x = domain.low() + random.nextDouble() * (domain.high() - domain.low());
      data[i] = type.dtype().isFloating() ? LiteralBytes.round(type.dtype(), x) : Math.round(x);
      if (type.dtype() == DType.U8) {
        data[i] = Math.abs(data[i]) % 256;
      }
    }
    return Literal.of(type, data);
  }

  static List<Literal> inputs(Graph graph, Random random) {
    return graph.inputTypes().stream().map(t -> random(t, OpDef.Domain.of(t.dtype()), random)).toList();
  }

  static LoweredGraph lower(Graph graph, Donation... donations) {
    LoweredGraph lowered = Lowerer.lower(graph, EVERYTHING, List.of(donations));
    List<String> problems = ProgramVerifier.verify(lowered.program());
    if (!problems.isEmpty()) {
      fail(String.join("\n", problems) + "\n" + ProgramText.print(lowered.program()));
    }
    return lowered;
  }

  /** Lowers and runs the graph, and compares all outputs with the oracle's. */
  static LoweredGraph check(Graph graph, List<Literal> inputs, double tolerance, Donation... donations) {
    LoweredGraph lowered = lower(graph, donations);
    List<Literal> expected = Oracle.run(graph, inputs);
    List<Literal> actual = NaiveDevice.run(lowered, inputs);
    for (int o = 0; o < expected.size(); o++) {
      compare("output " + o, expected.get(o), actual.get(o), tolerance, lowered);
    }
    return lowered;
  }

  static LoweredGraph check(Function<List<Tensor>, List<Tensor>> f, String... types) {
    Graph graph = trace(f, types);
    return check(graph, inputs(graph, new Random(7)), 1e-4);
  }

  private static void compare(String what, Literal expected, Literal actual, double tolerance, LoweredGraph lowered) {
    assertEquals(expected.type(), actual.type(), what);
    for (long i = 0; i < expected.type().size(); i++) {
      double e = expected.get(i);
      double a = actual.get(i);
      double rounded = LiteralBytes.round(expected.type().dtype(), e);
      double epsilon = switch (expected.type().dtype()) {
        case F16 -> 2e-2;
        case BF16 -> 1e-1;
        default -> tolerance;
      };
      boolean same = Double.compare(rounded, a) == 0
          || (Double.isNaN(e) && Double.isNaN(a))
          || rounded == a
          || Math.abs(e - a) <= epsilon * (1 + Math.abs(e));
      if (!same) {
        fail(what + " element " + i + ": expected " + e + ", found " + a + "\n" + ProgramText.print(lowered.program()));
      }
    }
  }

  static List<KernelSpec> kernels(LoweredGraph lowered) {
    List<KernelSpec> specs = new ArrayList<>();
    collect(lowered.program().steps(), specs);
    return specs;
  }

  private static void collect(List<Step> steps, List<KernelSpec> specs) {
    for (Step s : steps) {
      switch (s) {
        case Step.Dispatch d -> specs.add(d.spec());
        case Step.Loop l -> collect(l.body(), specs);
        case Step.Branch b -> {
          collect(b.then(), specs);
          collect(b.otherwise(), specs);
        }
      }
    }
  }

  /** The simple names of the kernels' kinds, in order. */
  static List<String> kinds(LoweredGraph lowered) {
    return kernels(lowered).stream().map(s -> s.getClass().getSimpleName()).toList();
  }

  static String text(Program program) {
    return ProgramText.print(program);
  }
}
