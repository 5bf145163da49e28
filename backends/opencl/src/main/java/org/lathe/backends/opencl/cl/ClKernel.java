package org.lathe.backends.opencl.cl;

import static org.lathe.backends.opencl.cl.ClException.check;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_kernel;

/**
 * A kernel and its arguments. One thread at a time: arguments are state of the kernel, read when it is enqueued. Memory
 * that is an argument stays alive until the command that uses it has ended, but the caller keeps it open until then.
 */
public final class ClKernel extends Handle {
  private final ClDevice device;
  private final String name;
  private final cl_kernel kernel;
  /** What calls are handed by address: a number, and the range along three axes, global and local. */
  private final MemorySegment cells = Arena.ofAuto().allocate(7 * Long.BYTES, Long.BYTES);
  private long[] global = {0, 0, 0};
  private long[] local = {0, 0, 0};

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

  /** The work items to run over and those of a group, along each of three axes. */
  public void over(long[] global, long[] local) {
    checkOpen();
    this.global = global.clone();
    this.local = local.clone();
    for (int axis = 0; axis < 3; axis++) {
      cells.setAtIndex(ValueLayout.JAVA_LONG, 1 + axis, global[axis]);
      cells.setAtIndex(ValueLayout.JAVA_LONG, 4 + axis, local[axis]);
    }
  }

  long[] global() {
    return global;
  }

  long[] local() {
    return local;
  }

  long globalAddress() {
    return cells.address() + Long.BYTES;
  }

  long localAddress() {
    return cells.address() + 4 * Long.BYTES;
  }

  /** Binds memory to parameter {@code index}. */
  public void set(int index, ClMemory memory) {
    number(memory.memory().getNativePointer());
    NativeCalls.setKernelArg(kernel, index, Long.BYTES, cells.address());
  }

  /** Binds a 64-bit integer to parameter {@code index}. */
  public void set(int index, long value) {
    number(value);
    NativeCalls.setKernelArg(kernel, index, Long.BYTES, cells.address());
  }

  /** Binds a 32-bit integer to parameter {@code index}. */
  public void set(int index, int value) {
    checkOpen();
    cells.set(ValueLayout.JAVA_INT, 0, value);
    NativeCalls.setKernelArg(kernel, index, Integer.BYTES, cells.address());
  }

  private void number(long value) {
    checkOpen();
    cells.set(ValueLayout.JAVA_LONG, 0, value);
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
