package org.lathe.backends.opencl;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a main method in a JVM of its own, which may crash, with an environment of its own. */
final class ChildJvm {
  private final Class<?> main;
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> options = new ArrayList<>();

  private long limit = -1;

  ChildJvm(Class<?> main) {
    this.main = main;
  }

  ChildJvm with(String variable, Object value) {
    environment.put(variable, value.toString());
    return this;
  }

  ChildJvm option(String option) {
    options.add(option);
    return this;
  }

  /** Gives the process so much address space and no more. */
  ChildJvm limit(long bytes) {
    limit = bytes;
    return this;
  }

  /** @param exit 128 and a signal's number where the JVM crashed */
  record Result(int exit, String out, String err) {
    @Override
    public String toString() {
      return "exit code " + exit + "\n--- out\n" + out + "\n--- err\n" + err;
    }
  }

  Result run(String... arguments) throws IOException, InterruptedException {
    Path out = Files.createTempFile("child", ".out");
    Path err = Files.createTempFile("child", ".err");
    Path work = Files.createTempDirectory("child");
    try {
      List<String> command = new ArrayList<>();
      if (limit >= 0) {
        command.addAll(List.of("bash", "-c", "ulimit -v " + limit / 1024 + " && exec \"$@\"", "-"));
      }
      command.addAll(List.of(
          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "--enable-native-access=ALL-UNNAMED",
          "-XX:TieredStopAtLevel=1",
          "-XX:-CreateCoredumpOnCrash",
          "-Xshare:auto",
          "-cp",
          System.getProperty("java.class.path")));
      command.addAll(options);
      command.add(main.getName());
      command.addAll(List.of(arguments));
      ProcessBuilder builder = new ProcessBuilder(command).directory(work.toFile())
          .redirectOutput(out.toFile()).redirectError(err.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      if (!process.waitFor(120, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError("the child JVM did not end: " + Files.readString(out) + Files.readString(err));
      }
      return new Result(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      Files.delete(out);
      Files.delete(err);
      delete(work.toFile());
    }
  }

  private static void delete(File directory) throws IOException {
    File[] files = directory.listFiles();
    if (files != null) {
      for (File f : files) {
        Files.delete(f.toPath());
      }
    }
    Files.delete(directory.toPath());
  }
}
