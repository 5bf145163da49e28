package org.lathe.backends.aparapi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/**
 * Aparapi on oclgrind, a simulator with memory of its own, which Aparapi takes for an accelerator: kernels in the form for
 * GPUs, translated from bytecode, with copies there and back. It finds races and accesses beyond memory.
 */
class OclgrindTest {
  @TempDir
  Path directory;

  /** Runs kernels of every kind and checks their results. */
  static final class Main {
    static void main(String[] arguments) {
      try (AparapiDevice device = Runs.open(Route.BYTECODE)) {
        assertTrue(device.info().name().contains("Oclgrind"), device.info().toString());
        assertEquals(Route.BYTECODE, device.engine().route());
        Specs.all().forEach((name, spec) -> {
          long seed = new Random().nextLong();
          List<Elements> in = Samples.inputs(spec, new Random(seed));
          Tolerance.check(
              name + ", seed " + seed, spec, SpecReference.run(spec, in), Runs.run(device, spec, in));
        });
      }
      System.out.println("ran");
    }
  }

  @Test
  void kernelsOnADeviceWithMemoryOfItsOwnAreRightHaveNoRacesAndStayInBounds() throws Exception {
    Path log = directory.resolve("log");
    Files.writeString(directory.resolve("oclgrind.icd"), driver() + "\n");
    ProcessBuilder child = new ProcessBuilder(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
        "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), Main.class.getName())
        .redirectErrorStream(true);
    child.environment().put("OCL_ICD_VENDORS", directory.toString());
    child.environment().put("OCLGRIND_DATA_RACES", "1");
    child.environment().put("OCLGRIND_LOG", log.toString());
    Process process = child.start();
    String said = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), said);
    assertTrue(said.endsWith("ran\n"), said);
    assertEquals("", Files.exists(log) ? Files.readString(log) : "");
  }

  private static Path driver() throws IOException {
    Path installed = Path.of("/usr/lib/oclgrind");
    if (Files.isDirectory(installed)) {
      try (Stream<Path> files = Files.list(installed)) {
        Optional<Path> found = files.filter(f -> f.getFileName().toString().endsWith("rt-icd.so")).findFirst();
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    String why = "oclgrind is not installed; on Debian 'apt-get install oclgrind'";
    if (List.of(System.getProperty("lathe.tests.require", "").split(",")).contains("oclgrind")) {
      Assertions.fail(why);
    }
    return Assumptions.abort(why);
  }
}
