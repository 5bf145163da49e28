package org.lathe.backends.noop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.validate.ValidatingDevice;

class NullDriverTest {
  private static Program program(int from) {
    return new Program("p",
        List.of(new BufferDecl("x", Role.INPUT, 13, null), new BufferDecl("t", Role.SCRATCH, 13, null),
            new BufferDecl("y", Role.OUTPUT, 13, null)),
        List.of(copy(from, 1), copy(1, 2)));
  }

  private static Step copy(int from, int to) {
    return new Step.Dispatch(new Copy(13), List.of(new Slice(from, 0, 13)), List.of(new Slice(to, 0, 13)),
        from + " to " + to);
  }

  @Test
  void itIsThereOnlyByName() {
    Drivers installed = Drivers.installed();
    assertTrue(installed.names().contains("null"));
    assertTrue(installed.list().stream().noneMatch(l -> l.toString().contains("backend=null")));
    try (Device d = installed.open("null")) {
      assertEquals("null:0", d.info().id());
    }
  }

  @Test
  void itCompilesAndRunsNothing() {
    try (Device d = ValidatingDevice.wrap(new NullDevice());
        Buffer x = d.allocator().allocate(13);
        Buffer y = d.allocator().allocate(13);
        Prepared p = d.prepare(program(0));
        CommandBuffer c = p.record(List.of(BufferSlice.whole(x), BufferSlice.whole(y)))) {
      c.submit().await();
      byte[] back = new byte[13];
      y.read(0, MemorySegment.ofArray(back));
      assertEquals(-1, back[12], "the poison is still there");
      assertEquals(List.of(new KernelTiming(0, "0 to 1", "Copy", 0, 0), new KernelTiming(1, "1 to 2", "Copy", 0, 0)),
          c.profile());
      assertEquals(List.of(new Prepared.KernelReport("0 to 1", "Copy", "none", "Copy bytes=13"),
          new Prepared.KernelReport("1 to 2", "Copy", "none", "Copy bytes=13")), p.kernels());
      assertEquals(13, c.scratchBytes());
    }
  }

  @Test
  void itRefusesFaultyPrograms() {
    try (Device d = new NullDevice()) {
      KernelBuildFailed e = assertThrows(KernelBuildFailed.class, () -> d.prepare(program(2)));
      assertTrue(e.log().contains("nothing has written"), e.log());
      assertTrue(e.source().startsWith("lathe program 1"), e.source());
    }
  }
}
