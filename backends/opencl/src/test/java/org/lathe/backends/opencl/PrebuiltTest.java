package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.hal.device.AheadOfTime;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Probe;
import org.lathe.hal.program.Program;

/** Programs from binaries made ahead of time; PoCL stands in for an FPGA. What may crash runs in a JVM of its own. */
class PrebuiltTest {
  @TempDir
  Path directory;

  @BeforeEach
  void thereIsADevice() {
    Devices.found();
  }

  private static final List<Program> PROGRAMS = List.of(Programs.counter(17), Programs.chain(100, 3));

  private static AheadOfTime builds() {
    return new FpgaDriver().aheadOfTime().orElseThrow();
  }

  private static Path build(Path directory) throws IOException {
    builds().build("sums", PROGRAMS, directory);
    return builds().compile(directory, "opencl:0");
  }

  private static Device open(Path binaries) {
    System.setProperty(FpgaDriver.DIRECTORY_PROPERTY, binaries.toString());
    return Drivers.of(List.of(new FpgaDriver())).open("opencl-fpga:0");
  }

  private static void counts(Device d) {
    try (Rig rig = new Rig(d, Programs.counter(17))) {
      rig.set(0, new float[17]).run();
      assertEquals(11, rig.get(1)[16]);
    }
    try (Rig rig = new Rig(d, Programs.chain(100, 3))) {
      rig.set(0, new float[100]).run();
      assertEquals(6, rig.get(1)[99]);
    }
  }

