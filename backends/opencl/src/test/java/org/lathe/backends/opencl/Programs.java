package org.lathe.backends.opencl;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

/** Small programs of the kernel Map on f32, whose results are known by counting. */
final class Programs {
  private Programs() {}

  static BufferDecl floats(String name, Role role, long n) {
    return new BufferDecl(name, role, 4 * n, null);
  }

  static Slice at(int buffer, long offset, long n, long... steps) {
    return new Slice(buffer, offset, 4 * n, Dims.of(steps));
  }

  /** {@code to = from + value}. */
  static Step add(double value, long n, Slice from, Slice to) {
    Expr.Builder e = Expr.builder();
    Expr sum = e.build(List.of(e.binary(BinaryOp.ADD, e.input(0, DType.F32), e.constant(DType.F32, value))));
    Map map = new Map(Dims.of(n), List.of(View.of(DType.F32, 1)), sum, List.of(View.of(DType.F32, 1)));
    return new Step.Dispatch(map, List.of(from), List.of(to), "add " + value);
  }

  /** {@code to = from * from + from}, again and again: slow, and the same to the bit each time. */
  static Program busy(int n, int times) {
    Expr.Builder e = Expr.builder();
    int x = e.input(0, DType.F32);
    Expr step = e.build(List.of(e.binary(BinaryOp.MUL, e.binary(BinaryOp.ADD, x, e.constant(DType.F32, 0.125)),
        e.constant(DType.F32, 0.5))));
    Map map = new Map(Dims.of(n), List.of(View.of(DType.F32, 1)), step, List.of(View.of(DType.F32, 1)));
    Step all = new Step.Dispatch(map, List.of(at(0, 0, n)), List.of(at(0, 0, n)), "busy");
    return new Program("busy", List.of(floats("x", Role.STATE, n)), List.of(new Step.Loop(times, List.of(all))));
  }

  /** s += 1, and y = s + 10. */
  static Program counter(int n) {
    return new Program("counter", List.of(floats("s", Role.STATE, n), floats("y", Role.OUTPUT, n)),
        List.of(add(1, n, at(0, 0, n), at(0, 0, n)), add(10, n, at(0, 0, n), at(1, 0, n))));
  }

  /** As many different kernels as steps; y = x + 1 + 2 + ... + kernels, through scratch memory. */
  static Program chain(int n, int kernels) {
    List<Step> steps = new ArrayList<>();
    for (int k = 1; k <= kernels; k++) {
      steps.add(add(k, n, at(k == 1 ? 0 : 1, 0, n), at(k == kernels ? 2 : 1, 0, n)));
    }
    return new Program("chain",
        List.of(floats("x", Role.INPUT, n), floats("t", Role.SCRATCH, n), floats("y", Role.OUTPUT, n)), steps);
  }

  static float[] read(Buffer buffer) {
    float[] values = new float[(int) (buffer.bytes() / 4)];
    buffer.read(0, MemorySegment.ofArray(values));
    return values;
  }

  static void write(Buffer buffer, float... values) {
    buffer.write(0, MemorySegment.ofArray(values));
  }
}
