package org.lathe.backends.simt.aot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lathe.backends.simt.aot.Manifest.BinaryEntry;
import org.lathe.backends.simt.aot.Manifest.FileEntry;
import org.lathe.backends.simt.aot.Manifest.InvalidBuildException;
import org.lathe.backends.simt.aot.Manifest.KernelEntry;
import org.lathe.backends.simt.aot.Manifest.ProgramEntry;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.backends.simt.pipeline.KernelPipeline;
import org.lathe.backends.simt.pipeline.PipelineAnalysis;
import org.lathe.backends.simt.pipeline.PipelineText;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.program.ProgramPlan;
import org.lathe.hal.program.Program;
import org.lathe.hal.text.ProgramText;

/**
 * Writes programs as pipelines into a directory: {@code kernels.cl} with all their kernels, {@code programs/*.program},
 * {@code report.txt} and {@code report.json}, the vendors' build lines {@code build-intel.sh} and {@code build-amd.sh}, and
 * {@code manifest.json}.
 */
public final class Build {
  public static final String SOURCE = "kernels.cl";

  private final String name;
  private final List<ProgramPlan> plans;
  private final ProgramPipelines pipelines;

  /**
   * Plans the programs.
   *
   * @param name of what is built, as a user names it
   * @throws org.lathe.hal.device.Unsupported if pipelines do not run one of the kernels
   */
  public Build(String name, List<Program> programs) {
    Planner planner = PipelineTarget.planner();
    this.name = name;
    this.plans = programs.stream().map(planner::plan).toList();
    this.pipelines = new ProgramPipelines(plans);
  }

  /** What to expect of each kernel. */
  public List<KernelPipeline> kernels() {
    return pipelines.kernels();
  }

  /** The source of all kernels. */
  public String source() {
    return OpenClSource.renderPipelines(ProgramPipelines.kernels(plans), pipelines.independent());
  }

  /** The dispatches, program by program. */
  public List<PlannedStep.Run> runs() {
    return plans.stream().flatMap(p -> p.runs().stream()).toList();
  }

  /** What to expect of each launch of a dispatch. */
  public static List<KernelPipeline> kernels(PlannedStep.Run run) {
    return run.plan().launches().stream().map(PipelineAnalysis::of).toList();
  }

  /** The source of the kernels of one dispatch. */
  public String source(PlannedStep.Run run) {
    return OpenClSource.renderPipelines(run.plan().kernels(), pipelines.independent());
  }

  /** The figures of one kernel, for tools: texts, numbers, lists and maps of these. */
  public static Map<String, Object> figures(KernelPipeline kernel) {
    return ProgramPipelines.json(kernel);
  }

  public static String text(KernelPipeline kernel) {
    return PipelineText.print(kernel);
  }

  /**
   * Writes all files, the manifest last. Binaries that were made of this very source stay.
   *
   * @return what was written, from the directory
   * @throws InvalidBuildException if the directory holds something that is no build
   */
  public List<Path> write(Path directory) throws IOException {
    List<BinaryEntry> before = binaries(directory);
    Files.createDirectories(directory);
    List<FileEntry> files = new ArrayList<>();
    FileEntry source = BuildFiles.write(directory, SOURCE, source());
    files.add(source);
    List<Kernel> kernels = ProgramPipelines.kernels(plans);
    List<ProgramEntry> programs = new ArrayList<>();
    for (ProgramPlan plan : plans) {
      String file = String.format(
          Locale.ROOT, "programs/%02d-%s.program", programs.size(),
          plan.program().name().replaceAll("[^A-Za-z0-9]+", "-"));
      files.add(BuildFiles.write(directory, file, ProgramText.print(plan.program())));
      programs.add(new ProgramEntry(
          plan.program().name(), file, plan.kernels().stream().map(Kernel::name).toList()));
    }
    files.add(BuildFiles.write(directory, "report.txt", pipelines.text(name)));
    files.add(BuildFiles.write(directory, "report.json", Json.print(pipelines.json(name))));
    files.add(script(directory, "build-intel.sh", BuildScripts.intel(name)));
    files.add(script(
        directory, "build-amd.sh", BuildScripts.amd(name, kernels.stream().map(Kernel::name).toList())));
    new Manifest(
        name, PipelineTarget.OPTIONS, files, source, kernels.stream().map(KernelEntry::of).toList(), programs,
        before.stream().filter(b -> b.sourceSha256().equals(source.sha256())).toList()).write(directory);
    List<Path> written = new ArrayList<>();
    files.forEach(f -> written.add(directory.resolve(f.path())));
    written.add(directory.resolve(Manifest.FILE));
    return written;
  }

  private static FileEntry script(Path directory, String path, String text) throws IOException {
    FileEntry entry = BuildFiles.write(directory, path, text);
    Path file = directory.resolve(path);
    if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    return entry;
  }

  /** Those of the build that is there. */
  private static List<BinaryEntry> binaries(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    if (Files.exists(directory.resolve(Manifest.FILE))) {
      try {
        return Manifest.read(directory).binaries();
      } catch (InvalidBuildException e) {
        // What is damaged is made anew.
        return List.of();
      }
    }
    try (Stream<Path> inside = Files.list(directory)) {
      if (inside.findAny().isPresent()) {
        throw new InvalidBuildException(
            directory + " holds files that are no build of Lathe's: name an empty or a new directory");
      }
    }
    return List.of();
  }

  /** The source of a build, if it is whole. */
  public static String source(Path directory) throws IOException {
    return new String(BuildFiles.read(directory, Manifest.read(directory).source()), StandardCharsets.UTF_8);
  }
}
