package org.lathe.conformance.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lathe.conformance.device.Kernels.at;
import static org.lathe.conformance.device.Kernels.floats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Event;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Prepared.KernelReport;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Step;

/** Runs again and again: state, order, determinism, other memory, several threads, reports. */
final class ReplayCases {
  private static final int THREADS = 4;

  private ReplayCases() {}

  static List<Case> all() {
    return List.of(
        new Case("state-stays-between-runs", ReplayCases::stateStays),
        new Case("runs-and-transfers-of-a-thread-are-in-order", ReplayCases::runsAreInOrder),
        new Case("runs-repeat-to-the-bit", ReplayCases::runsRepeatToTheBit),
        new Case("events-end", ReplayCases::eventsEnd),
        new Case("one-program-on-two-memories", ReplayCases::oneProgramOnTwoMemories),
        new Case("rebinding-takes-other-memory", ReplayCases::rebinding),
        new Case("inputs-may-share-memory", ReplayCases::inputsMayShareMemory),
        new Case("threads-run-one-program-at-once", ReplayCases::threadsRunAtOnce),
        new Case("threads-prepare-at-once", ReplayCases::threadsPrepareAtOnce),
        new Case("profiles-name-every-kernel", ReplayCases::profiles),
        new Case("reports-name-every-dispatch", ReplayCases::reports),
        new Case("closing-gives-all-memory-back", ReplayCases::closingGivesMemoryBack));
  }

  /** s += 1, and y = s. */
  private static Program counter() {
    return new Program("counter", List.of(floats("s", Role.STATE, 17), floats("y", Role.OUTPUT, 17)),
        List.of(Kernels.addConstant(1, 17, at(0, 0, 17), at(0, 0, 17)), Kernels.copy(at(0, 0, 17), at(1, 0, 17))));
  }

  private static void stateStays(Session session) throws Exception {
    try (Rig rig = new Rig(session.device(), counter())) {
      rig.set(0, new float[17]);
      for (int i = 1; i <= 7; i++) {
        rig.run();
        assertEquals(i, rig.get(1)[16]);
        assertEquals(i, rig.get(0)[0]);
      }
    }
  }

  private static void runsAreInOrder(Session session) throws Exception {
    try (Rig rig = new Rig(session.device(), counter())) {
      rig.set(0, new float[17]);
      for (int i = 0; i < 100; i++) {
        rig.commands.submit();
      }
      assertEquals(100, rig.get(1)[16], "a transfer follows the runs submitted before it");
      rig.set(0, new float[17]);
      rig.commands.submit();
      assertEquals(1, rig.get(0)[3]);
    }
  }

