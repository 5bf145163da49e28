package org.lathe.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where devices that do not compile find their binaries. */
final class Binaries {
  /** What the backend reads. */
  private static final String PROPERTY = "lathe.fpga.binaries";

  @Option(names = "--binaries", paramLabel = "DIR", description = "For opencl-fpga: what ./lathe build wrote (default: $LATHE_FPGA_BINARIES).")
  void use(Path directory) {
    System.setProperty(PROPERTY, directory.toString());
  }
}
