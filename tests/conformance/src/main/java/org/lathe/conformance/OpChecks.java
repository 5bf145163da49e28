package org.lathe.conformance;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.interp.Tolerances;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.conformance.ConformanceTarget.Category;
import org.lathe.conformance.ConformanceTarget.ExpectedSkip;
import org.lathe.hal.DType;
import org.lathe.hal.device.Unsupported;

/**
 * Every op on a device, against the float64 oracle: each sample, in each element type that the op takes, at awkward sizes,
 * through strided operands, at NaN and infinities, composites whole and taken apart, and the gradients of all that. Each
 * check runs twice and must give the same bits. Needs no JUnit.
 */
public final class OpChecks {
  private final Lathe lathe;
  private final List<ExpectedSkip> skips;
  private final String device;

  /** How many checks are compiled together: some devices' compilers take long for each program, however short. */
  private static final int BATCH = 64;

  /** One check, to be run when wanted. */
  public final class Check {
    private final OpCase of;
    private final Batch batch;

    private Check(OpCase of, Batch batch) {
      this.of = of;
      this.batch = batch;
    }

    public String name() {
      return of.name();
    }

    /** The op that it is about. */
    public String op() {
      return of.op();
    }

    /** Runs it. Does not throw: whatever goes wrong is in the result. */
    public CheckResult run() {
      return OpChecks.this.run(of, batch);
    }
  }

  /**
   * @param lathe the device, which stays the caller's
   * @param skips the checks that are known not to pass on it
   */
  public OpChecks(Lathe lathe, List<ExpectedSkip> skips) {
    this.lathe = lathe;
    this.skips = List.copyOf(skips);
    this.device = lathe.device().info().id();
  }

  /** All checks of all ops, made lazily. */
  public Stream<Check> checks() {
    return Ops.all().stream().flatMap(op -> checks(op).stream());
  }

  /** The checks of one op. */
  public List<Check> checks(OpDef op) {
    List<Check> checks = new ArrayList<>();
    List<OpCase> cases = OpCases.of(op);
    for (int from = 0; from < cases.size(); from += BATCH) {
      List<OpCase> together = cases.subList(from, Math.min(cases.size(), from + BATCH));
      Batch batch = new Batch(together);
      together.forEach(c -> checks.add(new Check(c, batch)));
    }
    return checks;
  }

  /** Runs all checks, one after the other as the stream is read. */
  public Stream<CheckResult> results() {
    return checks().map(Check::run);
  }

  /** Checks that are compiled together when the first of them runs; one by one if that fails, so that each shows its own failure. */
  private final class Batch {
    private final List<OpCase> cases;
    private @Nullable Map<OpCase, Compiled> compiled;

    Batch(List<OpCase> cases) {
      this.cases = cases;
    }

    /** The caller closes it. A second run of the same check compiles anew. */
    synchronized Compiled take(OpCase c) {
      if (compiled == null) {
        compiled = compileTogether();
      }
      @Nullable
      Compiled made = compiled.remove(c);
      return made != null ? made : lathe.compile(c.graph(), List.of());
    }

    private Map<OpCase, Compiled> compileTogether() {
      List<OpCase> possible = cases.stream().filter(c -> !isHarmful(c) && missingType(c).isEmpty()).toList();
      Map<OpCase, Compiled> all = new IdentityHashMap<>();
      try {
        List<Compiled> made = lathe.compileAll(possible.stream().map(OpCase::graph).toList());
        for (int i = 0; i < made.size(); i++) {
          all.put(possible.get(i), made.get(i));
        }
      } catch (RuntimeException | LinkageError | StackOverflowError e) {
        // Nothing is lost: each check finds no program of its own here, compiles alone, and reports what it meets.
        all.clear();
      }
      return all;
    }
  }

  private boolean isHarmful(OpCase c) {
    return skips.stream().anyMatch(s -> s.harmful() && s.covers(c.name()));
  }

  private CheckResult run(OpCase c, Batch batch) {
    Optional<ExpectedSkip> expected = skips.stream().filter(s -> s.covers(c.name())).findFirst();
    if (expected.isPresent() && expected.get().harmful()) {
      return new CheckResult.Skipped(device, c.name(), expected.get().category(), expected.get().reason());
    }
    Optional<DType> missing = missingType(c);
    if (missing.isPresent()) {
      return new CheckResult.Skipped(device, c.name(), Category.ELEMENT_TYPE, "the device has no " + missing.get());
    }
    CheckResult.Compared result = compare(c, batch);
    if (expected.isEmpty()) {
      return result;
    }
    ExpectedSkip skip = expected.get();
    return result.passed()
        ? new CheckResult.Compared(
            device, c.name(), result.maxError(), result.tolerance(), false,
            "passes, but is listed as not passing (" + skip.reason() + "): remove the entry '" + skip.check() + "'")
        : new CheckResult.Skipped(device, c.name(), skip.category(), skip.reason());
  }

