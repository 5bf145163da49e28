package org.lathe.backends.tornadovm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Probe;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

/** What is newer where, between the host and several plans. */
class ResidencyTest {
  private static final int N = 33;
  private static final long BYTES = 4L * N;

  private static Device device(Route route) {
    return switch (Drivers.probe(new StandInDriver(route))) {
      case Probe.Available available -> available.devices().getFirst();
      case Probe.Unavailable(String reason, String _) -> Assumptions.abort(reason);
    };
  }

  /** state = state + input. */
  private static Program accumulate() {
    View view = View.dense(DType.F32, Dims.of(N));
    Expr.Builder b = Expr.builder();
    int total = b.binary(BinaryOp.ADD, b.input(0, DType.F32), b.input(1, DType.F32));
    Map sum = new Map(Dims.of(N), List.of(view, view), b.build(List.of(total)), List.of(view));
    return new Program("accumulate", List.of(
        new BufferDecl("input", Role.INPUT, BYTES, null), new BufferDecl("state", Role.STATE, BYTES, null)),
        List.of(new Step.Dispatch(
            sum, List.of(new Slice(1, 0, BYTES), new Slice(0, 0, BYTES)), List.of(new Slice(1, 0, BYTES)), "sum")));
  }

  private static void fill(Buffer buffer, long offset, float value) {
    float[] values = new float[N];
    java.util.Arrays.fill(values, value);
    buffer.write(offset, MemorySegment.ofArray(values));
  }

  private static void expect(float value, Buffer buffer, long offset) {
    float[] found = new float[N];
    buffer.read(offset, MemorySegment.ofArray(found));
    float[] expected = new float[N];
    java.util.Arrays.fill(expected, value);
    assertArrayEquals(expected, found);
  }

