package org.lathe.backends.aparapi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.aparapi.device.JavaDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.device.Probe;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Threads, memory, and where kernels run. */
class ResourcesTest {
  private static final int PROGRAMS = 1000;

  enum Backend {
    APARAPI, APARAPI_JTP;

    Driver driver() {
      return this == APARAPI ? new AparapiDriver() : new AparapiPoolDriver();
    }
  }

  /** Of the process: those of native code too, where the system tells. */
  private static int threads() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return Thread.getAllStackTraces().size();
    }
    return Files.readAllLines(status).stream().filter(l -> l.startsWith("Threads:"))
        .mapToInt(l -> Integer.parseInt(l.substring(8).strip())).findFirst().orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void aThousandProgramsLeaveNoThreadsBehind(Backend backend) throws IOException {
    try (Device device = Runs.open(backend.driver())) {
      KernelSpec spec = Specs.functions(DType.F32);
      List<Elements> in = Samples.inputs(spec, new Random(1));
      for (int i = 0; i < 10; i++) {
        Runs.run(device, spec, in);
      }
      int before = threads();
      for (int i = 0; i < PROGRAMS; i++) {
        Runs.run(device, spec, in);
      }
      int after = threads();
      assertTrue(after <= before + 2, () -> before + " threads before, " + after + " after " + PROGRAMS + " programs");
      assertEquals(0, device.allocator().openBuffers());
    }
  }

  /** Aparapi holds arrays while kernels run, and must let go of them afterwards: a collector may wait for that for ever. */
  @ParameterizedTest
  @EnumSource
  void collectionsMoveWhatTheyLikeWhileKernelsRun(Route route) throws InterruptedException {
    AparapiDevice device = Runs.open(route);
    KernelSpec spec = Specs.product(65, 33, 40);
    List<Elements> in = Samples.inputs(spec, new Random(3));
    List<Elements> expected = SpecReference.run(spec, in);
    AtomicBoolean done = new AtomicBoolean();
    Thread collector = Thread.startVirtualThread(() -> {
      while (!done.get()) {
        System.gc();
        LockSupport.parkNanos(2_000_000);
      }
    });
    try (device) {
      for (int i = 0; i < 20; i++) {
        Tolerance.check("run " + i, spec, expected, Runs.run(device, spec, in));
      }
    } finally {
      done.set(true);
      collector.join();
    }
  }

  /** In a JVM of its own, which cannot unpack the native library. */
  @Test
  void withoutTheNativeLibraryThereIsAReasonAndARemedy() throws IOException, InterruptedException {
    Process process = new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Djava.io.tmpdir=/nonexistent/lathe",
        "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), Probes.class.getName())
        .redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), said);
    assertTrue(
        said.contains("aparapi: Aparapi's native library, or the OpenCL library that it needs, cannot be loaded;"),
        said);
    assertTrue(said.contains("now /nonexistent/lathe"), said);
    assertTrue(said.contains("aparapi-jtp: available"), said);
  }

  /** Prints what the drivers find. */
  static final class Probes {
    static void main(String[] arguments) {
      for (Backend b : Backend.values()) {
        switch (b.driver().probe()) {
          case Probe.Available _ -> System.out.println(b.driver().name() + ": available");
          case Probe.Unavailable(String reason, String remedy) ->
            System.out.println(b.driver().name() + ": " + reason + "; " + remedy);
        }
      }
    }
  }

  /** Whoever changes what Aparapi prefers, the run that it sends elsewhere is an error. */
  @Test
  void aKernelThatRunsElsewhereIsAnError() {
    KernelSpec spec = Specs.product(5, 3, 4);
    List<Elements> in = Samples.inputs(spec, new Random(2));
    AparapiDevice device = Runs.open(Route.BYTECODE);
    try (device) {
      Tolerance.check("before", spec, SpecReference.run(spec, in), Runs.run(device, spec, in));
      device.executables().forEach(e -> ((BytecodeExecutable) e).prefer(new LinkedHashSet<>(List.of(
          JavaDevice.THREAD_POOL))));
      DeviceLost lost = assertThrows(DeviceLost.class, () -> Runs.run(device, spec, in));
      assertTrue(lost.getMessage().contains("Aparapi could not run kernel"), lost.getMessage());
    }
  }

  @Test
  void memoryHasABudget() {
    ArenaAllocator allocator = ArenaAllocator.offHeap(1000);
    try (Buffer a = allocator.allocate(600)) {
      OutOfDeviceMemory e = assertThrows(OutOfDeviceMemory.class, () -> allocator.allocate(500));
      assertEquals(400, e.freeBytes());
      assertEquals(600, a.bytes());
    }
    assertEquals(0, allocator.allocatedBytes());
    assertThrows(OutOfDeviceMemory.class, () -> ArenaAllocator.onHeap(1L << 40).allocate(1L << 33));
    assertEquals(0, allocator.openBuffers());
  }

  @Test
  void groupsThatTheDeviceDoesNotHaveAreRefused() {
    if (!(Platform.found() instanceof Platform.Devices(List<OpenClEngine> engines))) {
      Assumptions.abort(Platform.found().toString());
      return;
    }
    long most = engines.getFirst().traits(Specs.product(1, 1, 1)).maxGroup();
    assertThrows(
        IllegalArgumentException.class,
        () -> Ranges.of(
            JavaDevice.THREAD_POOL, org.lathe.hal.Dims.of(7, 1, 1), org.lathe.hal.Dims.of(2, 1, 1)));
    assertTrue(most >= 1);
  }

  @Test
  void dividingByZeroStillThrows() {
    assertTrue(Platform.found() instanceof Platform.Found);
    int zero = Integer.parseInt("0");
    assertThrows(ArithmeticException.class, () -> System.identityHashCode(1 / zero));
  }

  @Test
  void aRouteThatDoesNotExistIsNotAnotherOne() {
    String before = System.getProperty(Route.PROPERTY);
    System.setProperty(Route.PROPERTY, "telepathy");
    try {
      assertThrows(IllegalArgumentException.class, Route::chosen);
    } finally {
      if (before == null) {
        System.clearProperty(Route.PROPERTY);
      } else {
        System.setProperty(Route.PROPERTY, before);
      }
    }
  }
}
