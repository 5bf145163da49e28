package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/** The order of groups: each after those it reads, and after those that still read what it overwrites. */
final class Schedule {
  private final List<Group> groups;
  private final Map<Group, Set<Group>> successors = new HashMap<>();

  Schedule(List<Group> groups) {
    this.groups = groups;
    for (Group g : groups) {
      successors.put(g, new LinkedHashSet<>(g.users()));
    }
  }

  private Set<Group> successors(Group g) {
    return successors.computeIfAbsent(g, k -> new LinkedHashSet<>());
  }

  /** Whether {@code first} must run before {@code second}. */
  boolean isBefore(Group first, Group second) {
    Set<Group> seen = new HashSet<>();
    List<Group> open = new ArrayList<>(successors(first));
    while (!open.isEmpty()) {
      Group g = open.removeLast();
      if (g == second) {
        return true;
      }
      if (seen.add(g)) {
        open.addAll(successors(g));
      }
    }
    return false;
  }

  /** Demands that {@code first} runs before {@code second}, which must not be before it already. */
  void order(Group first, Group second) {
    successors(first).add(second);
  }

  /** All groups in order; among those that could be next, the one that was traced first. */
  List<Group> order() {
    Map<Group, Integer> waiting = new HashMap<>();
    for (Group g : groups) {
      for (Group s : successors(g)) {
        waiting.merge(s, 1, Integer::sum);
      }
    }
    PriorityQueue<Group> ready = new PriorityQueue<>(
        Comparator.comparingInt(Group::first).thenComparingInt(Group::last));
    for (Group g : groups) {
      if (!waiting.containsKey(g)) {
        ready.add(g);
      }
    }
    List<Group> order = new ArrayList<>();
    while (!ready.isEmpty()) {
      Group g = ready.remove();
      order.add(g);
      for (Group s : successors(g)) {
        if (waiting.merge(s, -1, Integer::sum) == 0) {
          ready.add(s);
        }
      }
    }
    if (order.size() != groups.size()) {
      throw new IllegalStateException("kernels wait for each other in a circle");
    }
    return order;
  }
}
