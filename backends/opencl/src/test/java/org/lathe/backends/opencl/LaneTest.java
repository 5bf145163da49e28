package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lathe.backends.opencl.cl.ClContext;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.Gate;
import org.lathe.backends.opencl.cl.Handle;
import org.lathe.hal.device.Event;

/** What is under way, what has ended, and what has failed; PoCL aborts the process where a command fails. */
class LaneTest {
  private final long handles = Handle.open();
  private final List<ClException> failures = new ArrayList<>();
  private final List<Mark> marks = new CopyOnWriteArrayList<>();
  private ClContext context;
  private Lane lane;

  /** An end that comes when the test says so. */
  private static final class Mark implements Lane.End {
    final CompletableFuture<Boolean> ended = new CompletableFuture<>();
    int closed;

    @Override
    public void await() {
      try {
        ended.join();
      } catch (CompletionException e) {
        throw (ClException) e.getCause();
      }
    }

    @Override
    public boolean isDone() {
      if (ended.isDone()) {
        await();
      }
      return ended.isDone();
    }

    @Override
    public void close() {
      closed++;
    }

    void fail(int status) {
      ended.completeExceptionally(new ClException("clWaitForEvents", status));
    }
  }

  @BeforeEach
  void open() {
    context = ClContext.of(Devices.found().getFirst());
    lane = new Lane(0, context.queue(false), () -> {
      Mark mark = new Mark();
      marks.add(mark);
      return mark;
    }, failures::add);
  }

  @AfterEach
  void everyMarkIsGivenBackOnce() {
    lane.close();
    context.close();
    assertEquals(handles, Handle.open(), "objects of the driver that were left open");
    assertTrue(marks.stream().allMatch(m -> m.closed == 1));
  }

  /** A run of so many launches. */
  private long run(int launches) {
    lane.begin();
    for (int i = 0; i < launches; i++) {
      lane.launched();
    }
    return lane.end();
  }

  @Test
  void ticketsRiseAndEnd() {
    assertEquals(0, run(0));
    long first = run(1);
    long second = run(3);
    assertTrue(first < second);
    assertEquals(second, run(0), "nothing new was enqueued");
    assertFalse(lane.isDone(first));
    marks.get(0).ended.complete(true);
    assertTrue(lane.isDone(first));
    assertFalse(lane.isDone(second));
    marks.get(1).ended.complete(true);
    lane.await(second);
    lane.await(first);
    assertEquals(List.of(), failures);
  }

  @Test
  void threadsWaitForDifferentRuns() throws Exception {
    long first = run(1);
    long second = run(1);
    AtomicInteger ended = new AtomicInteger();
    List<Thread> waiting = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      long ticket = i % 2 == 0 ? first : second;
      waiting.add(Thread.ofPlatform().start(() -> {
        lane.await(ticket);
        ended.incrementAndGet();
      }));
    }
    run(1);
    assertEquals(0, ended.get(), "who waits does not hold up who enqueues");
    marks.forEach(m -> m.ended.complete(true));
    for (Thread t : waiting) {
      t.join();
    }
    assertEquals(6, ended.get());
  }

  @Test
  void onlySoMuchIsUnderWay() throws Exception {
    Thread worker = Thread.ofPlatform().start(() -> run(100_000));
    while (worker.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertEquals(9, marks.size(), "checkpoints of 256 launches each");
    for (int i = 0; worker.isAlive(); i++) {
      while (worker.isAlive() && marks.size() <= i) {
        Thread.onSpinWait();
      }
      if (i < marks.size()) {
        marks.get(i).ended.complete(true);
      }
    }
    assertEquals(100_000 / 256 + 1, marks.size());
    marks.forEach(m -> m.ended.complete(true));
    for (int i = 0; i < 64; i++) {
      run(1);
    }
    assertFalse(lane.isDone(100_000 / 256 + 2));
  }

  @Test
  void aFailureConcernsWhatWasUnderWay() {
    long good = run(1);
    marks.get(0).ended.complete(true);
    lane.await(good);
    long bad = run(1);
    long after = run(1);
    marks.get(1).fail(-5);
    ClException e = assertThrows(ClException.class, () -> lane.await(bad));
    assertTrue(e.isOfWaiting(), e.getMessage());
    assertThrows(ClException.class, () -> lane.await(bad), "it stays failed");
    assertTrue(lane.isDone(bad), "it has ended, though badly");
    lane.await(good);
    marks.get(2).ended.complete(true);
    lane.await(after);
    assertEquals(1, failures.size());
  }

  @Test
  void whoOnlyLooksSeesAFailureAsAnEnd() {
    long bad = run(1);
    marks.get(0).fail(-14);
    assertTrue(lane.isDone(bad));
    assertEquals(1, failures.size());
    assertThrows(ClException.class, () -> lane.await(bad));
  }

  /** With ends as the driver tells them. */
  @Test
  void eventsTellWhetherTheyAreDone() {
    try (Lane real = new Lane(1, context.queue(false), failures::add)) {
      real.begin();
      Gate gate = Gate.before(context, real.queue());
      real.launched();
      Event event = real.event(real.end(), e -> {
        throw e;
      });
      boolean early = event.isDone();
      gate.open();
      assertFalse(early, "what comes before it was held back");
      while (!event.isDone()) {
        Thread.onSpinWait();
      }
      event.await();
    }
    assertEquals(List.of(), failures);
  }
}
