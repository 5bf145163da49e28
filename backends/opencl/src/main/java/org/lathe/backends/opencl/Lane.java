package org.lathe.backends.opencl;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClEvent;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClQueue;
import org.lathe.hal.device.Event;

/**
 * A queue in order, for the threads that share it: what a thread enqueues follows what it enqueued before.
 *
 * <p>Work is counted in launches and marked by checkpoints. Only so much is under way at once: a thread that enqueues more
 * waits for the oldest, so that neither the driver's memory nor the time to wait for grows without bound. A checkpoint's
 * event goes back to the driver as soon as a later look finds it done; nobody has to wait for it.
 */
final class Lane implements AutoCloseable {
  /** Launches between two checkpoints of one run. */
  private static final int STRIDE = 256;
  /** Launches, and checkpoints, under way at most. */
  private static final int MOST_LAUNCHES = 2048;
  private static final int MOST_CHECKPOINTS = 64;

  /** The end of everything enqueued so far. */
  interface End {
    /** @throws ClException if something failed */
    void await();

    /** @throws ClException if something failed */
    boolean isDone();

    void close();
  }

  /** An end as the queue marks it. */
  private record Marker(ClEvent event) implements End {
    @Override
    public void await() {
      event.await();
    }

    @Override
    public boolean isDone() {
      return event.isDone();
    }

    @Override
    public void close() {
      event.close();
    }
  }

  /** The end of everything enqueued up to {@code ticket}. Guarded by {@link #checkpoints}. */
  private static final class Checkpoint {
    final long ticket;
    final int launches;
    final End end;
    int waiters;
    boolean retired;

    Checkpoint(long ticket, int launches, End end) {
      this.ticket = ticket;
      this.launches = launches;
      this.end = end;
    }
  }

  private final int number;
  private final ClQueue queue;
  private final Supplier<End> marks;
  private final Consumer<ClException> failed;
  private final ReentrantLock enqueuing = new ReentrantLock();
  /** Oldest first; also the monitor of what follows. */
  private final Deque<Checkpoint> checkpoints = new ArrayDeque<>();
  private int launchesUnderWay;
  private @Nullable ClException failure;
  /** The tickets that the failure concerns: above the first of these, up to the second. */
  private long failedAfter;
  private long failedUntil;
  /** Guarded by {@link #enqueuing}. */
  private long issued;
  private int launchesSinceCheckpoint;
  private volatile long completed;

  /** @param failed is told of commands that failed */
  Lane(int number, ClQueue queue, Consumer<ClException> failed) {
    this(number, queue, () -> {
      End end = new Marker(queue.marker());
      queue.flush();
      return end;
    }, failed);
  }

  /** @param marks marks the end of what was enqueued so far */
  Lane(int number, ClQueue queue, Supplier<End> marks, Consumer<ClException> failed) {
    this.number = number;
    this.queue = queue;
    this.marks = marks;
    this.failed = failed;
  }

  int number() {
    return number;
  }

  /** Commands that belong together, such as a run. Between {@link #begin} and {@link #end} the lane is the thread's. */
  void begin() {
    enqueuing.lock();
  }

  /** For commands between {@link #begin} and {@link #end}. */
  ClQueue queue() {
    return queue;
  }

  /** Counts a launch that was enqueued, and waits where too many are under way. */
  void launched() {
    if (++launchesSinceCheckpoint >= STRIDE) {
      checkpoint();
    }
  }

  /** Ends what {@link #begin} began, also after a failure. @return the ticket for everything enqueued */
  long end() {
    try {
      return launchesSinceCheckpoint == 0 ? issued : checkpoint();
    } finally {
      enqueuing.unlock();
    }
  }

  /** Waits for everything that was enqueued, between {@link #begin} and {@link #end}. */
  void drain() {
    await(launchesSinceCheckpoint == 0 ? issued : checkpoint());
  }

