package org.lathe.models.nn;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;

/**
 * A binary code of shortest mean length (Huffman 1952): each symbol is a leaf of a tree, and its code the turns on the way
 * from the root to it. Of equal weights the one that came first is the lighter, so that the same weights give the same tree.
 *
 * @param paths the inner nodes on the way to each symbol, the root first; the inner nodes are numbered from 0
 * @param turns of each symbol, one for each node of its path
 */
public record Huffman(List<int[]> paths, List<boolean[]> turns) {
  public Huffman {
    paths = List.copyOf(paths);
    turns = List.copyOf(turns);
  }

  /** A leaf (symbol at least 0) or an inner node. */
  private record Tree(double weight, int order, int symbol, Tree[] children) {}

  /**
   * @param weights how often each symbol is, at least two of them, none negative
   */
  public static Huffman of(double... weights) {
    if (weights.length < 2) {
      throw new IllegalArgumentException("a code is for at least 2 symbols, not " + weights.length);
    }
    PriorityQueue<Tree> open = new PriorityQueue<>(
        Comparator.comparingDouble(Tree::weight).thenComparingInt(Tree::order));
    int order = 0;
    for (double w : weights) {
      if (!(w >= 0)) {
        throw new IllegalArgumentException("symbol " + order + " has weight " + w + ", expected 0 or more");
      }
      open.add(new Tree(w, order, order, new Tree[0]));
      order++;
    }
    while (open.size() > 1) {
      Tree low = open.remove();
      Tree high = open.remove();
      open.add(new Tree(low.weight + high.weight, order++, -1, new Tree[]{low, high}));
    }
    int symbols = weights.length;
    int[][] paths = new int[symbols][];
    boolean[][] turns = new boolean[symbols][];
    walk(open.remove(), symbols, paths, turns);
    return new Huffman(Arrays.asList(paths), Arrays.asList(turns));
  }

  /** What is left of a walk: a tree, and the way to it. */
  private record Way(Tree tree, int[] nodes, boolean[] turns) {}

  private static void walk(Tree root, int symbols, int[][] paths, boolean[][] turns) {
    Deque<Way> open = new ArrayDeque<>(List.of(new Way(root, new int[0], new boolean[0])));
    while (!open.isEmpty()) {
      Way way = open.removeLast();
      Tree t = way.tree;
      if (t.symbol >= 0) {
        paths[t.symbol] = way.nodes;
        turns[t.symbol] = way.turns;
        continue;
      }
      int depth = way.nodes.length;
      int[] nodes = Arrays.copyOf(way.nodes, depth + 1);
      nodes[depth] = t.order - symbols;
      for (int c = 0; c < 2; c++) {
        boolean[] further = Arrays.copyOf(way.turns, depth + 1);
        further[depth] = c == 1;
        open.addLast(new Way(t.children[c], nodes, further));
      }
    }
  }

  public int symbols() {
    return paths.size();
  }

  /** How many inner nodes the tree has: one less than symbols. */
  public int nodes() {
    return paths.size() - 1;
  }

  /** The length of the longest code. */
  public int depth() {
    return paths.stream().mapToInt(p -> p.length).max().orElse(0);
  }

  /** Bits of each symbol's code. */
  public int[] lengths() {
    return paths.stream().mapToInt(p -> p.length).toArray();
  }
}
