package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.backends.opencl.cl.ClQueue;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.DType;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.ExecutableCache;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.device.Prepared;

/** What has ended JVMs, each tried in a JVM of its own: it has to say the exact error and live on. */
class CrashTest {
  @TempDir
  Path directory;

  @BeforeEach
  void thereIsADevice() {
    Devices.found();
  }

  private static void run(ChildJvm child, String... arguments) throws Exception {
    ChildJvm.Result r = child.run(arguments);
    assertEquals(0, r.exit(), r::toString);
    assertTrue(r.out().endsWith("alive\n"), r::toString);
  }

  /** Proves that the device still works. */
  private static void alive(OpenClDevice d) {
    try (Rig rig = new Rig(d, Programs.counter(17))) {
      rig.set(0, new float[17]).run();
      assertEquals(11, rig.get(1)[16]);
      System.out.println("alive");
    }
  }

  /** Programs in the cache, cut off and with bits flipped, each loaded by a device of its own. */
  static final class DamagedPrograms {
    public static void main(String[] args) throws IOException {
      Path directory = Path.of(args[0]);
      ExecutableCache cache = new ExecutableCache(directory, 1 << 28, m -> {
        throw new AssertionError(m);
      });
      try (OpenClDevice d = Devices.open(o -> o.with(cache))) {
        alive(d);
      }
      Path entry;
      try (var files = Files.list(directory)) {
        entry = files.findFirst().orElseThrow();
      }
      byte[] whole = Files.readAllBytes(entry);
      for (int i = 0; i < 12; i++) {
        byte[] bytes = Arrays.copyOf(whole, i < 4 ? whole.length * i / 4 : whole.length);
        if (i >= 4) {
          bytes[(int) ((long) (whole.length - 1) * (i - 4) / 7)] ^= (byte) (1 << (i % 8));
        }
        Files.write(entry, bytes);
        try (OpenClDevice d = Devices.open(o -> o.with(cache))) {
          alive(d);
        }
      }
    }
  }

  @Test
  void damagedProgramsNeverReachTheDriver() throws Exception {
    run(new ChildJvm(DamagedPrograms.class), directory.toString());
  }

  /**
   * All the memory that the process may have, with a budget that knows nothing of it. PoCL 3.1 allocates what is not shared
   * when it is first used, and ends the process by an assertion if it cannot; its devices share memory, so only tests use
   * it so.
   */
  static final class ExhaustedMemory {
    public static void main(String[] args) {
      for (MemoryModel model : List.of(MemoryModel.SHARED, MemoryModel.MAPPED)) {
        try (OpenClDevice d = Devices.open(o -> o.with(model).withBudget(1L << 45));
            Rig before = new Rig(d, Programs.counter(1000))) {
          before.set(0, new float[1000]).run();
          List<Buffer> taken = new ArrayList<>();
          OutOfDeviceMemory e = assertThrows(OutOfDeviceMemory.class, () -> {
            while (taken.size() < 1000) {
              taken.add(d.allocator().allocate(200 << 20));
            }
          });
          assertEquals(200 << 20, e.askedBytes());
          assertFalse(taken.isEmpty());
          before.run();
          assertEquals(2, before.get(0)[999]);
          taken.forEach(Buffer::close);
          alive(d);
        }
      }
    }
  }

  @Test
  void exhaustedMemoryIsAnError() throws Exception {
    run(new ChildJvm(ExhaustedMemory.class).option("-Xmx64m").option("-XX:CompressedClassSpaceSize=32m")
        .limit(4L << 30));
  }

  /** Sizes beyond all limits. */
  static final class Oversized {
    public static void main(String[] args) {
      for (MemoryModel model : MemoryModel.values()) {
        try (OpenClDevice d = Devices.open(o -> o.with(model).withBudget(1L << 60))) {
          for (int log = 46; log < 60; log++) {
            long bytes = 1L << log;
            OutOfDeviceMemory e = assertThrows(OutOfDeviceMemory.class, () -> d.allocator().allocate(bytes));
            assertTrue(e.freeBytes() < bytes, e.getMessage());
          }
          alive(d);
        }
      }
    }
  }

  @Test
  void oversizedBuffersAreErrors() throws Exception {
    run(new ChildJvm(Oversized.class));
  }

  /** Kernels that do not compile, and that want more local memory than there is. */
  static final class FailingBuilds {
    public static void main(String[] args) {
      try (OpenClDevice d = Devices.open()) {
        List<Kernel> some = List.copyOf(
            new Planner(d.traits(), Tunings.GUESS).plan(Programs.chain(5, 2)).kernels());
        Kernel k = some.getFirst();
        for (String name : List.of("no name", "", "int", "float4", "a(){}")) {
          Kernel bad = new Kernel(name, k.parameters(), k.arrays(), k.local(), k.body());
          KernelBuildFailed e = assertThrows(
              KernelBuildFailed.class, () -> d.session().kernels().acquire(List.of(some.get(1), bad)));
          assertFalse(e.log().isBlank() || e.source().isBlank());
        }
        alive(d);
      }
    }
  }

