package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Runs a kernel with a number of workers, each a thread of its own. */
final class TestRun implements Run {
  private final AtomicInteger task;
  private final CyclicBarrier barrier;
  private final long shared;
  private final long[] scratch;
  private final long[][] longs;

  private TestRun(Kernel kernel, int workers, Arena arena) {
    task = new AtomicInteger(workers);
    barrier = new CyclicBarrier(workers, () -> task.set(workers));
    shared = poisoned(arena, kernel.sharedScratch());
    scratch = new long[workers];
    longs = new long[workers][kernel.scratchLongs()];
    for (int w = 0; w < workers; w++) {
      scratch[w] = poisoned(arena, kernel.workerScratch());
      java.util.Arrays.fill(longs[w], 0x5555_5555_5555L);
    }
  }

  private static long poisoned(Arena arena, long bytes) {
    long at = arena.allocate(bytes + 64, 64).address();
    Memory.fill(at, bytes + 64, (byte) 0xff);
    return at;
  }

  static void run(Kernel kernel, long[] operands, int workers) {
    try (Arena arena = Arena.ofShared()) {
      TestRun run = new TestRun(kernel, workers, arena);
      AtomicReference<Throwable> failure = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (int w = 0; w < workers; w++) {
        int worker = w;
        Runnable part = () -> {
          try {
            kernel.part(operands, run, worker, workers);
          } catch (Throwable t) {
            failure.compareAndSet(null, t);
            run.barrier.reset();
          }
        };
        if (workers == 1) {
          part.run();
        } else {
          Thread t = new Thread(part);
          threads.add(t);
          t.start();
        }
      }
      for (Thread t : threads) {
        t.join();
      }
      if (failure.get() != null) {
        throw new AssertionError(failure.get());
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void barrier() {
    try {
      barrier.await();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public int firstTask(int worker) {
    return worker;
  }

  @Override
  public int nextTask() {
    return task.getAndIncrement();
  }

  @Override
  public long sharedScratch() {
    return shared;
  }

  @Override
  public long workerScratch(int worker) {
    return scratch[worker];
  }

  @Override
  public long[] longs(int worker) {
    return longs[worker];
  }
}
