package org.lathe.backends.opencl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.lathe.backends.opencl.cl.BuildFailure;
import org.lathe.backends.opencl.cl.ClContext;
import org.lathe.backends.opencl.cl.ClDevice;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClProgram;
import org.lathe.backends.opencl.cl.OpenCl;
import org.lathe.backends.simt.aot.Build;
import org.lathe.backends.simt.aot.BuildFiles;
import org.lathe.backends.simt.aot.Manifest;
import org.lathe.backends.simt.aot.Manifest.BinaryEntry;
import org.lathe.backends.simt.aot.PipelineTarget;
import org.lathe.backends.simt.pipeline.KernelPipeline;
import org.lathe.hal.device.AheadOfTime;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.DeviceName;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Probe;
import org.lathe.hal.program.Program;

/** Builds for FPGAs, and their binaries. */
final class FpgaBuilds implements AheadOfTime {
  private static final String BINARIES = "binaries/";

  @Override
  public Capabilities capabilities() {
    return PipelineTarget.CAPABILITIES;
  }

  @Override
  public Built build(String name, List<Program> programs, Path directory) throws IOException {
    Build build = new Build(name, programs);
    return new Built(build.write(directory), build.kernels().stream().map(FpgaBuilds::figures).toList());
  }

  private static KernelFigures figures(KernelPipeline k) {
    return new KernelFigures(k.kernel(), Build.figures(k), Build.text(k));
  }

  @Override
  public List<Listing> list(Program program) {
    Build build = new Build(program.name(), List.of(program));
    return build.runs().stream().map(
        run -> new Listing(
            new Prepared.KernelReport(
                run.dispatch().label(), run.dispatch().spec().family(), run.plan().summary(),
                run.plan().launches().isEmpty() ? "" : build.source(run)),
            Build.kernels(run).stream().map(FpgaBuilds::figures).toList()))
        .toList();
  }

  @Override
  public Path compile(Path directory, String device) throws IOException {
    ClDevice compiler = device(device);
    String source = Build.source(directory);
    Manifest manifest = Manifest.read(directory);
    byte[] binary;
    try (ClContext context = ClContext.of(compiler);
        ClProgram program = context.build(source, manifest.options())) {
      binary = program.binary();
    } catch (BuildFailure e) {
      KernelBuildFailed failure = new KernelBuildFailed(
          Build.SOURCE, source, e.log().lines().filter(l -> !l.isBlank()).collect(Collectors.joining("\n")));
      failure.initCause(e);
      throw failure;
    } catch (ClException e) {
      throw Failures.opening(device, e);
    }
    if (binary.length == 0) {
      throw new DeviceUnavailable(
          "the driver of " + device + " gives no binaries", "compile with another device, such as PoCL's");
    }
    Manifest.FileEntry file = BuildFiles.write(directory, BINARIES + device.replace(':', '-') + ".bin", binary);
    manifest.withBinary(Binaries.entry(file, manifest.source().sha256(), compiler.properties())).write(directory);
    return directory.resolve(file.path());
  }

  private static ClDevice device(String name) {
    DeviceName wanted = DeviceName.parse(name);
    if (!wanted.backend().equals(OpenClDriver.NAME)) {
      throw new DeviceUnavailable(
          "device '" + name + "' does not compile OpenCL C", "name one of the backend opencl, such as opencl:0");
    }
    return switch (OpenCl.find()) {
      case OpenCl.Devices(List<ClDevice> found) -> {
        if (wanted.index() >= found.size()) {
          throw new DeviceUnavailable(
              "there is no device '" + name + "': backend 'opencl' has " + found.size(), "./lathe devices lists them");
        }
        yield found.get(wanted.index());
      }
      case OpenCl.Nothing nothing -> {
        Probe.Unavailable why = Absence.explain(nothing, System.getenv(), System.getProperty("os.name", ""));
        throw new DeviceUnavailable("device '" + name + "': " + why.reason(), why.remedy());
      }
    };
  }

  @Override
  public Path register(Path directory, Path binary) throws IOException {
    Manifest manifest = Manifest.read(directory);
    Manifest.FileEntry file = BuildFiles.write(directory, BINARIES + binary.getFileName(), Files.readAllBytes(binary));
    manifest.withBinary(new BinaryEntry(file, manifest.source().sha256(), "", "", "")).write(directory);
    return directory.resolve(file.path());
  }
}