  /** A kernel that builds, and wants more local memory than a group may have. */
  static final class TooMuchLocalMemory {
    public static void main(String[] args) {
      try (OpenClDevice d = Devices.open(); OpenClBuffer out = d.allocator().allocate(64)) {
        long elements = d.traits().localBytes() / 4 + 1024;
        KernelBuilder k = new KernelBuilder("greedy");
        Memory target = k.global("out", DType.F32, 16, Parameter.Access.WRITE, false);
        Memory.Local local = k.local("local", DType.F32, elements);
        k.store(local, Values.localId(0), Values.constant(1f));
        k.store(local, Values.index(elements - 1), Values.constant(2f));
        k.barrier();
        k.store(target, Values.localId(0), Values.load(local, Values.localId(0)));
        Kernel kernel = k.build(1, 1, 1);
        try (KernelStore.Lease lease = d.session().kernels().acquire(List.of(kernel));
            ClKernel object = lease.create(kernel);
            ClQueue queue = d.session().context().queue(false)) {
          object.over(new long[]{1, 1, 1}, new long[]{1, 1, 1});
          object.set(0, out.memory());
          object.set(1, out.base() / 4);
          queue.run(object);
          queue.finish();
          System.out.println("ran all the same");
        } catch (ClException e) {
          RuntimeException told = Failures.running("opencl:0", e, 0, 0);
          assertTrue(told instanceof OutOfDeviceMemory || told instanceof DeviceLost, told.toString());
          System.out.println(told.getMessage());
        }
        alive(d);
      }
    }
  }

  @Test
  void tooMuchLocalMemoryIsAnError() throws Exception {
    run(new ChildJvm(TooMuchLocalMemory.class));
  }

  @Test
  void failingBuildsAreErrors() throws Exception {
    run(new ChildJvm(FailingBuilds.class));
  }

  /** Everything closed twice, in orders that nobody should choose. */
  static final class ClosedTwice {
    public static void main(String[] args) {
      for (int order = 0; order < 24; order++) {
        OpenClDevice d = Devices.open();
        Prepared p = d.prepare(Programs.chain(1000, 2));
        Buffer x = d.allocator().allocate(4000);
        Buffer y = d.allocator().allocate(4000);
        CommandBuffer c = p.record(List.of(BufferSlice.whole(x), BufferSlice.whole(y)));
        c.submit();
        List<AutoCloseable> things = new ArrayList<>(List.of(d, p, x, c));
        int rest = order;
        while (!things.isEmpty()) {
          AutoCloseable next = things.remove(rest % things.size());
          rest /= things.size() + 1;
          close(next);
          close(next);
        }
        y.close();
        assertThrows(IllegalStateException.class, c::submit);
        assertThrows(IllegalStateException.class, () -> x.read(0, MemorySegment.ofArray(new byte[1])));
      }
      try (OpenClDevice d = Devices.open()) {
        alive(d);
      }
    }

    private static void close(AutoCloseable thing) {
      try {
        thing.close();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }

  @Test
  void everythingMayBeClosedTwice() throws Exception {
    run(new ChildJvm(ClosedTwice.class));
  }

  /** Thousands of runs, programs, and transfers: the process must not grow. */
  static final class ManyRuns {
    public static void main(String[] args) throws IOException {
      long early = 0;
      try (OpenClDevice d = Devices.open()) {
        for (int round = 0; round < 60; round++) {
          try (Rig rig = new Rig(d, Programs.chain(100, 3))) {
            for (int run = 0; run < 100; run++) {
              rig.set(0, new float[100]);
              rig.commands.submit();
            }
            rig.commands.profile();
            assertEquals(6, rig.get(1)[0]);
          }
          if (round == 20) {
            System.gc();
            early = resident();
          }
        }
        System.gc();
        long grown = resident() - early;
        assertTrue(grown < 24 << 20, "grown by " + grown + " bytes over 4000 runs");
        alive(d);
      }
    }

    private static long resident() throws IOException {
      Path status = Path.of("/proc/self/statm");
      return Files.exists(status) ? 4096 * Long.parseLong(Files.readString(status).split(" ")[1]) : 0;
    }
  }

  @Test
  void manyRunsTakeNoMoreMemoryThanFew() throws Exception {
    run(new ChildJvm(ManyRuns.class).option("-Xmx64m"));
  }

  /** A cache that cannot be written costs time and nothing else. */
  static final class UnwritableCache {
    public static void main(String[] args) {
      List<String> complaints = new ArrayList<>();
      ExecutableCache cache = new ExecutableCache(Path.of(args[0], "cache"), 1 << 28, complaints::add);
      try (OpenClDevice d = Devices.open(o -> o.with(cache))) {
        alive(d);
      }
      assertEquals(1, complaints.size(), complaints::toString);
    }
  }

  @Test
  void anUnwritableCacheIsComplainedOfOnce() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "not a directory");
    run(new ChildJvm(UnwritableCache.class), file.toString());
  }
}
