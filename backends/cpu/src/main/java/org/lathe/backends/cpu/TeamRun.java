package org.lathe.backends.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Array;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;

/** The barrier, task counter and scratch memory of one command buffer, for one kernel after the other. */
final class TeamRun implements Run {
  private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int LINE = 16;
  private static final int ARRIVED = LINE;
  private static final int GENERATION = 2 * LINE;
  private static final int TASK = 3 * LINE;

  private final ThreadTeam team;
  private final long[] cells = new long[5 * LINE];
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final long sharedScratch;
  private final long workerScratch;
  private final long workerStride;
  private final long[][] longs;
  private final long[][] indices;
  /** By the ordinal of the element type; null where no kernel asks for it. */
  private final @Nullable Object[] sharedArrays = new Object[DType.values().length];

  private final Object[][] workerArrays;
  private final boolean keeps;
  private boolean packed;
  private int workers = 1;
  private Thread caller = Thread.currentThread();
  private long waited;

  /**
   * @param workerScratch the address of the first worker's memory
   * @param workerStride the bytes from one worker's memory to the next
   */
  TeamRun(
      ThreadTeam team, int workers, long sharedScratch, long workerScratch, long workerStride, int scratchLongs) {
    this.team = team;
    this.keeps = false;
    this.sharedScratch = sharedScratch;
    this.workerScratch = workerScratch;
    this.workerStride = workerStride;
    // Padded, so that no two workers write to one cache line.
    this.longs = new long[workers][scratchLongs + LINE];
    this.indices = new long[workers][MAX_RANK + LINE];
    this.workerArrays = new Object[workers][DType.values().length];
  }

  /** With shared scratch of its own, and all else of {@code other}. */
  private TeamRun(TeamRun other, long sharedScratch) {
    this.team = other.team;
    this.keeps = true;
    this.sharedScratch = sharedScratch;
    this.workerScratch = other.workerScratch;
    this.workerStride = other.workerStride;
    this.longs = other.longs;
    this.indices = other.indices;
    this.workerArrays = other.workerArrays;
  }

  /**
   * One for a single kernel, whose shared scratch stays as the kernel leaves it. Not to be used at the same time as this.
   *
   * @param sharedScratch the address of its shared memory
   */
  TeamRun keeping(Kernel kernel, long sharedScratch) {
    TeamRun own = new TeamRun(this, sharedScratch);
    HeapScratch heap = kernel.heapScratch();
    int type = heap.type().ordinal();
    own.sharedArrays[type] = kernel.keepsArray() && heap.shared() > 0
        ? HeapScratch.array(heap.type(), heap.shared())
        : sharedArrays[type];
    return own;
  }

  void setPacked(boolean packed) {
    this.packed = packed;
  }

  @Override
  public boolean isPacked() {
    return packed;
  }

  /** Makes room on the heap for kernels that ask for it. */
  void reserve(HeapScratch heap) {
    int type = heap.type().ordinal();
    sharedArrays[type] = grown(sharedArrays[type], heap.type(), heap.shared());
    for (Object[] arrays : workerArrays) {
      arrays[type] = grown(arrays[type], heap.type(), heap.each());
    }
  }

  private static @Nullable Object grown(@Nullable Object present, DType type, int length) {
    int has = present == null ? 0 : Array.getLength(present);
    return has >= length ? present : HeapScratch.array(type, length);
  }

  void begin(int workers) {
    this.workers = workers;
    caller = Thread.currentThread();
    waited = 0;
    cells[ARRIVED] = 0;
    cells[TASK] = workers;
  }

  /** For how long the calling thread has waited in barriers since {@link #begin}, beyond a first short while. */
  long waitedNanos() {
    return waited;
  }

  /** Runs all of a kernel in the calling thread. */
  void alone(Kernel kernel, long[] operands) {
    workers = 1;
    cells[TASK] = 1;
    kernel.part(operands, this, 0, 1);
  }

  @Override
  public void barrier() {
    if (workers == 1) {
      cells[TASK] = 1;
      return;
    }
    long generation = (long) CELL.getAcquire(cells, GENERATION);
    if ((long) CELL.getAndAdd(cells, ARRIVED, 1L) == workers - 1) {
      cells[ARRIVED] = 0;
      cells[TASK] = workers;
      CELL.setRelease(cells, GENERATION, generation + 1);
      return;
    }
    long yielding = 0;
    for (int i = 0; (long) CELL.getAcquire(cells, GENERATION) == generation; i++) {
      if (failure.get() != null) {
        throw PeerFailure.INSTANCE;
      }
      if (i == team.spins()) {
        yielding = System.nanoTime();
      }
      team.pause(i);
    }
    if (yielding != 0 && Thread.currentThread() == caller) {
      waited += System.nanoTime() - yielding;
    }
  }

  @Override
  public int firstTask(int worker) {
    return worker;
  }

  @Override
  public int nextTask() {
    return workers == 1 ? (int) cells[TASK]++ : (int) (long) CELL.getAndAdd(cells, TASK, 1L);
  }

  @Override
  public boolean keeps() {
    return keeps;
  }

  @Override
  public long sharedScratch() {
    return sharedScratch;
  }

  @Override
  public long workerScratch(int worker) {
    return workerScratch + worker * workerStride;
  }

  @Override
  public long[] longs(int worker) {
    return longs[worker];
  }

  @Override
  public long[] index(int worker) {
    return indices[worker];
  }

  @Override
  public Object sharedArray(DType type) {
    return sharedArrays[type.ordinal()];
  }

  @Override
  public Object workerArray(int worker, DType type) {
    return workerArrays[worker][type.ordinal()];
  }

  /** Records what a worker threw; the first one counts. The others leave their barriers. */
  void fail(Throwable thrown) {
    failure.compareAndSet(null, thrown);
  }

  /** Throws what a worker threw, if any did. */
  void throwFailure() {
    Throwable thrown = failure.get();
    if (thrown == null) {
      return;
    }
    failure.set(null);
    switch (thrown) {
      case Error e -> throw e;
      case RuntimeException e -> throw e;
      default -> throw new IllegalStateException(thrown);
    }
  }

  /** Leads a worker out of a barrier that will never open. Never seen by a caller: the peer's failure came first. */
  private static final class PeerFailure extends RuntimeException {
    private static final long serialVersionUID = 1;
    static final PeerFailure INSTANCE = new PeerFailure();

    private PeerFailure() {
      super("another worker failed", null, false, false);
    }
  }
}
