package org.lathe.hal.device;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.hal.program.Program;

/** Compiles programs for devices that need not be there, such as FPGAs. Any thread, one at a time for a directory. */
public interface AheadOfTime {
  /** What programs for such a device may contain. */
  Capabilities capabilities();

  /**
   * Writes the programs' kernels as sources, with all that their compiler and their loader need. Takes a new directory, an
   * empty one, or one with a build, which is replaced.
   *
   * @param name of what is built, as the user named it
   * @throws Unsupported if such a device does not run one of the kernels
   * @throws IOException if the directory holds something else, or cannot be written
   */
  Built build(String name, List<Program> programs, Path directory) throws IOException;

  /**
   * What {@link #build} would write for one program, dispatch by dispatch; writes nothing. No device is needed.
   *
   * @throws Unsupported if such a device does not run one of the kernels
   */
  List<Listing> list(Program program);

  /**
   * Compiles what {@link #build} wrote with the compiler of a device of this machine, which then stands in for the real one.
   *
   * @param device such as {@code opencl:0}
   * @return the binary's file
   * @throws DeviceUnavailable if the device is not there, or gives no binaries
   * @throws KernelBuildFailed if its compiler refuses the sources
   * @throws IOException if the build is damaged, or cannot be written
   */
  Path compile(Path directory, String device) throws IOException;

  /**
   * Takes a binary that a vendor's compiler made of the sources into the build.
   *
   * @return the binary's file in the build
   * @throws IOException if it cannot be read, or the build is damaged or cannot be written
   */
  Path register(Path directory, Path binary) throws IOException;

  /**
   * One dispatch.
   *
   * @param kernels what to expect of each of its kernels, in the order of their launches
   */
  record Listing(Prepared.KernelReport report, List<KernelFigures> kernels) {
    public Listing {
      kernels = List.copyOf(kernels);
    }
  }

  /**
   * What was written.
   *
   * @param kernels what to expect of each
   */
  record Built(List<Path> files, List<KernelFigures> kernels) {
    public Built {
      files = List.copyOf(files);
      kernels = List.copyOf(kernels);
    }
  }

  /**
   * What to expect of one kernel.
   *
   * @param figures for tools: texts, numbers, booleans, and lists and maps of these
   * @param text for people
   */
  record KernelFigures(String kernel, Map<String, Object> figures, String text) {
    public KernelFigures {
      figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
    }
  }
}
