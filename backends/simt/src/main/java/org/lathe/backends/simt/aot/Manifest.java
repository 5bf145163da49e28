package org.lathe.backends.simt.aot;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;

/**
 * What a build directory holds: {@code manifest.json}. Binaries do not say which arguments their kernels take, so it does.
 *
 * @param name of what was built, as the command that built it named it
 * @param options that the sources are compiled with
 * @param files everything in the directory but the manifest and the binaries
 * @param source the one of {@code files} with all kernels
 * @param binaries what compilers made of the source
 */
public record Manifest(
    String name,
    String options,
    List<FileEntry> files,
    FileEntry source,
    List<KernelEntry> kernels,
    List<ProgramEntry> programs,
    List<BinaryEntry> binaries) {
  public static final String FILE = "manifest.json";
  private static final String FORMAT = "lathe build 1";

  public Manifest {
    files = List.copyOf(files);
    kernels = List.copyOf(kernels);
    programs = List.copyOf(programs);
    binaries = List.copyOf(binaries);
  }

  /** A file by its path from the directory, with {@code /}, and the SHA-256 of its contents in hexadecimal digits. */
  public record FileEntry(String path, long bytes, String sha256) {}

  /** One argument of a kernel, in OpenCL C, such as {@code __global const float* in0}. */
  public record KernelEntry(String name, List<String> arguments) {
    public KernelEntry {
      arguments = List.copyOf(arguments);
    }

    /** As the kernel's source declares it. */
    public static KernelEntry of(Kernel kernel) {
      List<String> arguments = new ArrayList<>();
      for (Parameter p : kernel.parameters()) {
        switch (p) {
          case Parameter.Global g -> {
            arguments.add(g.access().name().toLowerCase(Locale.ROOT) + " " + g.dtype() + "[" + g.elements() + "] "
                + g.name());
            arguments.add("i64 " + g.name() + "_offset");
          }
          case Parameter.Scalar s -> arguments.add(s.dtype() + " " + s.name());
        }
      }
      return new KernelEntry(kernel.name(), arguments);
    }
  }

  /** A program, in the notation of {@code ProgramText}, and the kernels that it launches. */
  public record ProgramEntry(String name, String file, List<String> kernels) {
    public ProgramEntry {
      kernels = List.copyOf(kernels);
    }
  }

  /**
   * What a compiler made of the source.
   *
   * @param sourceSha256 of the source that it was made of
   * @param platform the platform, device and driver that it was made for; empty where only the driver can say
   */
  public record BinaryEntry(FileEntry file, String sourceSha256, String platform, String device, String driver) {}

  /** The directory holds no build, or a damaged one. The message is one line. */
  public static final class InvalidBuildException extends IOException {
    private static final long serialVersionUID = 1;

    public InvalidBuildException(String message) {
      super(message);
    }
  }

  public Manifest withBinary(BinaryEntry added) {
    List<BinaryEntry> all = new ArrayList<>(binaries);
    all.removeIf(b -> b.file().path().equals(added.file().path()));
    all.add(added);
    return new Manifest(name, options, files, source, kernels, programs, all);
  }

  public Optional<KernelEntry> kernel(String kernel) {
    return kernels.stream().filter(k -> k.name().equals(kernel)).findFirst();
  }

  /** The builds in a directory: itself, or those right beneath it. */
  public static List<Path> directories(Path root) throws IOException {
    if (Files.exists(root.resolve(FILE))) {
      return List.of(root);
    }
    if (!Files.isDirectory(root)) {
      return List.of();
    }
    try (Stream<Path> inside = Files.list(root)) {
      return inside.filter(d -> Files.exists(d.resolve(FILE))).sorted().toList();
    }
  }

  public void write(Path directory) throws IOException {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("format", FORMAT);
    all.put("name", name);
    all.put("options", options);
    all.put("source", entry(source));
    all.put("files", files.stream().map(Manifest::entry).toList());
    all.put("kernels", kernels.stream().map(k -> fields("name", k.name(), "arguments", k.arguments())).toList());
    all.put(
        "programs",
        programs.stream().map(p -> fields("name", p.name(), "file", p.file(), "kernels", p.kernels())).toList());
    all.put("binaries", binaries.stream().map(b -> {
      Map<String, Object> e = entry(b.file());
      e.putAll(fields("source_sha256", b.sourceSha256(), "platform", b.platform(), "device", b.device(), "driver",
          b.driver()));
      return e;
    }).toList());
    BuildFiles.write(directory, FILE, Json.print(all));
  }

  private static Map<String, Object> entry(FileEntry f) {
    return fields("path", f.path(), "bytes", f.bytes(), "sha256", f.sha256());
  }

  private static Map<String, Object> fields(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws InvalidBuildException if it is no manifest of this version of Lathe
   */
  public static Manifest read(Path directory) throws IOException {
    Path file = directory.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw new InvalidBuildException(directory + " holds no build: it has no " + FILE);
    }
    try {
      ManifestFields f = ManifestFields.parse(Files.readString(file));
      if (!f.text("format").equals(FORMAT)) {
        throw new InvalidBuildException(file + " is of the format '" + f.text("format") + "', not '" + FORMAT + "'");
      }
      return new Manifest(
          f.text("name"),
          f.text("options"),
          f.each("files", Manifest::file),
          file(f.object("source")),
          f.each("kernels", k -> new KernelEntry(k.text("name"), k.texts("arguments"))),
          f.each("programs", p -> new ProgramEntry(p.text("name"), p.text("file"), p.texts("kernels"))),
          f.each("binaries", b -> new BinaryEntry(
              file(b), b.text("source_sha256"), b.text("platform"), b.text("device"), b.text("driver"))));
    } catch (Json.SyntaxException | CharacterCodingException e) {
      throw new InvalidBuildException(file + " is damaged: " + e.getMessage());
    }
  }

  private static FileEntry file(ManifestFields f) throws Json.SyntaxException {
    return new FileEntry(f.text("path"), f.number("bytes"), f.text("sha256"));
  }
}
