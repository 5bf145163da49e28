package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lathe.backends.opencl.Programs.add;
import static org.lathe.backends.opencl.Programs.at;
import static org.lathe.backends.opencl.Programs.floats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.backends.opencl.cl.Handle;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.device.Peaks;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Step;

/** Runs: order, bounds on what is under way, threads, failures. What every device must do is tested by conformance. */
class RunTest {
  private final long handles = Handle.open();

  @BeforeEach
  void thereIsADevice() {
    Devices.found();
  }

  @AfterEach
  void everythingIsGivenBack() {
    assertEquals(handles, Handle.open(), "objects of the driver that were left open");
  }

  private static float[] filled(int n, float value) {
    float[] values = new float[n];
    Arrays.fill(values, value);
    return values;
  }

  @ParameterizedTest
  @EnumSource
  void programsRunWhateverTheMemory(MemoryModel model) {
    try (OpenClDevice d = Devices.open(o -> o.with(model)); Rig rig = new Rig(d, Programs.chain(207, 5))) {
      for (int run = 0; run < 3; run++) {
        rig.set(0, filled(207, run)).run();
        assertArrayEquals(filled(207, run + 15), rig.get(2 - 1));
      }
      assertEquals(4 * 207, rig.commands.scratchBytes());
    }
  }

  @ParameterizedTest
  @EnumSource
  void transfersFollowRunsThatNobodyWaitedFor(MemoryModel model) {
    try (OpenClDevice d = Devices.open(o -> o.with(model)); Rig rig = new Rig(d, Programs.counter(33))) {
      rig.set(0, filled(33, 0));
      for (int i = 0; i < 500; i++) {
        rig.commands.submit();
      }
      assertArrayEquals(filled(33, 510), rig.get(1));
      rig.set(0, filled(33, 7));
      rig.commands.submit();
      assertEquals(8, rig.get(0)[32]);
    }
  }

  /** Far more launches than may be under way, in one run and in many. */
  @Test
  void whatIsUnderWayIsBounded() {
    try (OpenClDevice d = Devices.open(); Rig rig = new Rig(d, Programs.busy(13, 20_000))) {
      rig.set(0, filled(13, 3));
      long before = Handle.open();
      Event last = Event.DONE;
      for (int i = 0; i < 3; i++) {
        last = rig.commands.submit();
        assertTrue(Handle.open() - before <= 65, "events that wait: " + (Handle.open() - before));
      }
      last.await();
      assertTrue(last.isDone());
      assertEquals(0.125f, rig.get(0)[12], 1e-6f);
    }
  }

  @Test
  void nothingLeaksOverThousandsOfRuns() {
    try (OpenClDevice d = Devices.open(); Rig rig = new Rig(d, Programs.counter(3))) {
      rig.set(0, filled(3, 0)).run();
      long open = Handle.open();
      for (int i = 0; i < 5000; i++) {
        Event e = rig.commands.submit();
        if (i % 7 == 0) {
          e.await();
        }
      }
      rig.run();
      assertEquals(5002, rig.get(0)[0]);
      assertEquals(open, Handle.open());
    }
  }

  /** Memory in which work is under way is closed when the work has ended, not before. */
  @ParameterizedTest
  @EnumSource
  void closingWaitsForRuns(MemoryModel model) {
    try (OpenClDevice d = Devices.open(o -> o.with(model))) {
      for (int i = 0; i < 20; i++) {
        Rig rig = new Rig(d, Programs.busy(200_000, 20));
        rig.commands.submit();
        if (i % 2 == 0) {
          rig.buffers.forEach(Buffer::close);
        }
        rig.close();
        rig.close();
      }
      assertEquals(0, d.allocator().openBuffers());
    }
  }

  @Test
  void aClosedDeviceTakesItsWorkWithIt() {
    OpenClDevice d = Devices.open();
    Rig rig = new Rig(d, Programs.busy(100_000, 50));
    Event e = rig.commands.submit();
    d.close();
    d.close();
    assertTrue(e.isDone());
    e.await();
    assertThrows(IllegalStateException.class, () -> rig.commands.submit());
    assertThrows(IllegalStateException.class, () -> d.prepare(Programs.counter(1)));
    rig.close();
  }

