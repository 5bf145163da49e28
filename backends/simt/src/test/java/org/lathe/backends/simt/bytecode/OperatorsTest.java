package org.lathe.backends.simt.bytecode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Every operator on every element type, on values where operators differ most. */
class OperatorsTest {
  private static final Traits TRAITS = new Traits(Traits.Form.GPU, 4, 1, 1, 8, 32768, 60, true);
  private static final double[] REALS = {0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3.25, -7.75, 100.125, 1e-3, -1e-6,
      6e-8, 65519, 65520, 3e4, -3e9, 1e10, 1e19, 1e30, -1e30, Double.NaN, Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY};
  private static final long[] WHOLE = {0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 33, 63, 64, 255, 256, 1 << 30,
      Integer.MAX_VALUE,
      Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, 0x123456789abcdefL, -0x123456789abcdefL};

  private static double[] values(DType dtype) {
    if (dtype.isFloating()) {
      return REALS;
    }
    return Arrays.stream(WHOLE).mapToDouble(v -> v).toArray();
  }

  private static Elements elements(DType dtype, int from, int by, int n) {
    Elements e = Elements.poisoned(dtype, n);
    for (int i = 0; i < n; i++) {
      int k = (from + i / by) % values(dtype).length;
      if (dtype.isFloating()) {
        e.set(i, REALS[k]);
      } else {
        long v = WHOLE[k];
        e.set(i, org.lathe.reference.Scalar.of(dtype, dtype == DType.BOOL
            ? v & 1
            : dtype == DType.U8 ? v & 0xff : dtype == DType.I32 ? (int) v : v));
      }
    }
    return e;
  }

  static List<Map> maps(DType dtype) {
    List<Map> maps = new ArrayList<>();
    for (UnaryOp op : UnaryOp.values()) {
      boolean fits = switch (op) {
        case NOT -> dtype == DType.BOOL;
        case NEG, ABS, SIGN -> dtype != DType.BOOL;
        default -> dtype.isFloating();
      };
      if (fits) {
        Expr.Builder b = Expr.builder();
        maps.add(map(b.build(List.of(b.unary(op, b.input(0, dtype)))), dtype, 1));
      }
    }
    for (BinaryOp op : BinaryOp.values()) {
      boolean fits = switch (op) {
        case ADD, SUB, MUL, DIV, REM -> dtype != DType.BOOL;
        case POW -> dtype.isFloating();
        case AND, OR, XOR -> !dtype.isFloating();
        case SHL, SHR -> dtype == DType.I32 || dtype == DType.I64;
        default -> true;
      };
      if (fits) {
        Expr.Builder b = Expr.builder();
        maps.add(map(b.build(List.of(b.binary(op, b.input(0, dtype), b.input(1, dtype)))), dtype, 2));
      }
    }
    for (DType to : DType.values()) {
      Expr.Builder b = Expr.builder();
      maps.add(map(b.build(List.of(b.cast(b.input(0, dtype), to))), dtype, 1));
    }
    Expr.Builder b = Expr.builder();
    int x = b.input(0, dtype);
    int y = b.input(1, dtype);
    maps.add(map(b.build(List.of(b.select(b.binary(BinaryOp.LT, x, y), x, y))), dtype, 2));
    return maps;
  }

  private static Map map(Expr e, DType in, int inputs) {
    Dims space = Dims.of((long) REALS.length * REALS.length);
    View v = View.dense(in, space);
    DType out = e.nodes().get(e.results().getFirst()).type();
    return new Map(space, inputs == 1 ? List.of(v) : List.of(v, v), e, List.of(View.dense(out, space)));
  }

  static List<Elements> inputs(Map map, DType dtype) {
    int n = Math.toIntExact(map.space().product());
    List<Elements> in = new ArrayList<>(List.of(elements(dtype, 0, 1, n)));
    if (map.inputViews().size() == 2) {
      in.add(elements(dtype, 0, values(dtype).length, n));
    }
    return in;
  }

  @ParameterizedTest
  @EnumSource
  void operatorsMeanInAparapisDialectWhatTheySay(DType dtype) {
    for (Map map : maps(dtype)) {
      List<Elements> in = inputs(map, dtype);
      List<Elements> expected = SpecReference.run(map, in);
      List<Elements> found = Elements.poisoned(map.outputs());
      KernelPlan plan = Schedules.plan(map, Site.of(TRAITS), Tuning.NONE);
      AparapiRun.run(plan, in, found);
      Tolerance.check(map.expr().toString(), map, expected, found);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = {"F16", "BF16", "F64"})
  void operatorsMeanInTornadosDialectWhatTheySay(DType dtype) {
    int written = 0;
    for (Map map : maps(dtype)) {
      List<Elements> in = inputs(map, dtype);
      KernelPlan plan = Schedules.plan(map, Site.of(TRAITS), Tuning.NONE);
      List<Elements> found = Elements.poisoned(map.outputs());
      try {
        TornadoRun.run(plan, in, found);
        written++;
      } catch (Unwritable e) {
        assertTrue(e.getMessage().contains("TornadoVM"), e.getMessage());
        continue;
      }
      Tolerance.check(map.expr().toString(), map, SpecReference.run(map, in), found);
    }
    assertTrue(written > maps(dtype).size() / 2, () -> "most operators of " + dtype + " are refused");
  }

  @Test
  void everyIntrinsicCanBeRunByAJvm() throws ReflectiveOperationException {
    for (Intrinsic i : Intrinsic.values()) {
      List<Method> named = Arrays.stream(Intrinsics.class.getMethods()).filter(m -> m.getName().equals(i.method()))
          .toList();
      assertEquals(1, named.size(), i.method());
      assertTrue(java.lang.invoke.MethodType.methodType(named.getFirst().getReturnType(),
          named.getFirst().getParameterTypes()).toMethodDescriptorString().equals(i.type().descriptorString()),
          i.method());
    }
  }
}
