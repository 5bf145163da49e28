package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Probe;

/** Finding devices, on machines that have none in every way in which one can. */
class ProbeTest {
  private static final String NO_DIRECTORY = "WARNING: java.io.tmpdir directory does not exist\n";

  @TempDir
  Path directory;

  /** Prints what a probe says, twice, and whether Java still divides as it should. */
  static final class Main {
    public static void main(String[] args) {
      for (int i = 0; i < 2; i++) {
        switch (new OpenClDriver().probe()) {
          case Probe.Available(List<Device> devices) -> {
            for (Device d : devices) {
              System.out.println("device " + d.info());
              d.close();
            }
          }
          case Probe.Unavailable(String reason, String remedy) -> {
            System.out.println("reason " + reason);
            System.out.println("remedy " + remedy);
          }
        }
      }
      try {
        System.out.println("1/0 = " + 1 / args.length);
      } catch (ArithmeticException e) {
        System.out.println("1/0 throws");
      }
    }
  }

  @Test
  void devicesHaveNamesKindsAndLimits() {
    List<Device> devices = Devices.all();
    for (int i = 0; i < devices.size(); i++) {
      try (Device d = devices.get(i)) {
        DeviceInfo info = d.info();
        assertEquals("opencl:" + i, info.id());
        assertFalse(info.name().isBlank() || info.version().isBlank(), info.toString());
        assertTrue(info.computeUnits() > 0 && info.memoryBytes() > 0, info.toString());
      }
    }
  }

  @Test
  void probingAgainIsCheapAndGivesTheSame() {
    List<DeviceInfo> first = Devices.all().stream().map(Device::info).toList();
    long best = Long.MAX_VALUE;
    for (int i = 0; i < 100; i++) {
      long start = System.nanoTime();
      List<Device> again = Devices.all();
      best = Math.min(best, System.nanoTime() - start);
      assertEquals(first, again.stream().map(Device::info).toList());
      again.forEach(Device::close);
    }
    assertTrue(best < 1_000_000, best + " ns for a probe after the first");
  }

  @Test
  void integerDivisionByZeroStillThrows() {
    try (Device d = Devices.open()) {
      d.allocator().allocate(100).close();
      int zero = d.allocator().openBuffers();
      for (int i = 0; i < 30_000; i++) {
        int n = i;
        assertThrows(ArithmeticException.class, () -> divide(n, zero));
      }
      assertThrows(ArithmeticException.class, () -> Integer.toString(1 % zero));
    }
  }

  private static int divide(int a, int b) {
    return a / b;
  }

  @Test
  void aFreshJvmFindsTheSameDevices() throws Exception {
    Devices.found();
    ChildJvm.Result r = new ChildJvm(Main.class).run();
    assertEquals(0, r.exit(), r::toString);
    assertTrue(r.out().contains("device DeviceInfo[backend=opencl, index=0"), r::toString);
    assertTrue(r.out().endsWith("1/0 throws\n"), r::toString);
    assertEquals("", r.err());
  }

  /** The guard works by a variable of the process, so what the user has set does not count. */
  @Test
  void theSignalGuardOverridesTheEnvironment() throws Exception {
    Devices.found();
    ChildJvm.Result r = new ChildJvm(Main.class).with("POCL_SIGFPE_HANDLER", 1).run();
    assertEquals(0, r.exit(), r::toString);
    assertTrue(r.out().endsWith("1/0 throws\n"), r::toString);
  }

  @Test
  void aLoaderWithoutDriversSaysWhatToInstall() throws Exception {
    Devices.found();
    ChildJvm.Result r = new ChildJvm(Main.class).with("OCL_ICD_VENDORS", directory).run();
    assertAbsent(r, "CL_PLATFORM_NOT_FOUND_KHR", "pocl-opencl-icd");
    assertTrue(r.out().contains(directory.toString()), r::toString);
  }