  @ParameterizedTest
  @EnumSource
  void stateStaysAndIsReadWhenAskedFor(Route route) {
    try (Device device = device(route);
        Buffer input = device.allocator().allocate(BYTES);
        Buffer state = device.allocator().allocate(BYTES);
        Prepared prepared = device.prepare(accumulate());
        CommandBuffer commands = prepared.record(List.of(BufferSlice.whole(input), BufferSlice.whole(state)))) {
      fill(input, 0, 1);
      fill(state, 0, 10);
      for (int i = 0; i < 5; i++) {
        commands.submit().await();
      }
      expect(15, state, 0);
      fill(input, 0, 100);
      commands.submit().await();
      expect(115, state, 0);
      fill(state, 0, -1);
      commands.submit().await();
      expect(99, state, 0);
      expect(100, input, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void twoPlansShareTheState(Route route) {
    try (Device device = device(route);
        Buffer one = device.allocator().allocate(BYTES);
        Buffer ten = device.allocator().allocate(BYTES);
        Buffer state = device.allocator().allocate(BYTES);
        Prepared prepared = device.prepare(accumulate());
        CommandBuffer byOne = prepared.record(List.of(BufferSlice.whole(one), BufferSlice.whole(state)));
        CommandBuffer byTen = prepared.record(List.of(BufferSlice.whole(ten), BufferSlice.whole(state)))) {
      fill(one, 0, 1);
      fill(ten, 0, 10);
      fill(state, 0, 0);
      byOne.submit().await();
      byTen.submit().await();
      byTen.submit().await();
      byOne.submit().await();
      expect(22, state, 0);
    }
  }

  /** Input and state are parts of one buffer, and then of another one; a part that is not bound stays as it is. */
  @ParameterizedTest
  @EnumSource
  void partsOfBuffersAndOtherBindings(Route route) {
    try (Device device = device(route);
        Buffer whole = device.allocator().allocate(1024);
        Buffer other = device.allocator().allocate(1024);
        Buffer alone = device.allocator().allocate(BYTES);
        Buffer state = device.allocator().allocate(BYTES);
        Prepared prepared = device.prepare(accumulate());
        CommandBuffer commands = prepared
            .record(List.of(new BufferSlice(whole, 0, BYTES), new BufferSlice(whole, 256, BYTES)))) {
      for (Buffer b : List.of(whole, other)) {
        fill(b, 0, 3);
        fill(b, 256, 4);
        fill(b, 512, 5);
      }
      commands.submit().await();
      assertTrue(commands.rebind(List.of(new BufferSlice(other, 512, BYTES), new BufferSlice(other, 256, BYTES))));
      commands.submit().await();
      fill(alone, 0, 50);
      fill(state, 0, 1);
      assertTrue(commands.rebind(List.of(BufferSlice.whole(alone), BufferSlice.whole(state))));
      commands.submit().await();
      commands.submit().await();
      assertTrue(commands.rebind(List.of(BufferSlice.whole(state), new BufferSlice(whole, 512, BYTES))));
      commands.submit().await();
      expect(3, whole, 0);
      expect(7, whole, 256);
      expect(106, whole, 512);
      expect(3, other, 0);
      expect(9, other, 256);
      expect(5, other, 512);
      expect(101, state, 0);
    }
  }

  /** A slot that works in a buffer's own array has to leave it when it is bound to something else. */
  @ParameterizedTest
  @EnumSource
  void aBufferKeepsItsContentsWhenItsArrayIsTaken(Route route) {
    try (Device device = device(route);
        Buffer a = device.allocator().allocate(BYTES);
        Buffer b = device.allocator().allocate(BYTES);
        Buffer state = device.allocator().allocate(BYTES);
        Prepared prepared = device.prepare(accumulate());
        CommandBuffer commands = prepared.record(List.of(BufferSlice.whole(a), BufferSlice.whole(state)))) {
      fill(a, 0, 1);
      fill(b, 0, 2);
      fill(state, 0, 0);
      commands.submit().await();
      assertTrue(commands.rebind(List.of(BufferSlice.whole(b), BufferSlice.whole(state))));
      commands.submit().await();
      expect(1, a, 0);
      a.close();
      assertTrue(commands.rebind(List.of(BufferSlice.whole(state), BufferSlice.whole(b))));
      commands.submit().await();
      expect(3, state, 0);
      expect(5, b, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void wrongUseIsAnError(Route route) {
    try (Device device = device(route);
        Device second = device(route);
        Buffer small = device.allocator().allocate(BYTES - 4);
        Buffer right = device.allocator().allocate(BYTES);
        Buffer foreign = second.allocator().allocate(BYTES);
        Prepared prepared = device.prepare(accumulate())) {
      BufferSlice slice = BufferSlice.whole(right);
      assertThrows(IllegalArgumentException.class, () -> prepared.record(List.of(slice)));
      assertThrows(
          IllegalArgumentException.class, () -> prepared.record(List.of(slice, BufferSlice.whole(small))));
      assertThrows(
          IllegalArgumentException.class, () -> prepared.record(List.of(slice, BufferSlice.whole(foreign))));
      CommandBuffer commands = prepared.record(List.of(slice, BufferSlice.whole(right)));
      commands.close();
      assertThrows(IllegalStateException.class, commands::submit);
      right.close();
      assertThrows(IllegalStateException.class, () -> right.read(0, MemorySegment.ofArray(new byte[4])));
      assertEquals(BYTES - 4, device.allocator().allocatedBytes());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aReportShowsBothForms(Route route) {
    try (Device device = device(route); Prepared prepared = device.prepare(accumulate())) {
      Prepared.KernelReport report = prepared.kernels().getFirst();
      assertTrue(report.variant().endsWith("by " + route.words()), report.variant());
      assertTrue(report.source().contains("__kernel"), report.source());
      assertTrue(report.source().contains("localVariable") || report.source().contains("fadd"), report.source());
      assertFalse(report.source().contains("// no bytecode"), report.source());
    }
  }
}
