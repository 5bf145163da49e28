package org.lathe.hal.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostAllocatorTest {
  @Test
  void memoryHasABudget() {
    HostAllocator allocator = new HostAllocator(100);
    Buffer b = allocator.allocate(60);
    OutOfDeviceMemory e = assertThrows(OutOfDeviceMemory.class, () -> allocator.allocate(41));
    assertEquals(41, e.askedBytes());
    assertEquals(40, e.freeBytes());
    assertEquals(60, allocator.allocatedBytes());
    assertEquals(1, allocator.openBuffers());
    b.close();
    b.close();
    assertEquals(0, allocator.allocatedBytes());
    assertEquals(0, allocator.openBuffers());
    assertThrows(IllegalArgumentException.class, () -> allocator.allocate(-1));
  }

  @Test
  void memoryThatTheMachineDoesNotHaveIsRefused() {
    HostAllocator allocator = new HostAllocator(Long.MAX_VALUE);
    assertThrows(OutOfDeviceMemory.class, () -> allocator.allocate(1L << 60));
    assertEquals(0, allocator.allocatedBytes());
    assertEquals(0, allocator.openBuffers());
  }

  @ParameterizedTest
  @ValueSource(longs = {10, 10_000})
  void aClosedBufferIsNotRead(long bytes) {
    HostBuffer b = new HostAllocator(1 << 20).allocate(bytes);
    b.close();
    assertThrows(IllegalStateException.class, b::host);
    assertThrows(IllegalStateException.class, () -> b.read(0, MemorySegment.ofArray(new byte[1])));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 63, 64, 4095, 4096, 100_001})
  void buffersAreAligned(long bytes) {
    try (HostBuffer b = new HostAllocator(1 << 20).allocate(bytes)) {
      assertEquals(bytes, b.bytes());
      assertEquals(0, b.address() % (bytes < 4096 ? 64 : 4096));
      assertEquals(b.address(), b.host().address());
    }
  }
}
