package org.lathe.hal.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.lathe.hal.FakeDevice;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;

class ValidatingDeviceTest {
  private static final byte NAN = (byte) 0xff;
  private final FakeDevice fake = new FakeDevice(0);
  private final ValidatingDevice device = ValidatingDevice.wrap(fake);
  private final Buffer x = device.allocator().allocate(256);
  private final Buffer y = device.allocator().allocate(256);

  /** x -> t -> y, 200 bytes of each. */
  private static Program copies() {
    return new Program("copies",
        List.of(new BufferDecl("x", Role.INPUT, 200, null), new BufferDecl("t", Role.SCRATCH, 200, null),
            new BufferDecl("y", Role.OUTPUT, 200, null)),
        List.of(ProgramVerifierTest.copy(new Slice(0, 0, 200), new Slice(1, 0, 200)),
            ProgramVerifierTest.copy(new Slice(1, 0, 200), new Slice(2, 0, 200))));
  }

  private static void misuse(String message, Executable call) {
    String text = assertThrows(DeviceMisuse.class, call).getMessage();
    assertEquals("device fake:0: " + message, text.replaceAll("made at [^ ;,]*", "made at LINE"));
  }

  private CommandBuffer record(Prepared p) {
    return p.record(List.of(BufferSlice.whole(x), BufferSlice.whole(y)));
  }

  @Test
  void aGoodCallerSeesTheDeviceItself() {
    x.write(0, MemorySegment.ofArray(new byte[]{1, 2, 3}));
    try (Prepared p = device.prepare(copies()); CommandBuffer c = record(p)) {
      assertEquals(200, c.scratchBytes());
      assertEquals(copies(), p.program());
      c.submit().await();
      byte[] back = new byte[3];
      y.read(0, MemorySegment.ofArray(back));
      assertEquals("[1, 2, 3]", Arrays.toString(back));
      assertEquals(List.of(), c.profile());
    }
    assertEquals(2, device.allocator().openBuffers());
    assertEquals(512, device.allocator().allocatedBytes());
    x.close();
    x.close();
    y.close();
    device.close();
    device.close();
    assertTrue(fake.closed);
    assertEquals(0, fake.allocator.openBuffers());
  }

  @Test
  void outputsAndScratchAreNaNBeforeARun() {
    fake.lazy = true;
    try (Prepared p = device.prepare(copies()); CommandBuffer c = record(p)) {
      y.write(0, MemorySegment.ofArray(new byte[256]));
      c.submit().await();
      byte[] back = new byte[256];
      y.read(0, MemorySegment.ofArray(back));
      for (int i = 0; i < 256; i++) {
        assertEquals(i < 200 ? NAN : 0, back[i], "byte " + i);
      }
    }
  }

  @Test
  void nothingClosedIsUsed() {
    Prepared p = device.prepare(copies());
    CommandBuffer c = record(p);
    misuse(
        "close of a buffer of 256 bytes made at LINE, which an open command buffer of program 'copies' made at LINE binds",
        x::close);
    misuse(
        "close of a prepared program 'copies' made at LINE before its command buffer of program 'copies' made at LINE",
        p::close);
    c.close();
    misuse("submit on a closed command buffer of program 'copies' made at LINE", c::submit);
    misuse("profile on a closed command buffer of program 'copies' made at LINE", c::profile);
    misuse("rebind on a closed command buffer of program 'copies' made at LINE", () -> c.rebind(List.of()));
    p.close();
    misuse("record on a closed prepared program 'copies' made at LINE", () -> record(p));
    x.close();
    misuse("write on a closed buffer of 256 bytes made at LINE", () -> x.write(0, MemorySegment.ofArray(new byte[1])));
    misuse("read on a closed buffer of 256 bytes made at LINE", () -> x.read(0, MemorySegment.ofArray(new byte[1])));
    misuse("host on a closed buffer of 256 bytes made at LINE", x::host);
    Prepared again = device.prepare(copies());
    misuse("record or rebind with binding 0 ('x') of program 'copies' on a closed buffer of 256 bytes made at LINE",
        () -> record(again));
    again.close();
    y.close();
    device.close();
    misuse("allocator after the device was closed", device::allocator);
    misuse("prepare after the device was closed", () -> device.prepare(copies()));
  }

  @Test
  void transfersStayInside() {
    misuse("write of 2 bytes at 255 of a buffer of 256 bytes made at LINE",
        () -> x.write(255, MemorySegment.ofArray(new byte[2])));
    misuse("read of 1 bytes at -1 of a buffer of 256 bytes made at LINE",
        () -> x.read(-1, MemorySegment.ofArray(new byte[1])));
    misuse("read of 300 bytes at 0 of a buffer of 256 bytes made at LINE",
        () -> x.read(0, MemorySegment.ofArray(new byte[300])));
    misuse("allocate of -1 bytes", () -> device.allocator().allocate(-1));
    assertEquals(256, x.host().byteSize());
  }

