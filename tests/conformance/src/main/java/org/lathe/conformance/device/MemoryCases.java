package org.lathe.conformance.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.OutOfDeviceMemory;

/** Allocation, alignment, transfers, budgets. */
final class MemoryCases {
  private static final int[] SIZES = {0, 1, 3, 13, 64, 207, 4098, 65537, 1 << 20};

  private MemoryCases() {}

  static List<Case> all() {
    return List.of(
        new Case("buffers-hold-what-is-written", MemoryCases::buffersHoldWhatIsWritten),
        new Case("buffers-do-not-share-memory", MemoryCases::buffersDoNotShareMemory),
        new Case("host-memory-is-the-buffer", MemoryCases::hostMemoryIsTheBuffer),
        new Case("open-buffers-are-counted", MemoryCases::openBuffersAreCounted),
        new Case("a-buffer-closes-twice", MemoryCases::aBufferClosesTwice),
        new Case("too-large-a-buffer-changes-nothing", MemoryCases::tooLargeABufferChangesNothing),
        new Case("memory-comes-back", MemoryCases::memoryComesBack),
        new Case("two-devices-are-independent", MemoryCases::twoDevicesAreIndependent));
  }

  private static void buffersHoldWhatIsWritten(Session session) {
    Random random = new Random();
    for (int size : SIZES) {
      try (Buffer buffer = session.device().allocator().allocate(size)) {
        assertEquals(size, buffer.bytes());
        byte[] expected = new byte[size];
        random.nextBytes(expected);
        Rig.write(buffer, 0, expected);
        for (int i = 0; i < 10 && size > 0; i++) {
          int offset = random.nextInt(size);
          byte[] part = new byte[random.nextInt(size - offset + 1)];
          random.nextBytes(part);
          Rig.write(buffer, offset, part);
          System.arraycopy(part, 0, expected, offset, part.length);
          assertArrayEquals(Arrays.copyOfRange(expected, offset, size), Rig.read(buffer, offset, size - offset));
        }
        assertArrayEquals(expected, Rig.read(buffer, 0, size));
      }
    }
  }

  private static void buffersDoNotShareMemory(Session session) {
    List<Buffer> buffers = new ArrayList<>();
    try {
      for (int i = 0; i < 50; i++) {
        buffers.add(session.device().allocator().allocate(100 + i));
        byte[] mark = new byte[100 + i];
        Arrays.fill(mark, (byte) i);
        Rig.write(buffers.get(i), 0, mark);
      }
      for (int i = 0; i < 50; i++) {
        byte[] mark = new byte[100 + i];
        Arrays.fill(mark, (byte) i);
        assertArrayEquals(mark, Rig.read(buffers.get(i), 0, 100 + i));
      }
    } finally {
      buffers.forEach(Buffer::close);
    }
  }

  private static void hostMemoryIsTheBuffer(Session session) {
    for (int size : SIZES) {
      try (Buffer buffer = session.device().allocator().allocate(size)) {
        MemorySegment host = buffer.host();
        if (host == null) {
          continue;
        }
        assertEquals(size, host.byteSize());
        assertEquals(0, host.address() % 64, "alignment of " + size + " bytes");
        if (size > 0) {
          host.set(ValueLayout.JAVA_BYTE, size - 1, (byte) 42);
          assertEquals(42, Rig.read(buffer, size - 1, 1)[0]);
          Rig.write(buffer, 0, new byte[]{7});
          assertEquals(7, host.get(ValueLayout.JAVA_BYTE, 0));
        }
      }
    }
  }

  private static void openBuffersAreCounted(Session session) {
    Allocator allocator = session.device().allocator();
    int open = allocator.openBuffers();
    long bytes = allocator.allocatedBytes();
    Buffer a = allocator.allocate(1000);
    Buffer b = allocator.allocate(24);
    assertEquals(open + 2, allocator.openBuffers());
    assertEquals(bytes + 1024, allocator.allocatedBytes());
    a.close();
    assertEquals(open + 1, allocator.openBuffers());
    assertEquals(bytes + 24, allocator.allocatedBytes());
    b.close();
    assertEquals(open, allocator.openBuffers());
    assertEquals(bytes, allocator.allocatedBytes());
  }

  private static void aBufferClosesTwice(Session session) {
    Allocator allocator = session.device().allocator();
    int open = allocator.openBuffers();
    Buffer a = allocator.allocate(10);
    a.close();
    a.close();
    assertEquals(open, allocator.openBuffers());
  }

  private static void tooLargeABufferChangesNothing(Session session) {
    Allocator allocator = session.device().allocator();
    int open = allocator.openBuffers();
    long bytes = allocator.allocatedBytes();
    for (long size : new long[]{session.device().info().memoryBytes() + 1, 1L << 50, Long.MAX_VALUE - 4096}) {
      OutOfDeviceMemory e = assertThrows(OutOfDeviceMemory.class, () -> allocator.allocate(size));
      assertEquals(size, e.askedBytes());
      assertEquals(open, allocator.openBuffers());
      assertEquals(bytes, allocator.allocatedBytes());
    }
    try (Buffer small = allocator.allocate(64)) {
      Rig.write(small, 0, new byte[64]);
    }
  }

  private static void memoryComesBack(Session session) {
    Allocator allocator = session.device().allocator();
    int open = allocator.openBuffers();
    long bytes = allocator.allocatedBytes();
    for (int i = 0; i < 500; i++) {
      try (Buffer b = allocator.allocate(64 << 10)) {
        Rig.write(b, (64 << 10) - 1, new byte[1]);
      }
    }
    assertEquals(open, allocator.openBuffers());
    assertEquals(bytes, allocator.allocatedBytes());
  }

  private static void twoDevicesAreIndependent(Session session) {
    try (Device a = session.open(); Device b = session.open()) {
      assertEquals(session.device().info(), a.info());
      try (Buffer buffer = a.allocator().allocate(10)) {
        assertEquals(1, a.allocator().openBuffers());
        assertEquals(0, b.allocator().openBuffers());
        b.close();
        b.close();
        Rig.write(buffer, 0, new byte[]{1});
        assertEquals(1, Rig.read(buffer, 0, 1)[0]);
      }
    }
  }
}
