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
 */
final class SourceProgram {
  private static final long MEMORY =
      OpenCLArgDescriptor.ARG_GLOBAL_BIT | OpenCLArgDescriptor.ARG_ARRAY_BIT | OpenCLArgDescriptor.ARG_BYTE_BIT;
  private static final long NUMBER = OpenCLArgDescriptor.ARG_ISARG_BIT | OpenCLArgDescriptor.ARG_PRIMITIVE_BIT
      | OpenCLArgDescriptor.ARG_LONG_BIT;

  private final OpenCLDevice target;
  private final boolean inPlace;
  private final OpenCLProgram program;
  private final List<SourceExecutable> kernels = new ArrayList<>();
  private int open;

  /** @param inPlace whether the device works in the arrays themselves, so that Aparapi need not copy */
  private SourceProgram(OpenCLDevice target, boolean inPlace, String source) {
    this.target = target;
    this.inPlace = inPlace;
    this.program = new OpenCLProgram(target, source).createProgram(target);
  }

  /** One executable for each of the kernels. */
  static List<? extends Executable> compile(OpenCLDevice target, boolean inPlace, List<Request> requests) {
    Map<Kernel, Calling> named = new LinkedHashMap<>();
    requests.forEach(r -> named.put(r.named(), new Calling.Arenas(r.arenas())));
    String source = OpenClSource.render(named);
    SourceProgram p = new SourceProgram(target, inPlace, source);
    for (Request r : requests) {
      p.add(r.named().name(), source, r.kernel().local(), r.arenaCount(), r.kernel().parameters().size());
    }
    return p.kernels;
  }

  /** One kernel from source of its own, which takes arrays and then longs. */
  static Executable compile(
      OpenCLDevice target, boolean inPlace, String name, String source, Dims local, int memories, int numbers) {
    SourceProgram p = new SourceProgram(target, inPlace, source);
    p.add(name, source, local, memories, numbers);
    return p.kernels.getFirst();
  }

  private void add(String name, String source, Dims local, int memories, int numbers) {
    List<OpenCLArgDescriptor> descriptors = new ArrayList<>();
    for (int i = 0; i < memories; i++) {
      descriptors.add(
          new OpenCLArgDescriptor("arena" + i, inPlace ? MEMORY : MEMORY | OpenCLArgDescriptor.ARG_READWRITE_BIT));
    }
    for (int i = 0; i < numbers; i++) {
      descriptors.add(new OpenCLArgDescriptor("n" + i, NUMBER));
    }
    OpenCLKernel kernel = program == null ? null : OpenCLKernel.createKernel(program, name, descriptors);
    if (kernel == null) {
      List.copyOf(kernels).forEach(Executable::close);
      throw new KernelBuildFailed(name, source, "the device's compiler refused it; its log is on standard error");
    }
    kernels.add(new SourceExecutable(name, kernel, local, memories));
    open++;
  }

  /** One kernel of the program. */
  private final class SourceExecutable implements Executable {
    private final String name;
    private final OpenCLKernel kernel;
    private final Dims local;
    private final int memories;
    private boolean ran;
    private boolean closed;

    SourceExecutable(String name, OpenCLKernel kernel, Dims local, int memories) {
      this.name = name;
      this.kernel = kernel;
      this.local = local;
      this.memories = memories;
    }

    @Override
    public void run(byte[][] arenas, long[] numbers, Dims global) {
      Object[] arguments = new Object[1 + memories + numbers.length];
      arguments[0] = Ranges.of(target, global, local);
      System.arraycopy(arenas, 0, arguments, 1, memories);
      for (int i = 0; i < numbers.length; i++) {
        arguments[1 + memories + i] = numbers[i];
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
        if (ran) {
          kernel.dispose();
        } else {
          // Aparapi complains of the buffers of a kernel that never ran.
          NativeProcess.quietly(() -> {
            kernel.dispose();
            return true;
          });
        }
        open--;
        if (open == 0) {
          program.dispose();
        }
      }
    }
  }
}
