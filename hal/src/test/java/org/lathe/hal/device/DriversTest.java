package org.lathe.hal.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.hal.DType;
import org.lathe.hal.FakeDevice;

class DriversTest {
  private record Fake(String name, boolean isOnlyByName, Supplier<Probe> finds) implements Driver {
    @Override
    public Probe probe() {
      return finds.get();
    }
  }

  private final List<FakeDevice> made = new ArrayList<>();
  private final Driver two = new Fake("fake", false, () -> new Probe.Available(List.of(make(0), make(1))));
  private final Driver hidden = new Fake("hidden", true, () -> new Probe.Available(List.of(make(0))));
  private final Driver absent = new Fake("absent", false,
      () -> new Probe.Unavailable("no libNothing was found", "install libnothing"));
  private final Driver throwing = new Fake("throwing", false, () -> {
    throw new UnsatisfiedLinkError("no such library");
  });
  private final Driver nothing = new Fake("nothing", false, () -> null);
  private final Drivers drivers = Drivers.of(List.of(two, hidden, absent, throwing, nothing));

  private FakeDevice make(int index) {
    made.add(new FakeDevice(index));
    return made.getLast();
  }

  private void unavailable(String name, String reason, String remedy) {
    DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> drivers.open(name));
    assertEquals(reason, e.reason());
    assertEquals(remedy, e.remedy());
    assertTrue(made.stream().allMatch(d -> d.closed), "devices that are not handed out are closed");
  }

  @Test
  void devicesAreOpenedByName() {
    assertSame(drivers.open("fake"), made.get(0));
    assertFalse(made.get(0).closed);
    assertTrue(made.get(1).closed);
    made.clear();
    assertSame(drivers.open("fake:1"), made.get(1));
    assertFalse(made.get(1).closed);
    made.clear();
    assertSame(drivers.open("hidden:0"), made.get(0));
  }

  @Test
  void theReasonIsExact() {
    unavailable("fake:2", "there is no device 'fake:2': backend 'fake' has 2 devices",
        "name one from fake:0 to fake:1");
    unavailable("hidden:7", "there is no device 'hidden:7': backend 'hidden' has 1 device", "name hidden:0");
    unavailable("cuda:0",
        "there is no backend 'cuda' for device 'cuda:0'; found: absent, fake, hidden, nothing, throwing",
        "name one of these, or add the backend's jar, such as lathe-cuda, to the class path");
    unavailable("absent", "device 'absent': no libNothing was found", "install libnothing");
    for (String bad : List.of("fake:x", "fake:-1", "fake:", "fake:1:2")) {
      String index = bad.substring(5);
      unavailable(bad, "'" + bad + "' does not name a device: '" + index + "' is not a number",
          "write backend or backend:index, such as cpu or opencl:0");
    }
    unavailable(":0", "':0' does not name a device: the backend is missing",
        "write backend or backend:index, such as cpu or opencl:0");
    DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> Drivers.of(List.of()).open("cpu"));
    assertTrue(e.reason().endsWith("found: none"), e.reason());
  }

  @Test
  void aDriverThatThrowsIsUnavailable() {
    String remedy = "report this as a defect of " + Fake.class.getName();
    unavailable("throwing", "device 'throwing': backend 'throwing' is defective: its probe failed with "
        + "java.lang.UnsatisfiedLinkError: no such library", remedy);
    unavailable("nothing", "device 'nothing': backend 'nothing' is defective: its probe gave nothing", remedy);
  }

  @Test
  void theListSaysWhatIsThereAndWhyNot() {
    List<Drivers.Listed> listed = drivers.list();
    assertEquals(5, listed.size());
    assertEquals(new Drivers.Present(new FakeDevice(1).info(), Set.of(DType.values())), listed.get(1));
    assertEquals(new Drivers.Absent("absent", "no libNothing was found", "install libnothing"), listed.get(2));
    assertEquals("throwing", assertInstanceOf(Drivers.Absent.class, listed.get(3)).backend());
    assertTrue(made.size() == 2 && made.stream().allMatch(d -> d.closed));
  }

  @Test
  void aBrokenProviderDoesNotHideTheOthers(@TempDir Path dir) throws Exception {
    Path services = Files.createDirectories(dir.resolve("META-INF/services"));
    Files.writeString(services.resolve(Driver.class.getName()), "no.such.Driver\n" + Good.class.getName() + "\n");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[]{dir.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      Drivers installed = Drivers.installed();
      assertTrue(installed.names().contains("good"));
      assertTrue(installed.list().stream()
          .anyMatch(l -> l instanceof Drivers.Absent a && a.reason().contains("no.such.Driver")));
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  public static final class Good implements Driver {
    @Override
    public String name() {
      return "good";
    }

    @Override
    public Probe probe() {
      return new Probe.Unavailable("it is only a test", "none");
    }
  }

  @Test
  void namesPrintAsTheyAreParsed() {
    assertEquals("opencl:3", DeviceName.parse("opencl:3").toString());
    assertEquals(new DeviceName("cpu", 0), DeviceName.parse("cpu"));
  }
}