  @Test
  void aDriverFileThatNamesNothingIsNoDriver() throws Exception {
    Devices.found();
    Files.writeString(directory.resolve("gone.icd"), directory.resolve("libgone.so") + "\n");
    assertAbsent(
        new ChildJvm(Main.class).with("OCL_ICD_VENDORS", directory).run(),
        "CL_PLATFORM_NOT_FOUND_KHR",
        "pocl-opencl-icd");
  }

  @Test
  void aLibraryThatIsNoneIsNoLoader() throws Exception {
    Path broken = Files.createDirectories(directory.resolve("lib"));
    for (String name : List.of("libOpenCL.so", "libOpenCL.so.1")) {
      Files.writeString(broken.resolve(name), "this is no library");
    }
    ChildJvm.Result r = new ChildJvm(Main.class).with("LD_LIBRARY_PATH", broken).run();
    assertAbsent(r, "no OpenCL library", "ocl-icd-libopencl1");
  }

  @Test
  void anUnwritableCacheOfPoclIsNamed() throws Exception {
    Devices.found();
    Path file = Files.writeString(directory.resolve("file"), "not a directory");
    ChildJvm.Result r = new ChildJvm(Main.class).with("POCL_CACHE_DIR", file.resolve("cache")).run();
    assertAbsent(r, "CL_DEVICE_NOT_FOUND", "POCL_CACHE_DIR");
  }

  @Test
  void aBindingThatCannotBeUnpackedIsExplained() throws Exception {
    ChildJvm.Result r = new ChildJvm(Main.class).option("-Djava.io.tmpdir=" + directory.resolve("missing")).run();
    assertAbsent(new ChildJvm.Result(r.exit(), r.out(), r.err().replace(NO_DIRECTORY, "")), "JOCL's native library",
        "java.io.tmpdir");
  }

  @Test
  void withoutNativeAccessTheFlagIsNamed() throws Exception {
    ChildJvm.Result r = new ChildJvm(Main.class).option("--illegal-native-access=deny")
        .option("--enable-native-access=java.base").run();
    if (r.out().contains("device ")) {
      return; // the flags add up, and native access is on after all
    }
    assertAbsent(r, "JOCL's native library", "--enable-native-access");
  }

  /** JOCL loads what lies under a fixed name, and a file that ends too early kills the JVM. */
  @Test
  void anUnfinishedBindingIsReplaced() throws Exception {
    Devices.found();
    ChildJvm child = new ChildJvm(Main.class).option("-Djava.io.tmpdir=" + directory);
    assertEquals(0, child.run().exit());
    List<Path> unpacked;
    try (var files = Files.list(directory)) {
      unpacked = files.filter(f -> f.getFileName().toString().contains("JOCL")).toList();
    }
    assertEquals(1, unpacked.size(), unpacked::toString);
    byte[] whole = Files.readAllBytes(unpacked.getFirst());
    Files.write(unpacked.getFirst(), java.util.Arrays.copyOf(whole, whole.length / 2));
    ChildJvm.Result r = child.run();
    assertEquals(0, r.exit(), r::toString);
    assertTrue(r.out().contains("device "), r::toString);
    assertEquals(whole.length, Files.size(unpacked.getFirst()));
  }

  private static void assertAbsent(ChildJvm.Result r, String reason, String remedy) {
    assertEquals(0, r.exit(), r::toString);
    assertEquals("", r.err(), r::toString);
    List<String> lines = r.out().lines().toList();
    assertEquals(5, lines.size(), r::toString);
    assertTrue(lines.get(0).startsWith("reason ") && lines.get(0).contains(reason), r::toString);
    assertTrue(lines.get(1).startsWith("remedy ") && lines.get(1).contains(remedy), r::toString);
    assertEquals(lines.subList(0, 2), lines.subList(2, 4), "a second probe says the same");
    assertEquals("1/0 throws", lines.get(4), r::toString);
  }
}
