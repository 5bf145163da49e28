package org.lathe.backends.opencl;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.lathe.backends.opencl.cl.ClContext;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClProgram;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.backends.simt.aot.BuildFiles;
import org.lathe.backends.simt.aot.Manifest;
import org.lathe.backends.simt.aot.Manifest.BinaryEntry;
import org.lathe.backends.simt.aot.Manifest.KernelEntry;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.hal.device.DeviceUnavailable;

/**
 * The binaries that a directory of builds has for one device. The driver sees a binary only after its hash was found to be
 * the one in the manifest: drivers crash on damaged ones. Nothing is ever compiled. Any thread.
 */
final class Binaries {
  private final Path root;
  private final List<Prebuilt> prebuilt;

  /** A build and its binary for the device. */
  private record Prebuilt(Path directory, Manifest manifest, BinaryEntry binary) {}

  private Binaries(Path root, List<Prebuilt> prebuilt) {
    this.root = root;
    this.prebuilt = List.copyOf(prebuilt);
  }

  /**
   * Those for this device; {@link #isEmpty} if there are none.
   *
   * @throws IOException if a build cannot be read
   */
  static Binaries of(Path root, DeviceProperties device) throws IOException {
    List<Prebuilt> found = new ArrayList<>();
    for (Path directory : Manifest.directories(root)) {
      Manifest manifest = Manifest.read(directory);
      manifest.binaries().stream().filter(b -> fits(b, device)).reduce((first, last) -> last)
          .ifPresent(b -> found.add(new Prebuilt(directory, manifest, b)));
    }
    return new Binaries(root, found);
  }

  /** What identifies a device and its driver in a manifest. */
  static BinaryEntry entry(Manifest.FileEntry file, String sourceSha256, DeviceProperties d) {
    return new BinaryEntry(
        file, sourceSha256, d.platform() + ", " + d.platformVersion(), d.name() + ", " + d.version(), d.driver());
  }

  /** A vendor's image does not say for which board it is; its driver does when it is loaded. */
  private static boolean fits(BinaryEntry b, DeviceProperties device) {
    return b.platform().isEmpty()
        ? device.kind() == DeviceProperties.Kind.ACCELERATOR
        : entry(b.file(), b.sourceSha256(), device).equals(b);
  }

  boolean isEmpty() {
    return prebuilt.isEmpty();
  }

  ProgramSource on(ClContext context) {
    return kernels -> {
      Map<Prebuilt, Set<String>> needed = new LinkedHashMap<>();
      for (Kernel k : kernels) {
        needed.computeIfAbsent(find(k), p -> new LinkedHashSet<>()).add(k.name());
      }
      Map<ClProgram, List<String>> programs = new LinkedHashMap<>();
      try {
        needed.keySet().forEach(
            p -> programs.put(load(p, context), p.manifest().kernels().stream().map(KernelEntry::name).toList()));
        return programs;
      } catch (RuntimeException e) {
        programs.keySet().forEach(ClProgram::close);
        throw e;
      }
    };
  }

  private Prebuilt find(Kernel kernel) {
    KernelEntry wanted = KernelEntry.of(kernel);
    for (Prebuilt p : prebuilt) {
      KernelEntry found = p.manifest().kernel(kernel.name()).orElse(null);
      if (found == null) {
        continue;
      }
      if (!found.equals(wanted)) {
        throw new DeviceUnavailable(
            p.directory().resolve(Manifest.FILE) + " is damaged: kernel " + kernel.name() + " takes "
                + found.arguments() + ", expected " + wanted.arguments(),
            again(p));
      }
      return p;
    }
    String builds = prebuilt.stream().map(p -> p.manifest().name() + " in " + p.directory())
        .collect(Collectors.joining(", "));
    throw new DeviceUnavailable(
        "no binary has kernel " + kernel.name() + "; found were those of " + builds,
        "build what you want to run, with this version of Lathe: './lathe build NAME --device opencl-fpga --out "
            + root.resolve("NAME") + "' and then its binary");
  }

  private static ClProgram load(Prebuilt p, ClContext context) {
    byte[] binary;
    try {
      binary = BuildFiles.read(p.directory(), p.binary().file());
    } catch (IOException e) {
      throw because(new DeviceUnavailable(line(e), again(p)), e);
    }
    Path file = p.directory().resolve(p.binary().file().path());
    try {
      return context.load(binary, p.manifest().options());
    } catch (ClException e) {
      throw because(
          new DeviceUnavailable(file + " is not for " + context.device().properties().name() + ": " + e.getMessage(),
              again(p)),
          e);
    }
  }

  private static DeviceUnavailable because(DeviceUnavailable e, Exception cause) {
    e.initCause(cause);
    return e;
  }

  private static String line(IOException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
  }

  /** The command that makes the binary anew. */
  private static String again(Prebuilt p) {
    String build = "make it again with './lathe build " + p.manifest().name() + " --device opencl-fpga --out "
        + p.directory();
    return p.binary().platform().isEmpty()
        ? build + "', a vendor's build line there, and --register"
        : build + " --compile-with opencl:N'";
  }
}
