package org.lathe.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;
import org.lathe.hal.validate.DeviceMisuse;
import org.lathe.hal.validate.ValidatingDevice;

/** Mistakes that would harm the JVM on the bare cpu device, which trusts its callers, are exceptions under validation. */
class ValidationTest {
  private static final int N = 1000;

  private static Program copy(long sourceBytes) {
    Map map = new Map(Dims.of(N), List.of(View.of(DType.F32, 1)), Expr.identity(DType.F32),
        List.of(View.of(DType.F32, 1)));
    return new Program("copy",
        List.of(new BufferDecl("x", Role.INPUT, sourceBytes, null), new BufferDecl("y", Role.OUTPUT, 4 * N, null)),
        List.of(new Step.Dispatch(map, List.of(new Slice(0, 0, 4 * N)), List.of(new Slice(1, 0, 4 * N)), "copy")));
  }

  @Test
  void misuseOfTheCpuIsAnException() {
    Device device = ValidatingDevice.wrap(Drivers.installed().open("cpu"));
    Buffer x = device.allocator().allocate(4 * N);
    Buffer y = device.allocator().allocate(4 * N);
    List<BufferSlice> whole = List.of(BufferSlice.whole(x), BufferSlice.whole(y));
    assertThrows(DeviceMisuse.class, () -> device.prepare(copy(4 * N - 4)), "a slice beyond its buffer");
    Prepared prepared = device.prepare(copy(4 * N));
    assertThrows(DeviceMisuse.class, () -> prepared.record(List.of(whole.get(0), new BufferSlice(y, 0, 4 * N - 4))));
    CommandBuffer commands = prepared.record(whole);
    assertThrows(DeviceMisuse.class, y::close, "the command buffer would write to memory that is gone");
    byte[] written = new byte[4 * N];
    new Random().nextBytes(written);
    for (int i = 3; i < written.length; i += 4) {
      written[i] &= 0x3f; // finite numbers: a NaN may come back as another one
    }
    x.write(0, MemorySegment.ofArray(written));
    commands.submit().await();
    byte[] found = new byte[4 * N];
    y.read(0, MemorySegment.ofArray(found));
    assertArrayEquals(written, found);
    commands.close();
    assertThrows(DeviceMisuse.class, commands::submit);
    prepared.close();
    x.close();
    assertThrows(DeviceMisuse.class, () -> x.write(0, MemorySegment.ofArray(new byte[1])));
    DeviceMisuse leak = assertThrows(DeviceMisuse.class, device::close);
    assertTrue(leak.toString().contains("closed before buffer of 4000 bytes made at"), leak.toString());
    assertTrue(leak.toString().contains("ValidationTest.java:"), leak.toString());
  }
}