  private Optional<DType> missingType(OpCase c) {
    return Stream.concat(
        c.graph().inputTypes().stream().map(TensorType::dtype),
        c.graph().nodes().stream().flatMap(n -> n.types().stream()).map(TensorType::dtype))
        .filter(t -> !lathe.device().capabilities().dtypes().contains(t))
        .findFirst();
  }

  private CheckResult.Compared compare(OpCase c, Batch batch) {
    List<Literal> expected = Oracle.run(c.meaning(), c.inputs());
    try {
      List<Literal> found = execute(c, batch);
      return judge(c, expected, found);
    } catch (Unsupported e) {
      return failed(c, "the device refuses a kernel and nothing simpler does the work: " + e.getMessage());
    } catch (RuntimeException | LinkageError | StackOverflowError e) {
      return failed(c, e.getClass().getSimpleName() + ": " + e.getMessage() + where(e));
    }
  }

  /** The innermost line of Lathe that a failure passed. */
  private static String where(Throwable e) {
    for (StackTraceElement frame : e.getStackTrace()) {
      if (frame.getClassName().startsWith("org.lathe")) {
        return " at " + frame.getFileName() + ":" + frame.getLineNumber();
      }
    }
    return "";
  }

  private CheckResult.Compared failed(OpCase c, String detail) {
    return new CheckResult.Compared(device, c.name(), Double.NaN, 0, false, detail);
  }

  private List<Literal> execute(OpCase c, Batch batch) {
    List<Array> open = new ArrayList<>();
    try (Compiled compiled = batch.take(c)) {
      List<Array> inputs = new ArrayList<>();
      for (Literal input : c.inputs()) {
        Array array = lathe.array(input);
        open.add(array);
        inputs.add(array);
      }
      List<Array> first = compiled.callAll(inputs);
      open.addAll(first);
      List<Array> second = compiled.callAll(inputs);
      open.addAll(second);
      List<Literal> outputs = first.stream().map(Array::toLiteral).toList();
      if (!outputs.equals(second.stream().map(Array::toLiteral).toList())) {
        throw new IllegalStateException("two runs gave different bits");
      }
      return outputs;
    } finally {
      open.forEach(Array::close);
    }
  }

  private CheckResult.Compared judge(OpCase c, List<Literal> expected, List<Literal> found) {
    double worstShare = -1;
    double worstError = 0;
    double allowed = 0;
    String detail = "";
    for (int o = 0; o < expected.size(); o++) {
      Literal want = expected.get(o);
      Literal got = found.get(o);
      if (!want.type().equals(got.type())) {
        return failed(c, "output " + o + " is " + got.type() + ", expected " + want.type());
      }
      double scale = c.byScale() ? largest(want) : 0;
      for (int i = 0; i < want.type().size(); i++) {
        double bound = Tolerances.bound(
            Double.isFinite(want.get(i)) ? Math.max(scale, Math.abs(want.get(i))) : want.get(i),
            want.type().dtype(), c.tolerance(), c.length());
        double error = distance(want.get(i), got.get(i));
        double share = error == 0 ? 0 : bound == 0 ? Double.POSITIVE_INFINITY : error / bound;
        if (share > worstShare) {
          worstShare = share;
          worstError = error;
          allowed = bound;
          detail = share <= 1
              ? ""
              : "output " + o + " of " + want.type() + " at " + i + ": expected " + want.get(i) + ", found "
                  + got.get(i);
        }
      }
    }
    return new CheckResult.Compared(device, c.name(), worstError, allowed, worstShare <= 1, detail);
  }

  private static double largest(Literal x) {
    double largest = 0;
    for (int i = 0; i < x.type().size(); i++) {
      largest = Double.isFinite(x.get(i)) ? Math.max(largest, Math.abs(x.get(i))) : largest;
    }
    return largest;
  }

  /** NaN is at NaN only, an infinity at itself. */
  private static double distance(double expected, double found) {
    if (expected == found || Double.isNaN(expected) && Double.isNaN(found)) {
      return 0;
    }
    double d = Math.abs(expected - found);
    return Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
  }
}