  private static void runsRepeatToTheBit(Session session) throws Exception {
    int n = 100_003;
    Program p = new Program("sum of exponentials",
        List.of(floats("x", Role.INPUT, n), floats("t", Role.SCRATCH, n), floats("y", Role.OUTPUT, 1)),
        List.of(Kernels.unary(UnaryOp.TANH, n, at(0, 0, n), at(1, 0, n)), Kernels.sum(n, at(1, 0, n), at(2, 0, 1))));
    Random random = new Random();
    float[] x = new float[n];
    double expected = 0;
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
      expected += Math.tanh(x[i]);
    }
    Integer bits = null;
    for (int prepared = 0; prepared < 2; prepared++) {
      try (Rig rig = new Rig(session.device(), p)) {
        rig.set(0, x);
        for (int run = 0; run < 10; run++) {
          rig.run();
          float y = rig.get(1)[0];
          assertEquals(expected, y, 1e-4 * n, "sum of " + n);
          bits = bits == null ? Integer.valueOf(Float.floatToRawIntBits(y)) : bits;
          assertEquals(bits, Float.floatToRawIntBits(y), "run " + run);
        }
      }
    }
  }

  private static void eventsEnd(Session session) throws Exception {
    try (Rig rig = new Rig(session.device(), counter())) {
      rig.set(0, new float[17]);
      Event first = rig.commands.submit();
      Event second = rig.commands.submit();
      second.await();
      assertTrue(first.isDone() && second.isDone());
      first.await();
      second.await();
      assertEquals(2, rig.get(0)[0]);
    }
  }

  private static void oneProgramOnTwoMemories(Session session) throws Exception {
    Device d = session.device();
    try (Prepared p = d.prepare(counter()); Rig a = new Rig(d, p); Rig b = new Rig(d, p)) {
      a.set(0, new float[17]);
      b.set(0, new float[17]);
      for (int i = 0; i < 3; i++) {
        a.run();
        b.run();
        b.run();
      }
      assertEquals(3, a.get(1)[0]);
      assertEquals(6, b.get(1)[0]);
    }
  }

  private static void rebinding(Session session) throws Exception {
    Device d = session.device();
    try (Rig rig = new Rig(d, counter());
        Buffer state = d.allocator().allocate(68);
        Buffer y = d.allocator().allocate(68)) {
      rig.set(0, new float[17]);
      Rig.write(state, 0, new float[17]);
      rig.run();
      boolean moved = rig.commands.rebind(List.of(BufferSlice.whole(state), BufferSlice.whole(y)));
      rig.run();
      rig.run();
      assertEquals(moved ? 1 : 3, rig.get(0)[0]);
      assertEquals(moved ? 2 : 0, Rig.read(state)[0]);
      if (moved) {
        assertEquals(2, Rig.read(y)[16]);
        assertTrue(rig.commands.rebind(rig.whole()), "what was bound once is bound again");
        rig.run();
        assertEquals(2, rig.get(1)[0]);
      }
    }
  }

  private static void inputsMayShareMemory(Session session) {
    Program p = new Program("double",
        List.of(floats("a", Role.INPUT, 9), floats("b", Role.INPUT, 9), floats("y", Role.OUTPUT, 9)),
        List.of(Kernels.binary(BinaryOp.ADD, 9, at(0, 0, 9), at(1, 0, 9), at(2, 0, 9))));
    Device d = session.device();
    try (Buffer x = d.allocator().allocate(36);
        Buffer y = d.allocator().allocate(36);
        Prepared prepared = d.prepare(p);
        var c = prepared.record(List.of(BufferSlice.whole(x), BufferSlice.whole(x), BufferSlice.whole(y)))) {
      Rig.write(x, 0, new float[]{1, 2, 3, 4, 5, 6, 7, 8, 9});
      c.submit().await();
      assertArrayEquals(new float[]{2, 4, 6, 8, 10, 12, 14, 16, 18}, Rig.read(y));
    }
  }

  private interface Work {
    void run(int thread) throws Exception;
  }

  private static void onThreads(Work work) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        int thread = t;
        running.add(threads.submit(() -> {
          work.run(thread);
          return null;
        }));
      }
      for (Future<?> f : running) {
        f.get();
      }
    }
  }

  private static void threadsRunAtOnce(Session session) throws Exception {
    Device d = session.device();
    int n = 5003;
    Program p = new Program("chain",
        List.of(floats("x", Role.INPUT, n), floats("t", Role.SCRATCH, n), floats("y", Role.OUTPUT, n)),
        List.of(Kernels.addConstant(1, n, at(0, 0, n), at(1, 0, n)),
            new Step.Loop(3, List.of(Kernels.addConstant(1, n, at(1, 0, n), at(1, 0, n)))),
            Kernels.binary(BinaryOp.ADD, n, at(1, 0, n), at(0, 0, n), at(2, 0, n))));
    try (Prepared prepared = d.prepare(p)) {
      onThreads(thread -> {
        try (Rig rig = new Rig(d, prepared)) {
          for (int run = 0; run < 25; run++) {
            float[] x = new float[n];
            Arrays.fill(x, thread * 1000 + run);
            rig.set(0, x).run();
            float[] y = rig.get(1);
            for (int i = 0; i < n; i++) {
              assertEquals(2 * x[i] + 4, y[i], "thread " + thread + ", run " + run + ", element " + i);
            }
          }
        }
      });
    }
  }

  private static void threadsPrepareAtOnce(Session session) throws Exception {
    Device d = session.device();
    onThreads(thread -> {
      for (int n = 1; n < 12; n++) {
        Program p = new Program("fill", List.of(floats("y", Role.OUTPUT, n)),
            List.of(Kernels.fill(n % 3, n, at(0, 0, n))));
        try (Rig rig = new Rig(d, p)) {
          rig.run();
          assertEquals(n % 3, rig.get(0)[n - 1]);
        }
      }
    });
  }

  private static void profiles(Session session) throws Exception {
    try (Rig rig = new Rig(session.device(), counter())) {
      rig.set(0, new float[17]);
      List<KernelTiming> timings = rig.commands.profile();
      assertEquals(List.of("add 1.0", "copy"), timings.stream().map(KernelTiming::label).toList());
      assertEquals(List.of(0, 1), timings.stream().map(KernelTiming::dispatch).toList());
      for (KernelTiming t : timings) {
        assertTrue(0 <= t.startNanos() && t.startNanos() <= t.endNanos(), t.toString());
        assertTrue(!t.kernel().isBlank(), t.toString());
      }
    }
  }

  private static void reports(Session session) {
    Step loop = new Step.Loop(3, List.of(Kernels.fill(2, 3, at(0, 0, 3)), Kernels.fill(3, 3, at(0, 0, 3))));
    Program p = new Program("reports", List.of(floats("y", Role.OUTPUT, 3)),
        List.of(Kernels.fill(1, 3, at(0, 0, 3)), loop, Kernels.unary(UnaryOp.NEG, 3, at(0, 0, 3), at(0, 0, 3))));
    try (Prepared prepared = session.device().prepare(p)) {
      assertEquals(p, prepared.program());
      assertEquals(List.of("fill", "fill", "fill", "NEG"),
          prepared.kernels().stream().map(KernelReport::label).toList());
      assertTrue(prepared.kernels().stream().noneMatch(k -> k.kernel().isBlank()));
    }
  }

  private static void closingGivesMemoryBack(Session session) throws Exception {
    try (Device d = session.open()) {
      for (int i = 0; i < 20; i++) {
        try (Rig rig = new Rig(d, counter())) {
          rig.set(0, new float[17]).run();
        }
      }
      assertEquals(0, d.allocator().openBuffers());
      assertEquals(0, d.allocator().allocatedBytes());
    }
  }
}
