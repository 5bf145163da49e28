package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.backends.opencl.cl.Handle;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.device.ExecutableCache;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.device.Prepared;

/** Compiling kernels: together, once, from the cache; and kernels that do not compile. */
class KernelStoreTest {
  @TempDir
  Path directory;

  private final List<String> complaints = new ArrayList<>();
  private final long handles = Handle.open();

  @BeforeEach
  void thereIsADevice() {
    Devices.found();
  }

  @AfterEach
  void everythingIsGivenBack() {
    assertEquals(handles, Handle.open(), "objects of the driver that were left open");
    assertEquals(List.of(), complaints);
  }

  private OpenClDevice open() {
    return Devices.open(o -> o.with(cache()));
  }

  private ExecutableCache cache() {
    return new ExecutableCache(directory, 1 << 28, complaints::add);
  }

  private static String key(Path entry) {
    return entry.getFileName().toString().replace(".bin", "");
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  private static void check(OpenClDevice d) {
    try (Rig rig = new Rig(d, Programs.chain(17, 3))) {
      rig.set(0, new float[17]).run();
      assertEquals(6, rig.get(1)[16]);
    }
  }

  @Test
  void aProgramIsCompiledOnceAndKept() throws IOException {
    try (OpenClDevice d = open()) {
      check(d);
      check(d);
      assertEquals(1, entries().size(), "kernels that come together are compiled together");
      try (Prepared longer = d.prepare(Programs.chain(17, 4))) {
        assertEquals(2, entries().size(), "only what is new is compiled");
        assertEquals(4, longer.kernels().size());
        assertTrue(longer.kernels().stream().allMatch(k -> k.source().contains("__kernel")));
      }
    }
    List<Path> before = entries();
    try (OpenClDevice d = open()) {
      check(d);
    }
    assertEquals(before, entries());
  }

  @Test
  void damagedProgramsAreCompiledAgain() throws IOException {
    try (OpenClDevice d = open()) {
      check(d);
    }
    Path entry = entries().getFirst();
    byte[] whole = Files.readAllBytes(entry);
    List<byte[]> damaged = new ArrayList<>();
    for (int length : new int[]{0, 1, 39, 40, 41, whole.length / 2, whole.length - 1}) {
      damaged.add(Arrays.copyOf(whole, length));
    }
    for (int at : new int[]{0, 8, 20, 40, 50, whole.length / 3, whole.length / 2, whole.length - 1}) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 0x10;
      damaged.add(flipped);
    }
    for (byte[] bytes : damaged) {
      Files.write(entry, bytes);
      try (OpenClDevice d = open()) {
        check(d);
      }
      assertTrue(cache().get(key(entry)).isPresent(), "a damaged entry is replaced");
    }
  }

  /** An entry that is whole and still no program: the driver refuses it, and nothing is lost. */
  @Test
  void aProgramThatTheDriverRefusesIsCompiledAgain() throws IOException {
    try (OpenClDevice d = open()) {
      check(d);
    }
    String key = key(entries().getFirst());
    cache().put(key, "no program at all".getBytes(StandardCharsets.UTF_8));
    try (OpenClDevice d = open()) {
      check(d);
    }
    assertTrue(cache().get(key).orElseThrow().length > 100);
  }

  private static List<Kernel> kernels(OpenClDevice d, int count) {
    return List.copyOf(new Planner(d.traits(), Tunings.GUESS).plan(Programs.chain(5, count)).kernels());
  }

  /** A kernel whose name is none, so that its source does not compile. */
  private static Kernel broken(Kernel whole) {
    return new Kernel("no name", whole.parameters(), whole.arrays(), whole.local(), whole.body());
  }

  @Test
  void aKernelThatDoesNotCompileIsNamedWithSourceAndLog() {
    try (OpenClDevice d = open()) {
      KernelStore store = d.session().kernels();
      List<Kernel> some = new ArrayList<>(kernels(d, 3));
      some.add(1, broken(some.getFirst()));
      long open = Handle.open();
      KernelBuildFailed e = assertThrows(KernelBuildFailed.class, () -> store.acquire(some));
      assertTrue(e.getMessage().startsWith("kernel 'no name' did not build: "), e.getMessage());
      assertTrue(e.source().contains("void no name("), e.source());
      assertTrue(e.log().contains("error"), e.log());
      assertFalse(e.getMessage().contains("\n"), "one line: " + e.getMessage());
      assertEquals(open, Handle.open());
      check(d);
    }
  }

  /** A name that two kernels share breaks them together, but not apart. */
  @Test
  void kernelsThatCompileOnlyApartAreCompiledApart() {
    try (OpenClDevice d = open()) {
      List<Kernel> two = kernels(d, 2);
      Kernel first = two.get(0);
      Kernel other = two.get(1);
      Kernel twin = new Kernel(first.name(), other.parameters(), other.arrays(), other.local(), other.body());
      Map<?, List<String>> programs = new Compiler(d.session().context(), "", null).having(List.of(first, twin));
      assertEquals(2, programs.size());
      programs.keySet().forEach(p -> ((Handle) p).close());
    }
  }

  @Test
  void leasesShareAndEnd() {
    try (OpenClDevice d = open()) {
      KernelStore store = d.session().kernels();
      long open = Handle.open();
      KernelStore.Lease first = store.acquire(kernels(d, 3));
      assertEquals(open + 1, Handle.open(), "one program");
      KernelStore.Lease second = store.acquire(kernels(d, 5));
      assertEquals(open + 2, Handle.open(), "and one for what is new");
      first.close();
      first.close();
      second.create(kernels(d, 5).getFirst()).close();
      second.close();
      assertEquals(open + 2, Handle.open(), "kept for a while");
    }
  }

  @Test
  void ofWhatNobodyUsesOnlySoMuchIsKept() {
    try (OpenClDevice d = Devices.open();
        KernelStore store = new KernelStore(new Compiler(d.session().context(), "", null), 3)) {
      List<Kernel> all = kernels(d, 6);
      long open = Handle.open();
      for (Kernel k : all) {
        store.acquire(List.of(k)).close();
      }
      assertEquals(open + 3, Handle.open());
      KernelStore.Lease last = store.acquire(all.subList(3, 6));
      assertEquals(open + 3, Handle.open(), "the last ones were kept");
      store.acquire(all.subList(0, 1)).close();
      assertEquals(open + 4, Handle.open());
      store.close();
      assertEquals(open + 3, Handle.open(), "what is used stays until the lease ends");
      last.create(all.get(3)).close();
      last.close();
      assertEquals(open, Handle.open());
    }
  }
}