  @Test
  void bindingsFitTheDeclarations() {
    try (Prepared p = device.prepare(copies()); FakeDevice other = new FakeDevice(1)) {
      misuse("record or rebind gives 1 slices to the 2 declarations of program 'copies'",
          () -> p.record(List.of(BufferSlice.whole(x))));
      misuse("binding 1 ('y') of program 'copies' has 192 bytes, 200 are declared",
          () -> p.record(List.of(BufferSlice.whole(x), new BufferSlice(y, 64, 192))));
      misuse("binding 1 ('y') of program 'copies' begins at byte 16, which is not a multiple of 64",
          () -> p.record(List.of(BufferSlice.whole(x), new BufferSlice(y, 16, 200))));
      misuse("binding 1 ('y') of program 'copies' shares memory with binding 0 ('x')",
          () -> p.record(List.of(BufferSlice.whole(x), BufferSlice.whole(x))));
      misuse("binding 1 ('y') of program 'copies' is not a buffer of this device",
          () -> p.record(List.of(BufferSlice.whole(x), BufferSlice.whole(other.allocator().allocate(256)))));
    }
    assertEquals(2, fake.allocator.openBuffers(), "a failed record keeps no scratch memory");
  }

  @Test
  void inputsMayShareMemory() {
    Program two = new Program("two",
        List.of(new BufferDecl("a", Role.INPUT, 256, null), new BufferDecl("b", Role.INPUT, 256, null),
            new BufferDecl("y", Role.OUTPUT, 256, null)),
        List.of(ProgramVerifierTest.copy(new Slice(0, 0, 256), new Slice(2, 0, 256))));
    try (Prepared p = device.prepare(two);
        CommandBuffer c = p.record(List.of(BufferSlice.whole(x), BufferSlice.whole(x), BufferSlice.whole(y)))) {
      c.submit().await();
    }
  }

  @Test
  void rebindingChecksAndPoisonsTheNewMemory() {
    fake.lazy = true;
    try (Buffer z = device.allocator().allocate(256); Prepared p = device.prepare(copies())) {
      try (CommandBuffer c = record(p)) {
        misuse("binding 1 ('y') of program 'copies' shares memory with binding 0 ('x')",
            () -> c.rebind(List.of(BufferSlice.whole(x), BufferSlice.whole(x))));
        assertTrue(c.rebind(List.of(BufferSlice.whole(x), BufferSlice.whole(z))));
        y.close();
        assertThrows(DeviceMisuse.class, z::close);
        c.submit().await();
        byte[] back = new byte[1];
        z.read(199, MemorySegment.ofArray(back));
        assertEquals(NAN, back[0]);
      }
    }
  }

  @Test
  void faultyProgramsAreRefused() {
    Program bad = new Program("bad", copies().buffers(),
        List.of(ProgramVerifierTest.copy(new Slice(1, 0, 200), new Slice(2, 0, 200))));
    misuse(
        "prepare of program 'bad': step 0 'copy' (Copy): input 0 reads byte 0 of scratch #1 't', which nothing has written",
        () -> device.prepare(bad));
  }

  @Test
  void writesBehindTheEndAreSeen() {
    fake.overrun = 60;
    try (Prepared p = device.prepare(copies()); CommandBuffer c = record(p)) {
      Event run = c.submit();
      misuse("byte 256 was written, behind the end of a buffer of 256 bytes made at LINE", run::await);
    }
    misuse("byte 256 was written, behind the end of a buffer of 256 bytes made at LINE", y::close);
  }

  @Test
  void oneRunAtATime() {
    fake.gate = new CountDownLatch(1);
    Prepared p = device.prepare(copies());
    CommandBuffer c = record(p);
    Event run = c.submit();
    assertFalse(run.isDone());
    misuse("close of a command buffer of program 'copies' made at LINE while it runs; await its event first", c::close);
    misuse("submit while another thread runs the command buffer of program 'copies' made at LINE; its users take turns",
        () -> elsewhere(c::submit));
    misuse("read while a run of another thread uses the buffer of 256 bytes made at LINE; await its event first",
        () -> elsewhere(() -> y.read(0, MemorySegment.ofArray(new byte[1]))));
    fake.gate.countDown();
    run.await();
    c.submit().await();
    c.close();
    p.close();
  }

  private static void elsewhere(Runnable call) throws Throwable {
    try {
      CompletableFuture.runAsync(call).join();
    } catch (CompletionException e) {
      throw e.getCause();
    }
  }

  @Test
  void leaksAreListedAndClosed() {
    Prepared p = device.prepare(copies());
    List<Object> kept = new ArrayList<>(List.of(record(p)));
    String text = assertThrows(DeviceMisuse.class, device::close).getMessage();
    assertTrue(text.startsWith("device fake:0: closed before command buffer of program 'copies' made at "), text);
    assertTrue(text.contains("; prepared program 'copies' made at ") && text.contains("ValidatingDeviceTest.java:"),
        text);
    assertEquals(2, text.split("buffer of 256 bytes").length - 1, text);
    assertTrue(fake.closed);
    assertEquals(0, fake.allocator.openBuffers());
    assertEquals(1, kept.size());
  }
}
