package org.lathe.backends.aparapi;

import com.aparapi.ProfileInfo;
import com.aparapi.device.OpenCLDevice;
import com.aparapi.internal.opencl.OpenCLArgDescriptor;
import com.aparapi.internal.opencl.OpenCLKernel;
import com.aparapi.internal.opencl.OpenCLProgram;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.opencl.Calling;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.hal.Dims;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.KernelBuildFailed;

/**
 * Kernels in OpenCL C, compiled together, through Aparapi's binding of foreign source; without the interfaces that it makes
 * proxies of, whose annotations would be the same for all kernels. Closed with its last kernel. Its kernels take turns:
 * they share what Aparapi keeps for each program.
 *
 * <p>Kernels get numbers and addresses, never arrays: the binding of Aparapi 3.0.2 lets go of arrays before the kernel has
 * ended, so that the garbage collector may move them meanwhile, and takes those that have moved twice and gives them back
 * once, after which a collector that waits for them, as the serial one does, waits for ever.
 */
final class SourceProgram {
  private static final long NUMBER = OpenCLArgDescriptor.ARG_ISARG_BIT | OpenCLArgDescriptor.ARG_PRIMITIVE_BIT
      | OpenCLArgDescriptor.ARG_LONG_BIT;

  private final OpenCLDevice target;
  private final OpenCLProgram program;
  private final List<SourceExecutable> kernels = new ArrayList<>();
  private int open;

  private SourceProgram(OpenCLDevice target, String source) {
    this.target = target;
    this.program = new OpenCLProgram(target, source).createProgram(target);
  }

  /** One executable for each of the kernels. */
  static List<? extends Executable> compile(OpenCLDevice target, List<Kernel> kernels) {
    String source = render(kernels);
    SourceProgram p = new SourceProgram(target, source);
    kernels.forEach(k -> p.add(k.name(), source, k.local(), k.parameters().size()));
    return p.kernels;
  }

  static String render(List<Kernel> kernels) {
    Map<Kernel, Calling> callings = new LinkedHashMap<>();
    kernels.forEach(k -> callings.put(k, new Calling.Addresses()));
    return OpenClSource.render(callings);
  }

  /** One kernel from source of its own, which takes longs. */
  static Executable compile(OpenCLDevice target, String name, String source, Dims local, int numbers) {
    SourceProgram p = new SourceProgram(target, source);
    p.add(name, source, local, numbers);
    return p.kernels.getFirst();
  }

  private void add(String name, String source, Dims local, int numbers) {
    List<OpenCLArgDescriptor> descriptors = new ArrayList<>();
    for (int i = 0; i < numbers; i++) {
      descriptors.add(new OpenCLArgDescriptor("n" + i, NUMBER));
    }
    OpenCLKernel kernel = program == null ? null : OpenCLKernel.createKernel(program, name, descriptors);
    if (kernel == null) {
      List.copyOf(kernels).forEach(Executable::close);
      throw new KernelBuildFailed(name, source, "the device's compiler refused it; its log is on standard error");
    }
    kernels.add(new SourceExecutable(name, kernel, local));
    open++;
  }

  /** One kernel of the program. */
  private final class SourceExecutable implements Executable {
    private final String name;
    private final OpenCLKernel kernel;
    private final Dims local;
    private boolean ran;
    private boolean closed;

    SourceExecutable(String name, OpenCLKernel kernel, Dims local) {
      this.name = name;
      this.kernel = kernel;
      this.local = local;
    }

    @Override
    public void run(byte[][] arenas, long[] numbers, Dims global) {
      Object[] arguments = new Object[1 + numbers.length];
      arguments[0] = Ranges.of(target, global, local);
      for (int i = 0; i < numbers.length; i++) {
        arguments[1 + i] = numbers[i];
      }
      synchronized (SourceProgram.this) {
        kernel.invoke(arguments);
        if (!ran) {
          ran = true;
          checkThatItRan();
        }
      }
    }

    /** Aparapi says of a failed launch nothing but a line on standard error; its profile then has no such time. */
    private void checkThatItRan() {
      List<ProfileInfo> events = program.getProfileInfo();
      if (events.stream().noneMatch(e -> e.getEnd() > e.getStart())) {
        throw new DeviceLost(
            OpenClEngine.BACKEND, "the launch of kernel '" + name + "' failed; its log is on standard error");
      }
    }

    @Override
    public void close() {
      synchronized (SourceProgram.this) {
        if (closed) {
          return;
        }
        closed = true;
        kernel.dispose();
        open--;
        if (open == 0) {
          program.dispose();
        }
      }
    }
  }
}
