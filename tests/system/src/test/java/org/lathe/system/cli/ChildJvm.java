package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.lathe.backends.opencl.OpenClDriver;
import org.lathe.hal.device.Probe;

/** Tests that run in a JVM of their own, with properties and caches of their own, and which a driver may crash. */
public final class ChildJvm {
  private ChildJvm() {}

  /** Skips the test with the reason where there is no OpenCL device, or fails it where one is required. */
  static void needsOpenCl() {
    switch (new OpenClDriver().probe()) {
      case Probe.Available(var devices) -> devices.forEach(d -> d.close());
      case Probe.Unavailable(String reason, String remedy) -> {
        if (List.of(System.getProperty("lathe.tests.require", "").split(",")).contains("opencl")) {
          Assertions.fail(reason + "; " + remedy);
        }
        Assumptions.abort("no opencl:0: " + reason + "; " + remedy);
      }
    }
  }

  /** Runs {@code main} with {@code directory} as its argument and its cache; it must end well, and say so. */
  static void run(Class<?> main, Path directory) throws IOException, InterruptedException {
    run(main, directory, "-XX:TieredStopAtLevel=1");
  }

  /** The same with further options of the JVM. */
  public static void run(Class<?> main, Path directory, String... options) throws IOException, InterruptedException {
    Path log = directory.resolve("log");
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--add-modules=jdk.incubator.vector",
        "--enable-native-access=ALL-UNNAMED",
        "-XX:-CreateCoredumpOnCrash",
        "-Dlathe.cache.dir=" + directory.resolve("cache"),
        "-cp",
        System.getProperty("java.class.path")));
    command.addAll(List.of(options));
    command.addAll(List.of(main.getName(), directory.toString()));
    Process child = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
    try {
      assertTrue(child.waitFor(300, TimeUnit.SECONDS), () -> "it does not end: " + text(log));
      assertEquals(0, child.exitValue(), () -> text(log));
      assertTrue(text(log).endsWith("alive\n"), () -> text(log));
    } finally {
      child.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
    }
  }

  /** What it holds, or why it cannot be read. */
  static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
