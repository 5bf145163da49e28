package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Device;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

class KernelsTest {
  private static Device device;

  @BeforeAll
  static void open() {
    device = Runs.open(new AparapiDriver());
  }

  @AfterAll
  static void close() {
    if (device != null) device.close();
  }

  @ParameterizedTest
  @EnumSource
  void some(DType dtype) {
    for (UnaryOp op : UnaryOp.values()) {
      boolean fits = switch (op) {
        case NOT -> dtype == DType.BOOL;
        case NEG, ABS, SIGN -> dtype != DType.BOOL;
        default -> dtype.isFloating();
      };
      if (fits) {
        Expr.Builder b = Expr.builder();
        check(b.build(List.of(b.unary(op, b.input(0, dtype)))), dtype);
      }
    }
  }

  private void check(Expr e, DType in) {
    Dims space = Dims.of(37);
    DType out = e.nodes().get(e.results().getFirst()).type();
    Map map = new Map(space, List.of(View.dense(in, space)), e, List.of(View.dense(out, space)));
    List<Elements> inputs = org.lathe.reference.Samples.inputs(map, new java.util.Random(3));
    Tolerance.check(e.toString(), map, SpecReference.run(map, inputs), Runs.run(device, map, inputs));
  }
}