  @Test
  void nothingRunsAfterItIsClosed() {
    try (OpenClDevice d = Devices.open();
        Rig rig = new Rig(d, Programs.counter(3));
        Rig other = new Rig(d,
            Programs.counter(3))) {
      rig.commands.close();
      rig.commands.close();
      assertThrows(IllegalStateException.class, rig.commands::submit);
      assertThrows(IllegalStateException.class, rig.commands::profile);
      other.buffers.getFirst().close();
      assertThrows(IllegalStateException.class, other.commands::submit);
      assertThrows(IllegalStateException.class,
          () -> other.prepared.record(other.buffers.stream().map(BufferSlice::whole).toList()));
    }
  }

  @Test
  void bindingsAreChecked() {
    try (OpenClDevice d = Devices.open();
        OpenClDevice stranger = Devices.open();
        Rig rig = new Rig(d, Programs.counter(3));
        Buffer small = d.allocator().allocate(8);
        Buffer foreign = stranger.allocator().allocate(12)) {
      BufferSlice y = BufferSlice.whole(rig.buffers.get(1));
      for (Buffer bad : List.of(small, foreign)) {
        assertThrows(IllegalArgumentException.class,
            () -> rig.prepared.record(List.of(BufferSlice.whole(bad), y)));
        assertThrows(IllegalArgumentException.class,
            () -> rig.commands.rebind(List.of(BufferSlice.whole(bad), y)));
      }
      assertThrows(IllegalArgumentException.class, () -> rig.prepared.record(List.of(y)));
      rig.set(0, 1, 2, 3).run();
      assertArrayEquals(new float[]{12, 13, 14}, rig.get(1));
    }
  }

  @Test
  void rebindingWhileRunsAreUnderWayChangesOnlyLaterOnes() {
    int n = 50_000;
    try (OpenClDevice d = Devices.open();
        Rig rig = new Rig(d, Programs.busy(n, 30));
        Buffer other = d.allocator().allocate(4L * n)) {
      rig.set(0, filled(n, 1));
      Programs.write(other, filled(n, 1));
      rig.run();
      float once = rig.get(0)[0];
      rig.set(0, filled(n, 1));
      for (int i = 0; i < 10; i++) {
        rig.set(0, filled(n, 1));
        Programs.write(other, filled(n, 1));
        rig.commands.submit();
        assertTrue(rig.commands.rebind(List.of(BufferSlice.whole(other))));
        rig.commands.submit();
        assertTrue(rig.commands.rebind(List.of(BufferSlice.whole(rig.buffers.getFirst()))));
        assertArrayEquals(filled(n, once), rig.get(0));
        assertArrayEquals(filled(n, once), Programs.read(other));
      }
    }
  }

