package org.lathe.hal.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class HostRegionsTest {
  /** Hands out addresses that nobody reads, side by side, as a system may. */
  private static final class Addresses implements HostRegions.Source {
    private final TreeMap<Long, Long> mapped = new TreeMap<>();
    private long next = VirtualMemory.HUGE_PAGE;

    @Override
    public long map(long bytes) {
      assertEquals(0, bytes % VirtualMemory.HUGE_PAGE);
      long at = next;
      next += bytes;
      mapped.put(at, bytes);
      return at;
    }

    @Override
    public void unmap(long address, long bytes) {
      assertEquals(bytes, mapped.remove(address), "only whole regions are unmapped");
    }

    boolean holds(long address, long bytes) {
      Map.Entry<Long, Long> region = mapped.floorEntry(address);
      return region != null && address + bytes <= region.getKey() + region.getValue();
    }
  }

  private record Taken(long address, long bytes) {}

  @Test
  void blocksOfRandomSizesNeverOverlapAndAllBecomeFreeAgain() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Addresses source = new Addresses();
    HostRegions regions = new HostRegions(source);
    List<Taken> open = new ArrayList<>();
    TreeMap<Long, Long> ends = new TreeMap<>();
    for (int i = 0; i < 20_000; i++) {
      if (open.isEmpty() || random.nextInt(100) < (i < 10_000 ? 55 : 45)) {
        long bytes = 1 + (long) Math.exp(random.nextDouble() * Math.log(3.0 * HostRegions.REGION));
        long at = regions.take(bytes);
        assertEquals(0, at % HostRegions.GRANULE);
        assertTrue(source.holds(at, bytes), "seed " + seed);
        Map.Entry<Long, Long> before = ends.floorEntry(at);
        Long after = ends.ceilingKey(at);
        assertTrue(before == null || before.getValue() <= at, "seed " + seed);
        assertTrue(after == null || at + bytes <= after, "seed " + seed);
        ends.put(at, at + bytes);
        open.add(new Taken(at, bytes));
      } else {
        Taken t = open.remove(random.nextInt(open.size()));
        ends.remove(t.address());
        regions.give(t.address(), t.bytes());
      }
    }
    open.forEach(t -> regions.give(t.address(), t.bytes()));
    assertTrue(regions.mappedBytes() <= HostRegions.LEAST_KEPT, "seed " + seed + ": " + regions.mappedBytes());
    long kept = source.mapped.values().stream().mapToLong(Long::longValue).sum();
    assertEquals(kept, regions.mappedBytes());
  }

  @Test
  void aFreedBlockIsTheNextOneOfItsSize() {
    HostRegions regions = new HostRegions(new Addresses());
    long first = regions.take(10_000);
    long second = regions.take(10_000);
    regions.give(first, 10_000);
    assertEquals(first, regions.take(9_000));
    assertEquals(first + 12_288, second);
    assertEquals(HostRegions.REGION, regions.mappedBytes());
  }

  @Test
  void neighboursThatAreFreeAreOneBlock() {
    HostRegions regions = new HostRegions(new Addresses());
    long third = HostRegions.REGION / 4;
    long a = regions.take(third);
    long b = regions.take(third);
    long c = regions.take(third);
    regions.take(third);
    regions.give(a, third);
    regions.give(c, third);
    regions.give(b, third);
    assertEquals(a, regions.take(3 * third));
    assertEquals(HostRegions.REGION, regions.mappedBytes());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theSystemsMemoryIsAlignedAndHoldsWhatIsWritten() {
    VirtualMemory memory = VirtualMemory.ofSystem().orElseThrow();
    long bytes = 3 * VirtualMemory.HUGE_PAGE;
    long at = memory.map(bytes);
    assertEquals(0, at % VirtualMemory.HUGE_PAGE);
    MemorySegment all = MemorySegment.ofAddress(at).reinterpret(bytes);
    all.fill((byte) 3);
    assertEquals(0x03030303, all.get(ValueLayout.JAVA_INT, bytes - 4));
    memory.unmap(at, bytes);
    assertThrows(OutOfMemoryError.class, () -> memory.map(1L << 60));
    assertThrows(OutOfMemoryError.class,
        () -> memory.map(Long.MAX_VALUE / VirtualMemory.HUGE_PAGE * VirtualMemory.HUGE_PAGE));
  }
}
