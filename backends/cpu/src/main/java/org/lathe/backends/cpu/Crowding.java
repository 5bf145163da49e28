package org.lathe.backends.cpu;

/**
 * Notices that other programs keep the team's threads from running together: then the caller mostly waits for a worker
 * that has no core, and is faster alone. Used by one thread at a time.
 */
final class Crowding {
  // Long enough that a worker which loses its core once, for some milliseconds, does not decide.
  private static final long WINDOW_NANOS = 12_000_000;
  private static final int WINDOW_RUNS = 8;
  private static final long SHORTEST_NANOS = 20_000_000;
  private static final long LONGEST_NANOS = 400_000_000;

  private long total;
  private long waited;
  private int runs;
  private long period = SHORTEST_NANOS;
  private long aloneUntil;
  private boolean alone;

  /**
   * Takes note of one run of the team.
   *
   * @param nanos how long it took
   * @param waiting for how much of that the caller waited for the others, beyond a first short while
   */
  void note(long nanos, long waiting) {
    total += nanos;
    waited += waiting;
    if (++runs < WINDOW_RUNS || total < WINDOW_NANOS) {
      return;
    }
    // A fair share of waiting is below a half: two workers, one of which has nothing to do for half of the time.
    if (waited > total / 10 * 6) {
      alone = true;
      aloneUntil = System.nanoTime() + period;
      period = Math.min(LONGEST_NANOS, 2 * period);
    } else {
      period = SHORTEST_NANOS;
    }
    total = 0;
    waited = 0;
    runs = 0;
  }

  /** Whether the caller had better work alone for now. */
  boolean isCrowded() {
    if (alone && System.nanoTime() - aloneUntil >= 0) {
      alone = false;
    }
    return alone;
  }
}