  /** Threads take turns on one command buffer without waiting for its events. */
  @Test
  void threadsThatTakeTurnsKeepTheOrder() throws Exception {
    try (OpenClDevice d = Devices.open(); Rig rig = new Rig(d, Programs.counter(5003))) {
      rig.set(0, filled(5003, 0));
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        Thread t = new Thread(rig.commands::submit);
        t.start();
        t.join();
        threads.add(t);
      }
      assertArrayEquals(filled(5003, 50), rig.get(1));
      assertArrayEquals(filled(5003, 40), rig.get(0));
    }
  }

  @ParameterizedTest
  @EnumSource
  void threadsWorkAtOnce(MemoryModel model) throws Exception {
    try (OpenClDevice d = Devices.open(o -> o.with(model));
        Prepared prepared = d.prepare(Programs.chain(1009, 4));
        ExecutorService threads = Executors.newFixedThreadPool(9)) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < 9; t++) {
        int thread = t;
        running.add(threads.submit(() -> {
          try (Buffer x = d.allocator().allocate(4036); Buffer y = d.allocator().allocate(4036)) {
            for (int round = 0; round < 10; round++) {
              try (CommandBuffer c = prepared.record(List.of(BufferSlice.whole(x), BufferSlice.whole(y)))) {
                for (int run = 0; run < 5; run++) {
                  Programs.write(x, filled(1009, 1000 * thread + run));
                  c.submit();
                  assertArrayEquals(filled(1009, 1000 * thread + run + 10), Programs.read(y));
                }
              }
            }
          }
          return null;
        }));
      }
      for (Future<?> f : running) {
        f.get();
      }
    }
  }

  @Test
  void severalDevicesWorkAtOnce() {
    try (OpenClDevice a = Devices.open();
        OpenClDevice b = Devices.open();
        Rig first = new Rig(a, Programs.counter(100));
        Rig second = new Rig(b, Programs.counter(100))) {
      first.set(0, filled(100, 0));
      second.set(0, filled(100, 1000));
      for (int i = 0; i < 50; i++) {
        first.commands.submit();
        second.commands.submit();
      }
      assertArrayEquals(filled(100, 60), first.get(1));
      assertArrayEquals(filled(100, 1060), second.get(1));
    }
  }

  @Test
  void profilesTakeTheTimesOfEveryRun() {
    int n = 100_000;
    Program p = new Program("profile", List.of(floats("x", Role.STATE, n)),
        List.of(add(1, n, at(0, 0, n), at(0, 0, n)),
            new Step.Loop(3, List.of(add(2, n, at(0, 0, n), at(0, 0, n)))),
            add(3, 0, at(0, 0, 0), at(0, 0, 0)),
            add(4, n, at(0, 0, n), at(0, 0, n))));
    try (OpenClDevice d = Devices.open(); Rig rig = new Rig(d, p)) {
      rig.set(0, filled(n, 0)).run();
      rig.commands.submit();
      List<KernelTiming> timings = rig.commands.profile();
      assertEquals(List.of(0, 1, 1, 1, 2, 3), timings.stream().map(KernelTiming::dispatch).toList());
      long before = 0;
      for (KernelTiming t : timings) {
        assertTrue(before <= t.startNanos() && t.startNanos() <= t.endNanos(), timings::toString);
        assertEquals(t.dispatch() != 2, t.endNanos() > t.startNanos(), timings::toString);
        before = t.endNanos();
      }
      assertArrayEquals(filled(n, 33), rig.get(0), "a profiled run is a run");
    }
  }

  /** Out of memory while a run is recorded: what was recorded before goes on as if nothing had happened. */
  @ParameterizedTest
  @EnumSource
  void outOfMemoryHarmsNothing(MemoryModel model) {
    try (OpenClDevice d = Devices.open(o -> o.with(model).withBudget(64 << 20));
        Rig rig = new Rig(d, Programs.counter(100));
        Prepared large = d.prepare(Programs.chain(6 << 20, 2));
        Buffer x = d.allocator().allocate(24 << 20)) {
      rig.set(0, filled(100, 0)).run();
      long open = Handle.open();
      int buffers = d.allocator().openBuffers();
      for (int i = 0; i < 5; i++) {
        OutOfDeviceMemory e = assertThrows(OutOfDeviceMemory.class, () -> {
          try (Buffer y = d.allocator().allocate(24 << 20)) {
            large.record(List.of(BufferSlice.whole(x), BufferSlice.whole(y)));
          }
        });
        assertEquals(24 << 20, e.askedBytes());
        assertEquals(buffers, d.allocator().openBuffers());
        assertEquals(open, Handle.open());
        rig.run();
      }
      assertEquals(6, rig.get(0)[99]);
    }
  }

  @Test
  void peaksAreMeasuredWithinASecondOrSo() {
    try (OpenClDevice d = Devices.open()) {
      Peaks peaks = d.measurePeaks().orElseThrow();
      assertTrue(peaks.gflops() > 0.1 && peaks.gflops() < 1e6, peaks::toString);
      assertTrue(peaks.bytesPerSecond() > 1e7 && peaks.bytesPerSecond() < 1e14, peaks::toString);
      assertEquals(0, d.allocator().openBuffers());
    }
  }
}
