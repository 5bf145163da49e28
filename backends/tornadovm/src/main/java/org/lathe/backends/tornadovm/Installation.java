package org.lathe.backends.tornadovm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.tornadovm.Platform.Nothing;

/**
 * What is to be said of a TornadoVM that is not in this JVM.
 *
 * @param home the variable TORNADOVM_HOME, null if it is not set
 * @param started whether the JVM was started with TornadoVM's options
 */
record Installation(@Nullable String home, boolean started) {
  static final String INSTALL = "install TornadoVM 5.2 for JDK 25 with its OpenCL backend, set TORNADOVM_HOME to it, and start"
      + " Lathe with ./lathe";
  /** What TornadoVM's argument file sets, and nothing else does. */
  private static final String STARTED = "tornado.load.api.implementation";
  private static final Pattern VERSION = Pattern.compile("5\\.[2-9].*-jdk25.*");

  static Installation ofThisProcess() {
    return new Installation(System.getenv("TORNADOVM_HOME"), System.getProperty(STARTED) != null);
  }

  /** Why TornadoVM cannot be used, as far as that can be said without starting it; empty if nothing speaks against it. */
  Optional<Nothing> absence() {
    if (home == null || home.isBlank()) {
      return started
          ? Optional.empty()
          : Optional.of(new Nothing("the JVM was not started with TornadoVM, and TORNADOVM_HOME is not set", INSTALL));
    }
    Path sdk;
    try {
      sdk = Path.of(home);
    } catch (InvalidPathException e) {
      return wrong("is no path");
    }
    if (!Files.isDirectory(sdk)) {
      return wrong("is no directory");
    }
    if (!Files.isDirectory(sdk.resolve("share/java/tornado"))) {
      return wrong("is no TornadoVM SDK: it has no share/java/tornado");
    }
    String version = version(sdk);
    if (!VERSION.matcher(version).matches()) {
      return wrong("is TornadoVM " + version + "; Lathe works with 5.2 for JDK 25");
    }
    if (started) {
      return Optional.empty();
    }
    if (Files.isRegularFile(sdk.resolve("tornado-argfile"))) {
      return Optional.of(new Nothing(
          "the JVM was not started with the options of TornadoVM " + version,
          "start Lathe with ./lathe, or java with @$TORNADOVM_HOME/tornado-argfile before all else"));
    }
    if (Files.isRegularFile(sdk.resolve("tornado-argfile.template"))) {
      return Optional.of(new Nothing(
          "the JVM was not started with the options of TornadoVM " + version + ", which comes with their template only",
          "start Lathe with ./lathe, which fills the template in"));
    }
    return wrong("has neither tornado-argfile nor tornado-argfile.template");
  }

  private Optional<Nothing> wrong(String what) {
    return Optional.of(new Nothing("TORNADOVM_HOME=" + home + " " + what, INSTALL));
  }

  private static String version(Path sdk) {
    try {
      for (String line : Files.readAllLines(sdk.resolve("etc/tornado.release"))) {
        if (line.startsWith("version=")) {
          return line.substring("version=".length()).strip();
        }
      }
      return "of an unknown version (etc/tornado.release names none)";
    } catch (IOException e) {
      return "of an unknown version (etc/tornado.release cannot be read)";
    }
  }
}
