package org.lathe.backends.opencl.cl;

import static org.lathe.backends.opencl.cl.ClException.check;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;

/**
 * A kernel and its arguments. One thread at a time: arguments are state of the kernel, read when it is enqueued. Memory
 * that is an argument stays alive until the command that uses it has ended, but the caller keeps it open until then.
 */
public final class ClKernel extends Handle {
  private final ClDevice device;
  private final String name;
  private final cl_kernel kernel;
  /** Off the heap, where JOCL finds its address twice as fast as an array's. */
  private final ByteBuffer number = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
  private final Pointer toNumber = Pointer.to(number);

  ClKernel(ClDevice device, String name, cl_kernel kernel) {
    this.device = device;
    this.name = name;
    this.kernel = kernel;
  }

  public String name() {
    return name;
  }

  cl_kernel kernel() {
    checkOpen();
    return kernel;
  }

  /** Binds memory to parameter {@code index}. */
  public void set(int index, ClMemory memory) {
    checkOpen();
    cl_mem mem = memory.memory();
    check("clSetKernelArg", () -> CL.clSetKernelArg(kernel, index, Sizeof.cl_mem, Pointer.to(mem)));
  }

  /** Binds a 64-bit integer to parameter {@code index}. */
  public void set(int index, long value) {
    checkOpen();
    number.putLong(0, value);
    int status;
    try {
      status = CL.clSetKernelArg(kernel, index, Long.BYTES, toNumber);
    } catch (CLException e) {
      status = e.getStatus();
    }
    if (status != CL.CL_SUCCESS) {
      throw new ClException("clSetKernelArg", status);
    }
  }

  /** Binds the bytes of an element, in the host's byte order, to parameter {@code index}. */
  public void set(int index, byte[] value) {
    checkOpen();
    check("clSetKernelArg", () -> CL.clSetKernelArg(kernel, index, value.length, Pointer.to(value)));
  }

  /** The most work items that a group of this kernel may have on the device. */
  public long maxGroup() {
    return info(CL.CL_KERNEL_WORK_GROUP_SIZE);
  }

  /** The bytes of local memory that a group needs. */
  public long localBytes() {
    return info(CL.CL_KERNEL_LOCAL_MEM_SIZE);
  }

  private long info(int what) {
    checkOpen();
    long[] value = new long[1];
    check("clGetKernelWorkGroupInfo",
        () -> CL.clGetKernelWorkGroupInfo(kernel, device.id(), what, Long.BYTES, Pointer.to(value), null));
    return value[0];
  }

  @Override
  int release() {
    return CL.clReleaseKernel(kernel);
  }
}