  private long checkpoint() {
    End end = marks.get();
    long ticket = ++issued;
    long oldest = 0;
    synchronized (checkpoints) {
      checkpoints.add(new Checkpoint(ticket, launchesSinceCheckpoint, end));
      launchesUnderWay += launchesSinceCheckpoint;
      retireFinished();
      if (launchesUnderWay > MOST_LAUNCHES || checkpoints.size() > MOST_CHECKPOINTS) {
        oldest = ticket - checkpoints.size() / 2;
      }
    }
    launchesSinceCheckpoint = 0;
    if (oldest > 0) {
      await(oldest);
    }
    return ticket;
  }

  /** Looks at the oldest checkpoints without waiting. */
  private void retireFinished() {
    Checkpoint oldest = checkpoints.peek();
    while (oldest != null && oldest.waiters == 0 && isDone(oldest)) {
      retire(oldest.ticket);
      oldest = checkpoints.peek();
    }
  }

  private boolean isDone(Checkpoint c) {
    try {
      return c.end.isDone();
    } catch (ClException e) {
      fail(e, c.ticket);
      return true;
    }
  }

  /** Something up to {@code ticket} has failed that was not known to be done. Guarded by {@link #checkpoints}. */
  private void fail(ClException e, long ticket) {
    if (ticket <= completed) {
      return;
    }
    if (failure == null || completed > failedUntil) {
      failure = e;
      failedAfter = completed;
    }
    failedUntil = ticket;
    failed.accept(e);
  }

  /** Everything up to {@code ticket} has ended. Guarded by {@link #checkpoints}. */
  private void retire(long ticket) {
    Iterator<Checkpoint> oldest = checkpoints.iterator();
    List<End> done = new ArrayList<>();
    while (oldest.hasNext()) {
      Checkpoint c = oldest.next();
      if (c.ticket > ticket) {
        break;
      }
      oldest.remove();
      launchesUnderWay -= c.launches;
      c.retired = true;
      if (c.waiters == 0) {
        done.add(c.end);
      }
    }
    completed = Math.max(completed, ticket);
    done.forEach(End::close);
  }

  boolean isDone(long ticket) {
    if (completed >= ticket) {
      return true;
    }
    synchronized (checkpoints) {
      retireFinished();
    }
    return completed >= ticket;
  }

  /**
   * Waits until everything up to {@code ticket} has ended. Does not hold up threads that enqueue.
   *
   * @throws ClException if something failed that had not ended when it was last looked at
   */
  void await(long ticket) {
    if (completed < ticket) {
      waitFor(ticket);
    }
    synchronized (checkpoints) {
      if (failure != null && failedAfter < ticket && ticket <= failedUntil) {
        throw failure;
      }
    }
  }

  private void waitFor(long ticket) {
    Checkpoint awaited = null;
    synchronized (checkpoints) {
      for (Checkpoint c : checkpoints) {
        if (c.ticket >= ticket) {
          awaited = c;
          awaited.waiters++;
          break;
        }
      }
    }
    if (awaited == null) {
      return; // another thread found it done meanwhile
    }
    ClException failed = null;
    try {
      awaited.end.await();
    } catch (ClException e) {
      failed = e;
    }
    synchronized (checkpoints) {
      awaited.waiters--;
      if (failed != null) {
        fail(failed, awaited.ticket);
      }
      if (!awaited.retired) {
        retire(awaited.ticket);
      } else if (awaited.waiters == 0) {
        awaited.end.close();
      }
    }
  }

  /** The end of what {@link #end} gave a ticket for. */
  Event event(long ticket, Consumer<ClException> thrower) {
    return new Event() {
      @Override
      public void await() {
        try {
          Lane.this.await(ticket);
        } catch (ClException e) {
          thrower.accept(e);
        }
      }

      @Override
      public boolean isDone() {
        return Lane.this.isDone(ticket);
      }
    };
  }

  /** Waits for everything under way, whether it fails or not, and gives the queue back. */
  @Override
  public void close() {
    begin();
    try {
      queue.finish();
    } catch (ClException e) {
      synchronized (checkpoints) {
        fail(e, issued);
      }
    } finally {
      synchronized (checkpoints) {
        retire(issued);
      }
      enqueuing.unlock();
    }
    queue.close();
  }
}
