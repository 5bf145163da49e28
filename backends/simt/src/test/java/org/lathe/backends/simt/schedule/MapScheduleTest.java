package org.lathe.backends.simt.schedule;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

class MapScheduleTest {
  @Test
  void aTransposedGuardedMapReadsAsItIsWritten() {
    Expr.Builder b = Expr.builder();
    int x = b.input(0, DType.F32);
    Expr e = b.build(List.of(b.binary(BinaryOp.MAX, b.unary(UnaryOp.TANH, x), b.constant(DType.F32, 0))));
    View in = new View(DType.F32, -3, Dims.of(1, 3), new View.Guard(Dims.of(0, 1), Dims.of(3, 5), -1));
    Map spec = new Map(Dims.of(3, 5), List.of(in), e, List.of(View.dense(DType.F32, Dims.of(3, 5))));
    Traits gpu = new Traits(Traits.Form.GPU, 8, 1, 32, 256, 32768, 60, true);
    KernelPlan plan = Schedules.plan(spec, Site.of(gpu), Tuning.NONE);
    String source = OpenClSource.render(plan.kernels());
    assertTrue(source.contains("if (i1 >= 1)"), source);
    assertTrue(source.contains("t <= 0.0f ? 0.0f : t"), source);
  }
}
