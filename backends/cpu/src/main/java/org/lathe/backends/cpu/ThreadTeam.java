package org.lathe.backends.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads of the CPU backend: persistent daemons, with the calling thread as worker 0.
 *
 * <p>Work is handed over by an epoch number that the workers watch: they spin for some tens of microseconds, ten times as
 * long while a caller holds the team, then park. To wake a thread takes about as long as they spin at first; where they
 * parked during each small kernel that the caller runs alone, a Transformer's step took twice its time. A hand-over to
 * spinning workers and the wait for their end cost a few hundred nanoseconds and allocate nothing. One caller holds the team
 * at a time; another that comes meanwhile finds it taken and runs alone. So does a caller on a machine so busy that the
 * workers seldom run together.
 */
final class ThreadTeam implements AutoCloseable {
  /** How many threads work, the caller included. */
  static final String PROPERTY = "lathe.cpu.threads";

  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
  // One cache line (and its prefetched neighbour) for each cell that different threads write.
  private static final int LINE = 16;
  private static final int STATE = LINE;
  private static final int PENDING = 2 * LINE;
  private static final int PARKED = 3 * LINE;
  private static final int WORKER_BITS = 16;
  /** How many times longer a worker spins within a run, where more work is likely to come. */
  private static final int HELD = 10;
  private static final long CLOSED = (1 << WORKER_BITS) - 1;

  private final int size;
  private final int spins;
  private final Thread[] threads;
  private final long[] cells;
  private final AtomicBoolean taken = new AtomicBoolean();
  private final Crowding crowding = new Crowding();
  private boolean started;
  private boolean closed;

  // The work of the present epoch: written before the state is published, read by its workers after they saw it.
  private @Nullable Kernel kernel;
  private long @Nullable [] operands;
  private @Nullable TeamRun run;

  ThreadTeam(int size) {
    if (size < 1 || size >= CLOSED) {
      throw new IllegalArgumentException("a team of " + size + " threads; " + PROPERTY + " must be at least 1");
    }
    this.size = size;
    this.spins = size <= Runtime.getRuntime().availableProcessors() ? 2000 : 20;
    this.threads = new Thread[size];
    this.cells = new long[PARKED + LINE * (size + 1)];
  }

  /** The team of the process. */
  static ThreadTeam shared() {
    return Shared.TEAM;
  }

  private static final class Shared {
    static final ThreadTeam TEAM = new ThreadTeam(
        Integer.getInteger(PROPERTY, Runtime.getRuntime().availableProcessors()));
  }

  /** The number of workers, the caller included. */
  int size() {
    return size;
  }

  /** How often a waiting thread looks before it gives its core away. */
  int spins() {
    return spins;
  }

  /** Takes the team for the calling thread, until {@link #leave}; false if another has it. */
  boolean enter() {
    return size > 1 && !taken.get() && taken.compareAndSet(false, true);
  }

  /** The same, but false also while other programs use the cores so much that one thread is faster than several. */
  boolean enterIfWorthwhile() {
    if (!enter()) {
      return false;
    }
    if (crowding.isCrowded()) {
      leave();
      return false;
    }
    return true;
  }

  void leave() {
    taken.set(false);
  }

  /**
   * Runs all parts of a kernel and waits for their end. The caller has {@link #enter entered}.
   *
   * @throws RuntimeException what the first failing worker threw
   */
  void run(Kernel kernel, long[] operands, TeamRun run, int workers) {
    if (!started) {
      start();
    }
    long start = System.nanoTime();
    run.begin(workers);
    this.kernel = kernel;
    this.operands = operands;
    this.run = run;
    CELL.setRelease(cells, PENDING, (long) workers - 1);
    publish(workers, workers);
    try {
      kernel.part(operands, run, 0, workers);
    } catch (RuntimeException | Error e) {
      run.fail(e);
    }
    long yielding = 0;
    for (int i = 0; (long) CELL.getAcquire(cells, PENDING) != 0; i++) {
      if (i == spins) {
        yielding = System.nanoTime();
      }
      pause(i);
    }
    long end = System.nanoTime();
    crowding.note(end - start, run.waitedNanos() + (yielding == 0 ? 0 : end - yielding));
    this.kernel = null;
    this.operands = null;
    this.run = null;
    run.throwFailure();
  }

  private void publish(long mark, int wake) {
    long epoch = ((long) CELL.get(cells, STATE) >>> WORKER_BITS) + 1;
    CELL.setVolatile(cells, STATE, epoch << WORKER_BITS | mark);
    for (int w = 1; w < wake; w++) {
      if ((long) CELL.getVolatile(cells, PARKED + LINE * w) != 0) {
        LockSupport.unpark(threads[w]);
      }
    }
  }

  /** Waits a little, for the {@code i}th time in a row. */
  void pause(int i) {
    if (i < spins) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }

  private synchronized void start() {
    if (closed) {
      throw new IllegalStateException("the thread team is closed");
    }
    for (int w = 1; w < size; w++) {
      int worker = w;
      threads[w] = Thread.ofPlatform().name("lathe-cpu-" + w).daemon().unstarted(() -> work(worker));
    }
    for (int w = 1; w < size; w++) {
      threads[w].start();
    }
    started = true;
  }

  private void work(int worker) {
    long seen = 0;
    while (true) {
      long state = next(seen, worker);
      seen = state;
      long workers = state & CLOSED;
      if (workers == CLOSED) {
        return;
      }
      if (worker < workers) {
        part(worker, (int) workers);
        CELL.getAndAddRelease(cells, PENDING, -1L);
      }
    }
  }

  private void part(int worker, int workers) {
    Kernel k = kernel;
    long[] o = operands;
    TeamRun r = run;
    if (k == null || o == null || r == null) {
      throw new IllegalStateException("worker " + worker + " was woken without work");
    }
    try {
      k.part(o, r, worker, workers);
    } catch (RuntimeException | Error e) {
      r.fail(e);
    }
  }

  /** Waits for a state other than {@code seen}. */
  private long next(long seen, int worker) {
    for (int i = 0; i < spins || i < HELD * spins && taken.get(); i++) {
      long state = (long) CELL.getAcquire(cells, STATE);
      if (state != seen) {
        return state;
      }
      Thread.onSpinWait();
    }
    int parked = PARKED + LINE * worker;
    CELL.setVolatile(cells, parked, 1L);
    long state;
    while ((state = (long) CELL.getVolatile(cells, STATE)) == seen) {
      LockSupport.park(this);
    }
    CELL.setVolatile(cells, parked, 0L);
    return state;
  }

  /** Ends the threads of a team that nobody holds. */
  @Override
  public synchronized void close() {
    if (!closed && started) {
      publish(CLOSED, size);
    }
    closed = true;
    started = false;
  }
}
