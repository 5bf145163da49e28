package org.lathe.backends.aparapi;

import com.aparapi.device.OpenCLDevice;
import com.aparapi.internal.opencl.OpenCLArgDescriptor;
import com.aparapi.internal.opencl.OpenCLKernel;
import com.aparapi.internal.opencl.OpenCLProgram;
import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.opencl.Calling;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.hal.Dims;
import org.lathe.hal.device.KernelBuildFailed;

/**
 * OpenCL C through Aparapi's binding of foreign source, without the interfaces that it makes proxies of: their annotations
 * would be the same for all kernels.
 */
final class SourceExecutable implements Executable {
  private static final long MEMORY =
      OpenCLArgDescriptor.ARG_GLOBAL_BIT | OpenCLArgDescriptor.ARG_ARRAY_BIT | OpenCLArgDescriptor.ARG_BYTE_BIT;
  private static final long NUMBER = OpenCLArgDescriptor.ARG_ISARG_BIT | OpenCLArgDescriptor.ARG_PRIMITIVE_BIT
      | OpenCLArgDescriptor.ARG_LONG_BIT;

  private final OpenCLDevice target;
  private final Dims local;
  private final OpenCLProgram program;
  private final OpenCLKernel kernel;
  private final Object[] arguments;
  private boolean ran;

  SourceExecutable(OpenCLDevice target, Kernel ir, List<Integer> arenas, boolean inPlace) {
    this(
        target, ir.name(), OpenClSource.render(ir, new Calling.Arenas(arenas)), ir.local(),
        (int) arenas.stream().distinct().count(), ir.parameters().size(), inPlace);
  }

  /**
   * @param memories how many arrays the kernel takes, first
   * @param numbers how many longs it takes after them
   */
  SourceExecutable(
      OpenCLDevice target, String name, String source, Dims local, int memories, int numbers, boolean inPlace) {
    this.target = target;
    this.local = local;
    List<OpenCLArgDescriptor> descriptors = new ArrayList<>();
    long memory = inPlace ? MEMORY : MEMORY | OpenCLArgDescriptor.ARG_READWRITE_BIT;
    for (int i = 0; i < memories; i++) {
      descriptors.add(new OpenCLArgDescriptor("arena" + i, memory));
    }
    for (int i = 0; i < numbers; i++) {
      descriptors.add(new OpenCLArgDescriptor("n" + i, NUMBER));
    }
    arguments = new Object[1 + memories + numbers];
    program = new OpenCLProgram(target, source).createProgram(target);
    OpenCLKernel built = program == null ? null : OpenCLKernel.createKernel(program, name, descriptors);
    if (built == null) {
      throw new KernelBuildFailed(name, source, "the device's compiler refused it; its log is on standard error");
    }
    kernel = built;
  }

  @Override
  public void run(byte[][] arenas, long[] numbers, Dims global) {
    arguments[0] = Ranges.of(target, global, local);
    System.arraycopy(arenas, 0, arguments, 1, arenas.length);
    for (int i = 0; i < numbers.length; i++) {
      arguments[1 + arenas.length + i] = numbers[i];
    }
    kernel.invoke(arguments);
    ran = true;
    java.util.Arrays.fill(arguments, null);
  }

  @Override
  public void close() {
    if (ran) {
      kernel.dispose();
    } else {
      // It complains of the buffers that a kernel has that never ran.
      NativeProcess.quietly(() -> {
        kernel.dispose();
        return true;
      });
    }
    program.dispose();
  }
}
