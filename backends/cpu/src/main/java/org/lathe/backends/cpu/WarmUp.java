package org.lathe.backends.cpu;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Runs vector code in the background until the JIT compiler has compiled it. Code that uses the Vector API is thousands
 * of times slower while it is interpreted, so a scalar form that gives the same bits stands in for it until then.
 */
final class WarmUp {
  /** Set to {@code false} to use vector code at once. */
  static final String PROPERTY = "lathe.cpu.warmup";

  static final boolean ENABLED = !"false".equals(System.getProperty(PROPERTY));

  private static final int BATCH = 40;
  private static final int FAST_BATCHES = 3;
  private static final long LONGEST_NANOS = 5_000_000_000L;
  private static final BlockingQueue<Runnable> QUEUE = new LinkedBlockingQueue<>();

  static {
    Thread.ofPlatform().name("lathe-cpu-warmup").daemon().start(WarmUp::work);
  }

  private WarmUp() {}

  /** Runs {@code task} after those before it, in the warm-up thread. */
  static void later(Runnable task) {
    QUEUE.add(task);
  }

  private static void work() {
    try {
      while (true) {
        QUEUE.take().run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Repeats {@code call} until it takes no longer than {@code nanos}, a few batches in a row; some seconds at most. */
  static void until(long nanos, Runnable call) {
    long start = System.nanoTime();
    int inARow = 0;
    while (inARow < FAST_BATCHES && System.nanoTime() - start < LONGEST_NANOS) {
      long before = System.nanoTime();
      for (int i = 0; i < BATCH; i++) {
        call.run();
      }
      inARow = System.nanoTime() - before <= BATCH * nanos ? inARow + 1 : 0;
    }
  }

  /** Turns true once some code, which the first question asks for, has been warmed up. */
  static final class Flag {
    private final Runnable warm;
    private boolean wanted;
    private boolean ready = !ENABLED;

    Flag(Runnable warm) {
      this.warm = warm;
    }

    boolean now() {
      if (!ready && !wanted) {
        wanted = true;
        later(
            () -> {
              warm.run();
              ready = true;
            });
      }
      return ready;
    }
  }
}
