package org.lathe.backends.cpu;

import java.lang.System.Logger.Level;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs vector code in the background until the JIT compiler has compiled it. Code that uses the Vector API is thousands
 * of times slower while it is interpreted, so a scalar form that gives the same bits stands in for it until then.
 */
final class WarmUp {
  /** Set to {@code false} to use vector code at once. */
  static final String PROPERTY = "lathe.cpu.warmup";

  static final boolean ENABLED = !"false".equals(System.getProperty(PROPERTY));

  private static final System.Logger LOG = System.getLogger("org.lathe.backends.cpu");
  private static final int BATCH = 40;
  private static final int FAST_BATCHES = 3;
  /** More calls than the JIT counts before it compiles a method for good. */
  private static final int HOT_CALLS = 6000;

  private static final long PAUSE_NANOS = 3_000_000;
  private static final long LONGEST_NANOS = 10_000_000_000L;
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

  /**
   * Repeats {@code call} until it takes no longer than {@code nanos}, a few batches in a row; some seconds at most. Once
   * there were enough calls to ask for its compilation, leaves the processor to the compiler.
   */
  static void until(long nanos, Runnable call) {
    long start = System.nanoTime();
    int inARow = 0;
    long taken = 0;
    for (int batch = 0; inARow < FAST_BATCHES && System.nanoTime() - start < LONGEST_NANOS; batch++) {
      long before = System.nanoTime();
      for (int i = 0; i < BATCH; i++) {
        call.run();
      }
      taken = System.nanoTime() - before;
      boolean fast = taken <= BATCH * nanos;
      inARow = fast ? inARow + 1 : 0;
      if (!fast && batch * BATCH > HOT_CALLS) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
    if (inARow < FAST_BATCHES) {
      LOG.log(Level.DEBUG, "vector code is used though it is slow after {0} s of warm-up: {1} ns a call, not {2}",
          TimeUnit.NANOSECONDS.toSeconds(LONGEST_NANOS), taken / BATCH, nanos);
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