  @Test
  void programsRunFromBinariesWithoutTheirSource() throws IOException {
    build(directory);
    Files.delete(directory.resolve("kernels.cl"));
    try (Device d = open(directory)) {
      assertEquals("opencl-fpga:0", d.info().id());
      counts(d);
    }
    Path parent = Files.createDirectory(directory.resolve("binaries").resolve("more"));
    try (Device d = open(directory)) {
      counts(d);
      DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> d.prepare(Programs.counter(18)));
      assertTrue(e.reason().contains("no binary has kernel lathe_map_"), e.getMessage());
      assertTrue(e.remedy().contains("./lathe build NAME --device opencl-fpga"), e.getMessage());
      counts(d);
    }
    Files.delete(parent);
  }

  @Test
  void severalBuildsServeOneDevice() throws IOException {
    builds().build("counter", List.of(Programs.counter(17)), directory.resolve("a"));
    builds().build("chain", List.of(Programs.chain(100, 3)), directory.resolve("b"));
    builds().compile(directory.resolve("a"), "opencl:0");
    builds().compile(directory.resolve("b"), "opencl:0");
    try (Device d = open(directory)) {
      counts(d);
    }
  }

  @Test
  void whatIsAbsentSaysWhatMakesIt() throws IOException {
    assertUnavailable(directory, "there is no build in", "./lathe build NAME --device opencl-fpga --out " + directory);
    builds().build("sums", PROGRAMS, directory);
    assertUnavailable(directory, "have no binaries", "--compile-with opencl:0");
    System.clearProperty(FpgaDriver.DIRECTORY_PROPERTY);
    Probe.Unavailable nowhere = assertInstanceOf(Probe.Unavailable.class, new FpgaDriver().probe());
    assertTrue(nowhere.remedy().contains("--binaries DIR"), nowhere.toString());
  }

  private static void assertUnavailable(Path directory, String reason, String remedy) {
    System.setProperty(FpgaDriver.DIRECTORY_PROPERTY, directory.toString());
    Probe.Unavailable found = assertInstanceOf(Probe.Unavailable.class, new FpgaDriver().probe());
    assertTrue(found.reason().contains(reason), found.toString());
    assertTrue(found.remedy().contains(remedy), found.toString());
    assertTrue((found.reason() + found.remedy()).lines().count() == 1, found.toString());
  }

  @Test
  void aBinaryForAnotherDeviceIsForeign() throws IOException {
    build(directory);
    edit(directory.resolve("manifest.json"), s -> s.replaceAll("\"driver\": \"[^\"]*\"", "\"driver\": \"0.1\""));
    assertUnavailable(directory, "not for what is here", "./lathe build sums --device opencl-fpga --out " + directory);
  }

  private static void edit(Path file, UnaryOperator<String> change) throws IOException {
    Files.writeString(file, change.apply(Files.readString(file)));
  }

  @Test
  void onlyDevicesThatCompileAreAskedTo() throws IOException {
    builds().build("sums", PROGRAMS, directory);
    assertThrows(DeviceUnavailable.class, () -> builds().compile(directory, "cpu"));
    assertThrows(DeviceUnavailable.class, () -> builds().compile(directory, "opencl:99"));
  }

  /** Binaries and manifests cut off, changed and missing: each an error that names the command, in a JVM that lives on. */
  static final class Damaged {
    public static void main(String[] args) throws IOException {
      Path directory = Path.of(args[0]);
      Path binary = build(directory);
      byte[] whole = Files.readAllBytes(binary);
      for (int i = 0; i < 12; i++) {
        byte[] bytes = Arrays.copyOf(whole, i < 4 ? whole.length * i / 4 : whole.length);
        if (i >= 4) {
          bytes[(int) ((long) (whole.length - 1) * (i - 4) / 7)] ^= (byte) (1 << i % 8);
        }
        Files.write(binary, bytes);
        refuses(directory);
      }
      Files.delete(binary);
      refuses(directory);
      Files.write(binary, whole);
      try (Device d = open(directory)) {
        counts(d);
      }
      manifests(directory);
      foreign(directory, binary);
      System.out.println("alive");
    }

    private static void refuses(Path directory) {
      try (Device d = open(directory)) {
        DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> d.prepare(Programs.counter(17)));
        assertTrue(e.reason().contains("is damaged") || e.reason().contains("is missing"), e.getMessage());
        assertTrue(e.remedy().contains("./lathe build sums --device opencl-fpga --out " + directory), e.getMessage());
      }
    }

    private static void manifests(Path directory) throws IOException {
      Path file = directory.resolve("manifest.json");
      String whole = Files.readString(file);
      for (int length = 0; length < whole.length() - 2; length += Math.max(1, whole.length() / 20)) {
        Files.writeString(file, whole.substring(0, length));
        assertThrows(DeviceUnavailable.class, () -> open(directory));
      }
      Files.writeString(file, whole.replace("f32[17]", "f32[18]"));
      try (Device d = open(directory)) {
        DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> d.prepare(Programs.counter(17)));
        assertTrue(e.reason().contains("is damaged: kernel"), e.getMessage());
      }
      Files.writeString(file, whole.replace("binaries/opencl-0.bin", "../../../etc/hostname"));
      try (Device d = open(directory)) {
        DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> d.prepare(Programs.counter(17)));
        assertTrue(e.reason().contains("outside of its directory"), e.getMessage());
      }
      Files.writeString(file, whole);
    }

    /** Whole by its hash, but nothing that the driver knows: it has to be the driver that says so. */
    private static void foreign(Path directory, Path binary) throws IOException {
      String manifest = Files.readString(directory.resolve("manifest.json"));
      Files.writeString(binary, "no binary");
      Path file = builds().register(directory, binary);
      assertEquals(binary, file);
      // What a vendor's tool made is taken for an accelerator's; as PoCL's own it goes to PoCL.
      String registered = Files.readString(directory.resolve("manifest.json"));
      String identity = manifest.substring(manifest.indexOf("\"platform\""));
      Files.writeString(
          directory.resolve("manifest.json"), registered.substring(0, registered.indexOf("\"platform\"")) + identity);
      try (Device d = open(directory)) {
        DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> d.prepare(Programs.counter(17)));
        assertTrue(e.reason().contains("is not for"), e.getMessage());
      }
    }
  }

  @Test
  void damagedBuildsAreErrors() throws Exception {
    ChildJvm.Result r = new ChildJvm(Damaged.class).run(directory.toString());
    assertEquals(0, r.exit(), r::toString);
    assertTrue(r.out().endsWith("alive\n"), r::toString);
  }
}
