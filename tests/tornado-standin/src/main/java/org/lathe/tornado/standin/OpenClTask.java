package org.lathe.tornado.standin;

import static org.jocl.CL.*;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;
import org.lathe.tornado.standin.types.arrays.TornadoNativeArray;

/** Runs OpenCL C as TornadoVM would call it, on the first OpenCL device of the machine. */
final class OpenClTask {
  private static final int HEADER = (int) TornadoNativeArray.ARRAY_HEADER;
  private static final Map<String, cl_program> PROGRAMS = new HashMap<>();

  private OpenClTask() {}

  private static final class Device {
    static final cl_device_id ID;
    static final cl_context CONTEXT;
    static final cl_command_queue QUEUE;

    static {
      CL.setExceptionsEnabled(true);
      cl_platform_id[] platforms = new cl_platform_id[1];
      clGetPlatformIDs(1, platforms, null);
      cl_device_id[] devices = new cl_device_id[1];
      clGetDeviceIDs(platforms[0], CL_DEVICE_TYPE_ALL, 1, devices, null);
      ID = devices[0];
      CONTEXT = clCreateContext(new cl_context_properties(), 1, devices, null, null, null);
      QUEUE = clCreateCommandQueue(CONTEXT, ID, 0, null);
    }
  }

  /** Throws what JOCL throws where there is no OpenCL. */
  static void start() {
    clFinish(Device.QUEUE);
  }

  static synchronized void run(String source, String kernel, List<MemorySegment> memory, WorkerGrid3D grid) {
    cl_program program = PROGRAMS.computeIfAbsent(source, OpenClTask::build);
    cl_kernel k = clCreateKernel(program, kernel, null);
    cl_mem nothing = clCreateBuffer(Device.CONTEXT, CL_MEM_READ_WRITE, 64, null, null);
    Map<MemorySegment, cl_mem> buffers = new IdentityHashMap<>();
    try {
      for (int i : new int[]{0, 1, 3}) {
        clSetKernelArg(k, i, Sizeof.cl_mem, Pointer.to(nothing));
      }
      clSetKernelArg(k, 2, 64, null);
      for (int i = 0; i < memory.size(); i++) {
        clSetKernelArg(k, 4 + i, Sizeof.cl_mem, Pointer.to(buffers.computeIfAbsent(memory.get(i), OpenClTask::upload)));
      }
      clEnqueueNDRangeKernel(Device.QUEUE, k, 3, null, grid.globalWork(), grid.localWork(), 0, null, null);
      clFinish(Device.QUEUE);
      buffers.forEach(OpenClTask::download);
    } finally {
      buffers.values().forEach(CL::clReleaseMemObject);
      clReleaseMemObject(nothing);
      clReleaseKernel(k);
    }
  }

  private static cl_program build(String source) {
    cl_program program = clCreateProgramWithSource(Device.CONTEXT, 1, new String[]{source}, null, null);
    clBuildProgram(program, 0, null, "-cl-std=CL1.2 -w", null, null);
    return program;
  }

  private static cl_mem upload(MemorySegment memory) {
    byte[] all = new byte[HEADER + (int) memory.byteSize()];
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, all, HEADER, all.length - HEADER);
    return clCreateBuffer(
        Device.CONTEXT, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, all.length, Pointer.to(all), null);
  }

  private static void download(MemorySegment memory, cl_mem buffer) {
    byte[] data = new byte[(int) memory.byteSize()];
    if (data.length > 0) {
      clEnqueueReadBuffer(Device.QUEUE, buffer, true, HEADER, data.length, Pointer.to(data), 0, null, null);
    }
    MemorySegment.copy(data, 0, memory, ValueLayout.JAVA_BYTE, 0, data.length);
  }
}
