package org.lathe.hal.device;

import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Memory in large regions, from which blocks are cut: the smallest free one that is enough, the first of those. Neighbours
 * that are free become one again. Arrays that are used together so lie on few pages, and on huge ones: with pages of 4
 * KiB, a program over more than a processor's translation buffers reach (12 MiB on a Zen 4) ran up to three times as long.
 *
 * <p>Regions that have become free are kept for the next blocks, as fresh pages cost more to fill than most kernels take
 * to run; but no more bytes of them than are in use, and {@link #LEAST_KEPT}. Any thread.
 */
final class HostRegions {
  /** Of a block, and of each block's size: a page. */
  static final long GRANULE = 4096;
  /** The least size of a region. */
  static final long REGION = 16 * VirtualMemory.HUGE_PAGE;

  static final long LEAST_KEPT = 2 * REGION;

  /** Where regions come from. */
  interface Source {
    /**
     * @param bytes a multiple of {@link VirtualMemory#HUGE_PAGE}
     * @return the address of readable and writable memory, of whole huge pages
     * @throws OutOfMemoryError if there is none
     */
    long map(long bytes);

    void unmap(long address, long bytes);
  }

  private record Block(long bytes, long address) {}

  private final Source source;
  private final TreeMap<Long, Long> regions = new TreeMap<>();
  private final TreeMap<Long, Long> free = new TreeMap<>();
  private final TreeSet<Block> freeBySize = new TreeSet<>(
      Comparator.comparingLong(Block::bytes).thenComparingLong(Block::address));
  /** The regions that are free as a whole. */
  private final TreeMap<Long, Long> whole = new TreeMap<>();
  private long mapped;
  private long used;

  HostRegions(Source source) {
    this.source = source;
  }

  /**
   * A block of at least {@code bytes}, at a multiple of {@link #GRANULE}.
   *
   * @throws OutOfMemoryError if the system has none
   */
  synchronized long take(long bytes) {
    long size = rounded(bytes, GRANULE);
    Block block = freeBySize.ceiling(new Block(size, 0));
    if (block == null) {
      long region = Math.max(REGION, rounded(size, VirtualMemory.HUGE_PAGE));
      block = new Block(region, source.map(region));
      regions.put(block.address(), region);
      mapped += region;
      free(block);
    }
    taken(block);
    if (block.bytes() > size) {
      free(new Block(block.bytes() - size, block.address() + size));
    }
    used += size;
    return block.address();
  }

  /** Gives back a block that {@link #take} made for as many bytes. */
  synchronized void give(long address, long bytes) {
    long size = rounded(bytes, GRANULE);
    used -= size;
    Map.Entry<Long, Long> region = regions.floorEntry(address);
    Block block = new Block(size, address);
    Map.Entry<Long, Long> before = free.lowerEntry(address);
    if (before != null && before.getKey() >= region.getKey() && before.getKey() + before.getValue() == address) {
      block = joined(new Block(before.getValue(), before.getKey()), block);
    }
    long end = block.address() + block.bytes();
    Long after = end == region.getKey() + region.getValue() ? null : free.get(end);
    if (after != null) {
      Block next = new Block(after, end);
      taken(next);
      block = new Block(block.bytes() + after, block.address());
    }
    free(block);
    while (!whole.isEmpty() && mapped - used > Math.max(used, LEAST_KEPT)) {
      unmap(whole.firstEntry());
    }
  }

  private void unmap(Map.Entry<Long, Long> region) {
    taken(new Block(region.getValue(), region.getKey()));
    regions.remove(region.getKey());
    mapped -= region.getValue();
    source.unmap(region.getKey(), region.getValue());
  }

  private Block joined(Block before, Block block) {
    taken(before);
    return new Block(before.bytes() + block.bytes(), before.address());
  }

  private void free(Block block) {
    free.put(block.address(), block.bytes());
    freeBySize.add(block);
    if (block.bytes() == regions.getOrDefault(block.address(), 0L)) {
      whole.put(block.address(), block.bytes());
    }
  }

  private void taken(Block block) {
    free.remove(block.address());
    freeBySize.remove(block);
    whole.remove(block.address());
  }

  /** The bytes of all regions. */
  synchronized long mappedBytes() {
    return mapped;
  }

  private static long rounded(long bytes, long to) {
    long size = (bytes + to - 1) / to * to;
    if (size < bytes) {
      throw new OutOfMemoryError("no system maps " + bytes + " bytes");
    }
    return size;
  }
}
