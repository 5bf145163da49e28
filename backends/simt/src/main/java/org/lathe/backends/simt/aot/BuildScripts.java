package org.lathe.backends.simt.aot;

import java.util.List;

/** The vendors' build lines, as scripts for a POSIX shell. */
final class BuildScripts {
  private BuildScripts() {}

  private static final String HEAD = """
      #!/bin/sh
      # Compiles kernels.cl for %s. Expect hours.
      # Written from the vendor's documentation; Lathe's authors have not run it on a board.
      set -eu
      cd "$(dirname "$0")"
      """;

  private static final String REGISTER = """
      echo "Lathe uses it after: ./lathe build %s --device opencl-fpga --out $(pwd) --register $(pwd)/%s"
      """;

  /** Intel FPGA SDK for OpenCL: one image with all kernels. */
  static String intel(String name) {
    return HEAD.formatted("an Intel (Altera) FPGA with the Intel FPGA SDK for OpenCL") + """
        : "${BOARD:?set it to a board that 'aoc -list-boards' prints}"
        # AOC_FLAGS takes more options, such as -board-package=DIR, or -rtl to see the report before the long part.
        aoc -board="$BOARD" ${AOC_FLAGS:-} -o kernels.aocx kernels.cl
        """ + REGISTER.formatted(name, "kernels.aocx");
  }

  /** AMD Vitis: one object for each kernel, linked to one image. */
  static String amd(String name, List<String> kernels) {
    return HEAD.formatted("an AMD (Xilinx) FPGA with Vitis 2022.1 or older: later ones no longer take OpenCL C") + """
        : "${PLATFORM:?set it to a platform that 'platforminfo --list' prints}"
        # VPP_FLAGS takes more options, such as --kernel_frequency 300.
        mkdir -p xo
        for kernel in \\
        """ + String.join(" \\\n", kernels.stream().map(k -> "  " + k).toList()) + """

        do
          v++ -t hw --platform "$PLATFORM" ${VPP_FLAGS:-} -c -k "$kernel" -o "xo/$kernel.xo" kernels.cl
        done
        v++ -t hw --platform "$PLATFORM" ${VPP_FLAGS:-} -l -o kernels.xclbin xo/*.xo
        """ + REGISTER.formatted(name, "kernels.xclbin");
  }
}
