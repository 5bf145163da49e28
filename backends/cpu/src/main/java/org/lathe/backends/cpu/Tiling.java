package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * How a product of {@code m} rows is cut into register tiles: panels of equal height (the last may be lower), as wide as
 * the registers allow. Holds the micro-kernels for all of them.
 */
final class Tiling {
  /** The longest run of k in one go: what of b a panel touches stays in the first-level cache. */
  static final int K_BLOCK = 256;

  private static final int MOST_ROWS = 8;
  private static final int MOST_VECTORS = 8;

  final DType type;
  final boolean vector;
  final int lanes;
  final long m;
  final long k;
  /** Rows of a panel. */
  final int rows;
  /** Rows of the last panel. */
  final int lastRows;
  final int panels;
  /** Vectors of a full tile. */
  final int vectors;
  /** Elements from one row of packed a to the next; 1 for rows side by side. */
  final int pitch;
  /** How many panels of packed a lie side by side: as many as have rows for a vector, a power of two. */
  final int group;
  private final int groupShift;
  private final int groupElements;
  final int kBlocks;
  final int kBlock;
  private final MicroKernel[] kernels;

  /** How the left factor is packed. */
  enum Left {
    /** Each row's k one after the other. */
    ROWS,
    /** The rows of a tile side by side, for factors whose rows are contiguous in memory. */
    SIDE_BY_SIDE,
    /** Not packed: tables say where each row and each k lies in what the caller has copied. */
    TABLED
  }

  /** @param type of the sums */
  Tiling(DType type, boolean vector, long m, long n, long k, Left left, boolean indirect) {
    this.type = type;
    this.vector = vector;
    this.lanes = MicroKernels.lanes(type, vector);
    this.m = m;
    this.k = k;
    int registers = MicroKernels.accumulators(vector);
    int wide = left == Left.TABLED ? evenVectors(ceil(n, lanes), registers) : MOST_VECTORS;
    int most = Math.min(MOST_ROWS, registers / (left == Left.TABLED ? Math.max(2, wide) : 2));
    this.panels = (int) Math.max(1, ceil(m, most));
    this.rows = (int) Math.max(1, ceil(m, panels));
    this.lastRows = (int) Math.max(1, m - (long) (panels - 1) * rows);
    this.vectors = (int) Math.max(1, Math.min(Math.min(wide, registers / rows), ceil(n, lanes)));
    this.kBlocks = (int) Math.max(1, ceil(k, K_BLOCK));
    this.kBlock = (int) ceil(k, kBlocks);
    this.group = left == Left.SIDE_BY_SIDE && lanes % rows == 0 ? lanes / rows : 1;
    this.pitch = switch (left) {
      case SIDE_BY_SIDE -> 1;
      case TABLED -> MicroShape.TABLED;
      case ROWS -> kBlock <= 16 ? 24 : kBlock <= 64 ? 80 : K_BLOCK + 16;
    };
    this.groupShift = Integer.numberOfTrailingZeros(group);
    this.groupElements = group * rows * (isSideBySide() ? kBlock : pitch);
    this.kernels = new MicroKernel[4 * vectors];
    for (int v = 1; v <= vectors; v++) {
      for (int kind = 0; kind < 4; kind++) {
        int height = (kind & 2) == 0 ? rows : lastRows;
        // Accumulation happens only where k is cut.
        boolean accumulate = (kind & 1) == 1 && kBlocks > 1;
        kernels[4 * (v - 1) + kind] = MicroKernels.get(
            new MicroShape(type, height, v, pitch, kStep(), accumulate, indirect), vector);
      }
    }
  }

  /**
   * How many vectors side by side cut {@code all} into panels of much the same width: where single elements are read
   * through tables, a tile of two vectors reaches three quarters of what one of three or four does.
   */
  static int evenVectors(long all, int registers) {
    int widest = registers >= 24 ? 4 : 3;
    return (int) Math.clamp(ceil(all, Math.max(1, ceil(all, widest))), 1, widest);
  }

  static long ceil(long a, long b) {
    return (a + b - 1) / b;
  }

  /** Columns of a full tile. */
  int columns() {
    return vectors * lanes;
  }

  /** The kernel for {@code panel} and a tile of {@code vectors}. */
  MicroKernel kernel(int panel, int vectors, boolean accumulate) {
    return kernels[4 * (vectors - 1) + (panel == panels - 1 ? 2 : 0) + (accumulate ? 1 : 0)];
  }

  /** Says that lines of {@code n} columns will be multiplied soon: gets the micro-kernels for them ready. */
  void expect(long n) {
    int rest = (int) (ceil(n % columns(), lanes));
    for (int v : new int[]{n >= columns() ? vectors : 0, rest}) {
      for (int panel : new int[]{0, panels - 1}) {
        if (v > 0) {
          kernel(panel, v, true).expect();
          kernel(panel, v, false).expect();
        }
      }
    }
  }

  int rowsOf(int panel) {
    return panel == panels - 1 ? lastRows : rows;
  }

  /** Elements from one k of packed a to the next. */
  int kStep() {
    return isSideBySide() ? group * rows : 1;
  }

  boolean isSideBySide() {
    return pitch == 1;
  }

  /** Elements of {@code count} panels of packed a, from a group's first on, over one block of k. */
  int panelElements(int count) {
    return (count + group - 1 >> groupShift) * groupElements;
  }

  /** Where panel {@code panel} of those begins. */
  int panelAt(int panel) {
    return (panel >> groupShift) * groupElements + (panel & group - 1) * rows;
  }

  int kOf(int block) {
    return (int) Math.min(kBlock, k - (long) block * kBlock);
  }

  @Override
  public String toString() {
    return type + " " + rows + "x" + vectors * lanes + (vector ? "" : " scalar") + ", " + panels + " x " + kBlocks
        + " panels of a, " + (isSideBySide() ? "by columns" : pitch > 0 ? "by rows" : "through tables");
  }
}
