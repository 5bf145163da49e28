package org.lathe.backends.cpu;

import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gets the vector forms of loops compiled, on a thread of its own, while the kernels still use the scalar forms.
 *
 * <p>The JIT counts calls: many calls that do nothing cost next to nothing, and between them a few with points on memory
 * that no one else uses fill the profile. A form counts as hot when it is as fast as only compiled code without boxed
 * vectors can be. A form that does not get there within a minute stays unused.
 */
final class LoopWarmer implements Runnable {
  private static final System.Logger LOG = System.getLogger("org.lathe.backends.cpu");
  // One call in 250 does real work: where it was one in 2,500, C2 took the loops for cold, compiled them without their
  // intrinsics, and softmax over rows stayed scalar or boxed 75 MB a step.
  private static final int ITERATIONS = 16;
  private static final int EMPTY_CALLS = 250;
  private static final int FAST_IN_A_ROW = 3;
  private static final long OPERATION_NANOSECONDS = 6;
  private static final long ITERATION_NANOSECONDS = 60;
  private static final long PATIENCE_NANOSECONDS = TimeUnit.SECONDS.toNanos(60);
  private static final long PAUSE_MILLISECONDS = 1;
  private static final long IDLE_MILLISECONDS = 5_000;
  /** Room for the points of one call, or the lanes of a fold, of any type. */
  private static final long SLOT_BYTES = ITERATIONS * LoopSpec.LANES * 8L;

  private static final LoopWarmer INSTANCE = new LoopWarmer();

  private final Deque<VectorLoop> requests = new ArrayDeque<>();
  private @Nullable Thread thread;

  private LoopWarmer() {}

  private static final class Candidate {
    final VectorLoop loop;
    final long[] a;
    final long since = System.nanoTime();
    int fast;

    Candidate(VectorLoop loop, Arena arena) {
      this.loop = loop;
      a = new long[loop.slots()];
      for (int k = 0; k < a.length; k++) {
        a[k] = arena.allocate(SLOT_BYTES, 64).address();
      }
    }
  }

  /** Asks that a loop's vector form be compiled. Generated code calls this once a loop has proved to be used. */
  static void request(VectorLoop loop) {
    INSTANCE.add(loop);
  }

  private synchronized void add(VectorLoop loop) {
    requests.add(loop);
    if (thread == null) {
      thread = new Thread(this, "lathe-loop-warmer");
      thread.setDaemon(true);
      thread.start();
    }
    notifyAll();
  }

  /** The next requests, or null if there were none for a while and the thread is to end. */
  private synchronized @Nullable List<VectorLoop> take(boolean wait) throws InterruptedException {
    if (wait && requests.isEmpty()) {
      wait(IDLE_MILLISECONDS);
      if (requests.isEmpty()) {
        thread = null;
        return null;
      }
    }
    List<VectorLoop> taken = new ArrayList<>(requests);
    requests.clear();
    return taken;
  }

  @Override
  public void run() {
    try {
      for (List<VectorLoop> next = take(true); next != null; next = take(true)) {
        try (Arena arena = Arena.ofShared()) {
          warm(next, arena);
        }
      }
    } catch (InterruptedException e) {
      synchronized (this) {
        thread = null;
      }
    }
  }

  private void warm(List<VectorLoop> first, Arena arena) throws InterruptedException {
    List<Candidate> candidates = new ArrayList<>();
    List<VectorLoop> next = first;
    while (true) {
      if (next != null) {
        next.forEach(l -> candidates.add(new Candidate(l, arena)));
      }
      for (Iterator<Candidate> i = candidates.iterator(); i.hasNext();) {
        if (isDone(i.next())) {
          i.remove();
        }
      }
      if (candidates.isEmpty()) {
        return;
      }
      Thread.sleep(PAUSE_MILLISECONDS);
      next = take(false);
    }
  }

  private static boolean isDone(Candidate c) {
    VectorLoop loop = c.loop;
    long start = System.nanoTime();
    loop.vector(c.a, ITERATIONS * loop.step());
    long taken = System.nanoTime() - start;
    if (taken < ITERATIONS * (ITERATION_NANOSECONDS + OPERATION_NANOSECONDS * loop.operations())) {
      if (++c.fast == FAST_IN_A_ROW) {
        loop.setHot();
        return true;
      }
      return false;
    }
    c.fast = 0;
    for (int i = 0; i < EMPTY_CALLS; i++) {
      loop.vector(c.a, -1);
    }
    if (start - c.since > PATIENCE_NANOSECONDS) {
      LOG.log(Level.DEBUG, "a loop of {0} vector operations stays scalar: compiled, it takes {1} ns an iteration",
          loop.operations(), taken / ITERATIONS);
      return true;
    }
    return false;
  }
}
