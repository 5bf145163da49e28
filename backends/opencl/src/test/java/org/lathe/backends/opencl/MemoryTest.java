package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.backends.opencl.cl.Handle;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.OutOfDeviceMemory;

/** Allocation and transfers, whichever way the host reaches the device's memory. */
class MemoryTest {
  private static final int[] SIZES = {0, 1, 3, 13, 64, 127, 128, 129, 4098, 65537, (512 << 10) + 1, (9 << 20) + 7};

  private final long handles = Handle.open();

  @BeforeEach
  void thereIsADevice() {
    Devices.found();
  }

  @AfterEach
  void everythingIsGivenBack() {
    assertEquals(handles, Handle.open(), "objects of the driver that were left open");
  }

  private static byte[] random(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] read(Buffer buffer, long offset, int size) {
    byte[] bytes = new byte[size];
    buffer.read(offset, MemorySegment.ofArray(bytes));
    return bytes;
  }

  @ParameterizedTest
  @EnumSource
  void buffersHoldWhatIsWritten(MemoryModel model) {
    Random random = new Random(7);
    try (OpenClDevice d = Devices.open(o -> o.with(model))) {
      for (int size : SIZES) {
        try (Buffer buffer = d.allocator().allocate(size)) {
          byte[] expected = random(random, size);
          buffer.write(0, MemorySegment.ofArray(expected));
          for (int i = 0; i < 5 && size > 0; i++) {
            int offset = random.nextInt(size);
            byte[] part = random(random, random.nextInt(size - offset + 1));
            try (Arena arena = Arena.ofConfined()) {
              buffer.write(offset, arena.allocateFrom(ValueLayout.JAVA_BYTE, part));
            }
            System.arraycopy(part, 0, expected, offset, part.length);
          }
          assertArrayEquals(expected, read(buffer, 0, size), size + " bytes");
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void buffersBeginAtMultiplesOf128AndDoNotOverlap(MemoryModel model) {
    Random random = new Random();
    try (OpenClDevice d = Devices.open(o -> o.with(model))) {
      List<OpenClBuffer> buffers = new ArrayList<>();
      for (int round = 0; round < 400; round++) {
        if (random.nextInt(3) == 0 && !buffers.isEmpty()) {
          buffers.remove(random.nextInt(buffers.size())).close();
        } else {
          buffers.add(d.allocator().allocate(random.nextInt(random.nextInt(4) == 0 ? 900_000 : 3000)));
        }
      }
      Collections.shuffle(buffers, random);
      for (OpenClBuffer b : buffers) {
        assertEquals(0, b.base() % 128);
        for (OpenClBuffer other : buffers) {
          assertTrue(b == other || b.memory() != other.memory() || b.base() + b.bytes() <= other.base()
              || other.base() + other.bytes() <= b.base(), "two buffers overlap");
        }
      }
      assertEquals(buffers.size(), d.allocator().openBuffers());
      assertEquals(buffers.stream().mapToLong(Buffer::bytes).sum(), d.allocator().allocatedBytes());
      buffers.forEach(Buffer::close);
      assertEquals(0, d.allocator().openBuffers());
      assertEquals(0, d.allocator().allocatedBytes());
    }
  }

  /** A model of the gaps: a plain array of who owns each granule. */
  @Test
  void gapsAreJoined() {
    try (OpenClDevice d = Devices.open(); Block block = Block.of(d.session(), 64 * 128)) {
      Random random = new Random();
      for (int round = 0; round < 50; round++) {
        boolean[] taken = new boolean[64];
        List<long[]> parts = new ArrayList<>();
        for (int step = 0; step < 200; step++) {
          if (random.nextBoolean() && !parts.isEmpty()) {
            long[] part = parts.remove(random.nextInt(parts.size()));
            block.giveBack(part[0], part[1]);
            mark(taken, part, true);
          } else {
            long[] part = {0, 128L * (1 + random.nextInt(12))};
            part[0] = block.take(part[1]);
            assertEquals(longestGap(taken) >= part[1] / 128, part[0] >= 0);
            if (part[0] >= 0) {
              mark(taken, part, false);
              parts.add(part);
            }
          }
        }
        parts.forEach(p -> block.giveBack(p[0], p[1]));
        assertTrue(block.isEmpty());
      }
    }
  }

  private static void mark(boolean[] taken, long[] part, boolean was) {
    for (long i = part[0] / 128; i < (part[0] + part[1]) / 128; i++) {
      assertEquals(was, taken[(int) i]);
      taken[(int) i] = !was;
    }
  }

  private static int longestGap(boolean[] taken) {
    int longest = 0;
    int length = 0;
    for (boolean t : taken) {
      length = t ? 0 : length + 1;
      longest = Math.max(longest, length);
    }
    return longest;
  }

  @Test
  void hostMemoryIsSharedWhereTheDeviceSharesIt() {
    try (OpenClDevice d = Devices.open(); OpenClDevice staged = Devices.open(o -> o.with(MemoryModel.STAGED))) {
      try (Buffer far = staged.allocator().allocate(1000)) {
        assertNull(far.host());
      }
      try (Buffer near = d.allocator().allocate(1000); Buffer alone = d.allocator().allocate(2 << 20)) {
        if (d.session().memory() != MemoryModel.SHARED) {
          assertNull(near.host());
          return;
        }
        for (Buffer b : List.of(near, alone)) {
          MemorySegment host = b.host();
          assertNotNull(host);
          assertEquals(b.bytes(), host.byteSize());
          assertEquals(0, host.address() % 128);
          host.set(ValueLayout.JAVA_BYTE, b.bytes() - 1, (byte) 42);
          assertEquals(42, read(b, b.bytes() - 1, 1)[0]);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theBudgetIsKept(MemoryModel model) {
    long budget = 20 << 20;
    try (OpenClDevice d = Devices.open(o -> o.with(model).withBudget(budget))) {
      OpenClAllocator a = d.allocator();
      try (Buffer half = a.allocate(budget / 2); Buffer small = a.allocate(13)) {
        OutOfDeviceMemory e = assertThrows(OutOfDeviceMemory.class, () -> a.allocate(budget / 2));
        assertEquals(budget / 2, e.askedBytes());
        assertTrue(e.freeBytes() < budget / 2, e.getMessage());
        assertEquals(2, a.openBuffers());
        small.write(0, MemorySegment.ofArray(new byte[13]));
        half.write(budget / 2 - 1, MemorySegment.ofArray(new byte[1]));
      }
      a.allocate(budget).close();
      // Small buffers are not refused because a whole block does not fit any more.
      List<Buffer> small = IntStream.range(0, 19).mapToObj(i -> (Buffer) a.allocate(1 << 20)).toList();
      a.allocate(13).close();
      small.forEach(Buffer::close);
    }
  }

  /** More than the driver allows in one piece, within a budget that lies. */
  @ParameterizedTest
  @EnumSource(names = {"MAPPED", "STAGED"})
  void aDriverThatRefusesIsOutOfMemory(MemoryModel model) {
    try (OpenClDevice d = Devices.open(o -> o.with(model).withBudget(1L << 50))) {
      assertThrows(OutOfDeviceMemory.class, () -> d.allocator().allocate(1L << 48));
      assertEquals(0, d.allocator().openBuffers());
      try (Buffer b = d.allocator().allocate(100)) {
        b.write(0, MemorySegment.ofArray(new byte[100]));
      }
    }
  }

  @Test
  void aHostThatRefusesIsOutOfMemory() {
    try (OpenClDevice d = Devices.open(o -> o.with(MemoryModel.SHARED).withBudget(1L << 60))) {
      assertThrows(OutOfDeviceMemory.class, () -> d.allocator().allocate(1L << 52));
      assertEquals(0, d.allocator().openBuffers());
      assertEquals(1L << 60, d.allocator().freeBytes());
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingIsUsedAfterItIsClosed(MemoryModel model) {
    OpenClDevice d = Devices.open(o -> o.with(model));
    Buffer b = d.allocator().allocate(100);
    MemorySegment bytes = MemorySegment.ofArray(new byte[10]);
    assertThrows(IndexOutOfBoundsException.class, () -> b.write(91, bytes));
    assertThrows(IndexOutOfBoundsException.class, () -> b.read(-1, bytes));
    b.close();
    b.close();
    assertThrows(IllegalStateException.class, () -> b.write(0, bytes));
    assertThrows(IllegalStateException.class, () -> b.read(0, bytes));
    assertThrows(IllegalStateException.class, b::host);
    Buffer late = d.allocator().allocate(100);
    d.close();
    d.close();
    assertThrows(IllegalStateException.class, () -> d.allocator().allocate(1));
    late.close();
    late.close();
  }

  @ParameterizedTest
  @EnumSource
  void threadsTransferAtOnce(MemoryModel model) {
    try (OpenClDevice d = Devices.open(o -> o.with(model))) {
      Stream.iterate(0, i -> i + 1).limit(6).parallel().forEach(thread -> {
        Random random = new Random(thread);
        for (int i = 0; i < 20; i++) {
          byte[] bytes = random(random, random.nextInt(300_000));
          try (Buffer b = d.allocator().allocate(bytes.length)) {
            b.write(0, MemorySegment.ofArray(bytes));
            assertArrayEquals(bytes, read(b, 0, bytes.length));
          }
        }
      });
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingLeaksOverManyRounds(MemoryModel model) {
    try (OpenClDevice d = Devices.open(o -> o.with(model))) {
      d.allocator().allocate(10).close();
      byte[] bytes = new byte[1000];
      long before = 0;
      for (int i = 0; i < 2000; i++) {
        try (Buffer b = d.allocator().allocate(i % 100 == 0 ? 1 << 20 : 1000)) {
          b.write(0, MemorySegment.ofArray(bytes));
          b.read(0, MemorySegment.ofArray(bytes));
        }
        before = i == 10 ? Handle.open() : before;
      }
      assertEquals(before, Handle.open());
    }
  }

  @Test
  void devicesAreIndependent() {
    try (OpenClDevice a = Devices.open(); OpenClDevice b = Devices.open()) {
      assertEquals(a.info(), b.info());
      try (Buffer buffer = a.allocator().allocate(10)) {
        b.allocator().allocate(10).close();
        b.close();
        buffer.write(0, MemorySegment.ofArray(new byte[]{1}));
        assertEquals(1, read(buffer, 0, 1)[0]);
      }
    }
  }
}
