package org.lathe.backends.tornadovm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.backends.tornadovm.Platform.Nothing;

class InstallationTest {
  @TempDir
  Path directory;

  private static Nothing absence(Path home, boolean started) {
    return new Installation(home == null ? null : home.toString(), started).absence().orElseThrow();
  }

  private Path sdk(String version) throws IOException {
    Path sdk = directory.resolve("sdk");
    Files.createDirectories(sdk.resolve("share/java/tornado"));
    Files.createDirectories(sdk.resolve("etc"));
    Files.writeString(sdk.resolve("etc/tornado.release"), "version=" + version + "\nbranch=x\n");
    return sdk;
  }

  private static void says(String part, String text) {
    assertTrue(text.contains(part), text);
    assertEquals(1, text.lines().count());
  }

  @Test
  void withoutTheVariable() {
    Nothing nothing = absence(null, false);
    says("TORNADOVM_HOME is not set", nothing.reason());
    says("set TORNADOVM_HOME", nothing.remedy());
    says("TORNADOVM_HOME is not set", absence(Path.of(""), false).reason());
  }

  @Test
  void aDirectoryThatIsNoSdk() throws IOException {
    says("is no directory", absence(directory.resolve("nowhere"), false).reason());
    says("it has no share/java/tornado", absence(directory, false).reason());
    assertTrue(new Installation("\0", false).absence().orElseThrow().reason().contains("is no path"));
  }

  @Test
  void anotherVersion() throws IOException {
    for (String version : new String[]{"4.0.1-jdk25", "5.2.0-jdk21", "6.0", ""}) {
      says("is TornadoVM " + version, absence(sdk(version), false).reason());
      says("is TornadoVM " + version, absence(sdk(version), true).reason());
    }
    Path sdk = sdk("5.2.0-jdk25");
    Files.writeString(sdk.resolve("etc/tornado.release"), "branch=x\n");
    says("names none", absence(sdk, true).reason());
    Files.delete(sdk.resolve("etc/tornado.release"));
    says("cannot be read", absence(sdk, true).reason());
  }

  @Test
  void notStartedWithItsOptions() throws IOException {
    Path sdk = sdk("5.2.1-jdk25-dev");
    says("neither tornado-argfile nor", absence(sdk, false).reason());
    Files.writeString(sdk.resolve("tornado-argfile.template"), "");
    says("template only", absence(sdk, false).reason());
    says("fills the template in", absence(sdk, false).remedy());
    Files.writeString(sdk.resolve("tornado-argfile"), "");
    says("not started with the options", absence(sdk, false).reason());
    says("@$TORNADOVM_HOME/tornado-argfile", absence(sdk, false).remedy());
  }

  @Test
  void nothingSpeaksAgainstIt() throws IOException {
    assertTrue(new Installation(sdk("5.2.0-jdk25").toString(), true).absence().isEmpty());
    assertTrue(new Installation(null, true).absence().isEmpty());
  }
}
