package org.lathe.backends.opencl.cl;

import org.jocl.CL;
import org.jocl.cl_mem;

/** Memory of a device. Any thread. */
public final class ClMemory extends Handle {
  private final cl_mem memory;
  private final long bytes;

  ClMemory(cl_mem memory, long bytes) {
    this.memory = memory;
    this.bytes = bytes;
  }

  public long bytes() {
    return bytes;
  }

  cl_mem memory() {
    checkOpen();
    return memory;
  }

  void checkRange(long offset, long length) {
    if (offset < 0 || length <= 0 || offset > bytes - length) {
      throw new IndexOutOfBoundsException(length + " bytes at " + offset + " of memory of " + bytes);
    }
  }

  /** Commands under way keep the driver's own memory alive; memory of the host has to wait for them. */
  @Override
  int release() {
    return CL.clReleaseMemObject(memory);
  }
}
