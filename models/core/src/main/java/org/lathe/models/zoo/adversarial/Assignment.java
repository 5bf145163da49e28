package org.lathe.models.zoo.adversarial;

/**
 * The one-to-one assignment of codes to classes under which most examples agree.
 *
 * @param classOf the class of each code
 * @param agreed how many examples have the class of their code
 */
record Assignment(int[] classOf, long agreed) {
  private static final int MOST = 16;

  /**
   * The best of all, exactly, by sums over sets of classes.
   *
   * @param counts [codes][classes], square: how many examples of this code are of this class
   */
  static Assignment best(long[][] counts) {
    int n = counts.length;
    if (n > MOST) {
      throw new IllegalArgumentException("at most " + MOST + " codes can be assigned, not " + n);
    }
    // sums[set]: the best of the first |set| codes with the classes of the set.
    long[] sums = new long[1 << n];
    int[] last = new int[1 << n];
    for (int set = 1; set < 1 << n; set++) {
      int code = Integer.bitCount(set) - 1;
      sums[set] = -1;
      for (int k = 0; k < n; k++) {
        if ((set >> k & 1) == 1 && sums[set ^ 1 << k] + counts[code][k] > sums[set]) {
          sums[set] = sums[set ^ 1 << k] + counts[code][k];
          last[set] = k;
        }
      }
    }
    int[] classOf = new int[n];
    int set = (1 << n) - 1;
    for (int code = n - 1; code >= 0; code--) {
      classOf[code] = last[set];
      set ^= 1 << last[set];
    }
    return new Assignment(classOf, sums[(1 << n) - 1]);
  }
}
