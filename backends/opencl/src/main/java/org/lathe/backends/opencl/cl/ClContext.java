package org.lathe.backends.opencl.cl;

import static org.lathe.backends.opencl.cl.ClException.check;
import static org.lathe.backends.opencl.cl.ClException.create;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;

/** A context of one device: where memory, programs and queues are made. Any thread. */
public final class ClContext extends Handle {
  private final ClDevice device;
  private final cl_context context;

  private ClContext(ClDevice device, cl_context context) {
    this.device = device;
    this.context = context;
  }

  public static ClContext of(ClDevice device) {
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, device.platform());
    cl_device_id[] devices = {device.id()};
    return new ClContext(
        device, create("clCreateContext", s -> CL.clCreateContext(properties, 1, devices, null, null, s)));
  }

  public ClDevice device() {
    return device;
  }

  cl_context context() {
    checkOpen();
    return context;
  }

  /** A queue whose commands run one after the other. */
  @SuppressWarnings("deprecation") // its successor is missing where the driver speaks OpenCL 1.2
  public ClQueue queue(boolean profiling) {
    cl_context c = context();
    long properties = profiling ? CL.CL_QUEUE_PROFILING_ENABLE : 0;
    return new ClQueue(
        create("clCreateCommandQueue", s -> CL.clCreateCommandQueue(c, device.id(), properties, s)));
  }

  /** Memory of the device. */
  public ClMemory memory(long bytes) {
    return memory(bytes, CL.CL_MEM_READ_WRITE, null);
  }

  /** Memory that the driver gives, where the host can reach it fast once it is mapped. */
  public ClMemory hostReachableMemory(long bytes) {
    return memory(bytes, CL.CL_MEM_READ_WRITE | CL.CL_MEM_ALLOC_HOST_PTR, null);
  }

  /** Memory of the host as memory of the device. It has to stay until the result is closed and all its users are done. */
  public ClMemory memoryOver(MemorySegment host) {
    if (!host.isNative()) {
      throw new IllegalArgumentException("memory on the Java heap moves; it cannot be a device's");
    }
    return memory(host.byteSize(), CL.CL_MEM_READ_WRITE | CL.CL_MEM_USE_HOST_PTR, ClQueue.pointer(host));
  }

  private ClMemory memory(long bytes, long flags, @Nullable Pointer host) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("device memory of " + bytes + " bytes");
    }
    cl_context c = context();
    return new ClMemory(create("clCreateBuffer", s -> CL.clCreateBuffer(c, flags, bytes, host, s)), bytes);
  }

  /**
   * Compiles OpenCL C.
   *
   * @throws BuildFailure if the compiler refuses it
   */
  public ClProgram build(String source, String options) {
    cl_context c = context();
    cl_program program = create(
        "clCreateProgramWithSource",
        s -> CL.clCreateProgramWithSource(c, 1, new String[]{source}, null, s));
    return built(program, options);
  }

  /**
   * A program that {@link ClProgram#binary} gave, on a device of the same kind and driver. Drivers crash on damaged ones:
   * the caller has made sure that it is whole.
   *
   * @throws ClException INVALID_BINARY if it is for another device
   * @throws BuildFailure if the driver does not take it
   */
  public ClProgram load(byte[] binary, String options) {
    cl_context c = context();
    if (binary.length == 0) {
      throw new ClException("clCreateProgramWithBinary", ClException.INVALID_VALUE);
    }
    cl_program program = create(
        "clCreateProgramWithBinary",
        s -> CL.clCreateProgramWithBinary(
            c,
            1,
            new cl_device_id[]{device.id()},
            new long[]{binary.length},
            new byte[][]{Arrays.copyOf(binary, binary.length)},
            null,
            s));
    return built(program, options);
  }

  private ClProgram built(cl_program created, String options) {
    ClProgram program = new ClProgram(device, created);
    try {
      check("clBuildProgram",
          () -> CL.clBuildProgram(created, 1, new cl_device_id[]{device.id()}, options, null, null));
      return program;
    } catch (ClException e) {
      BuildFailure failure = new BuildFailure(e, program.buildLog());
      program.close();
      throw failure;
    }
  }

  @Override
  int release() {
    return CL.clReleaseContext(context);
  }
}
