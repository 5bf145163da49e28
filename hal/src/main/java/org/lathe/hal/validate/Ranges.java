package org.lathe.hal.validate;

import java.util.Map;
import java.util.TreeMap;

/** A set of bytes, as disjoint ranges that do not touch. */
final class Ranges {
  private final TreeMap<Long, Long> endByStart;

  private Ranges(TreeMap<Long, Long> endByStart) {
    this.endByStart = endByStart;
  }

  static Ranges none() {
    return new Ranges(new TreeMap<>());
  }

  static Ranges of(long start, long end) {
    Ranges r = none();
    r.add(start, end);
    return r;
  }

  Ranges copy() {
    return new Ranges(new TreeMap<>(endByStart));
  }

  void add(long start, long end) {
    if (end <= start) {
      return;
    }
    long from = start;
    long to = end;
    Map.Entry<Long, Long> before = endByStart.floorEntry(to);
    while (before != null && before.getValue() >= from) {
      from = Math.min(from, before.getKey());
      to = Math.max(to, before.getValue());
      endByStart.remove(before.getKey());
      before = endByStart.floorEntry(to);
    }
    endByStart.put(from, to);
  }

  /** The first byte of [start, end) that is not in the set, or {@code end}. */
  long firstMissing(long start, long end) {
    Map.Entry<Long, Long> around = endByStart.floorEntry(start);
    return around == null || around.getValue() <= start ? start : Math.min(end, around.getValue());
  }

  /** The first byte of the set at or after {@code start}, or {@code end} if there is none before it. */
  long firstPresent(long start, long end) {
    if (firstMissing(start, end) > start) {
      return start;
    }
    Long next = endByStart.ceilingKey(start);
    return next == null ? end : Math.min(next, end);
  }

  Ranges intersect(Ranges other) {
    Ranges both = none();
    for (Map.Entry<Long, Long> range : endByStart.entrySet()) {
      long at = other.firstPresent(range.getKey(), range.getValue());
      while (at < range.getValue()) {
        long end = other.firstMissing(at, range.getValue());
        both.add(at, end);
        at = other.firstPresent(end, range.getValue());
      }
    }
    return both;
  }
}
