package org.lathe.backends.opencl;

import java.util.List;
import java.util.Map;
import org.lathe.backends.opencl.cl.ClProgram;
import org.lathe.backends.simt.ir.Kernel;

/** Where a device's compiled kernels come from. */
interface ProgramSource {
  /**
   * Programs that have all of these kernels between them, with the names of all kernels of each. They belong to the caller.
   */
  Map<ClProgram, List<String>> having(List<Kernel> kernels);
}
