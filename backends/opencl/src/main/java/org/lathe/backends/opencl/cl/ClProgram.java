package org.lathe.backends.opencl.cl;

import static org.lathe.backends.opencl.cl.ClException.check;
import static org.lathe.backends.opencl.cl.ClException.create;

import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/** A compiled program. Any thread. */
public final class ClProgram extends Handle {
  private final ClDevice device;
  private final cl_program program;

  ClProgram(ClDevice device, cl_program program) {
    this.device = device;
    this.program = program;
  }

  /** A kernel of the program, with arguments of its own. It may outlive the program. */
  public ClKernel kernel(String name) {
    checkOpen();
    cl_kernel kernel = create("clCreateKernel", s -> CL.clCreateKernel(program, name, s));
    return new ClKernel(device, name, kernel);
  }

  /** What {@link ClContext#load} takes; empty if the driver does not give it. */
  public byte[] binary() {
    checkOpen();
    long[] size = new long[1];
    check("clGetProgramInfo",
        () -> CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARY_SIZES, Sizeof.size_t, Pointer.to(size), null));
    if (size[0] <= 0 || size[0] > Integer.MAX_VALUE - 64) {
      return new byte[0];
    }
    byte[] binary = new byte[(int) size[0]];
    Pointer binaries = Pointer.to(new Pointer[]{Pointer.to(binary)});
    check("clGetProgramInfo",
        () -> CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARIES, Sizeof.POINTER, binaries, null));
    return binary;
  }

  String buildLog() {
    cl_device_id id = device.id();
    try {
      long[] size = new long[1];
      check("clGetProgramBuildInfo",
          () -> CL.clGetProgramBuildInfo(program, id, CL.CL_PROGRAM_BUILD_LOG, 0, null, size));
      byte[] log = new byte[Math.toIntExact(size[0])];
      check("clGetProgramBuildInfo",
          () -> CL.clGetProgramBuildInfo(program, id, CL.CL_PROGRAM_BUILD_LOG, log.length, Pointer.to(log), null));
      return ClDevice.string(log);
    } catch (ClException e) {
      return "no build log: " + e.getMessage();
    }
  }

  @Override
  int release() {
    return CL.clReleaseProgram(program);
  }
}
