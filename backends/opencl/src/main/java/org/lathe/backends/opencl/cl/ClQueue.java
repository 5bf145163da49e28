package org.lathe.backends.opencl.cl;

import static org.lathe.backends.opencl.cl.ClException.check;
import static org.lathe.backends.opencl.cl.ClException.create;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_mem;

/**
 * Commands that a device runs one after the other. Any thread. Nothing waits for the device unless it says so; memory that
 * a command uses stays as it is until the command has ended.
 */
public final class ClQueue extends Handle {
  /** What is mapped at most: JOCL gives byte buffers, which count in 32 bits. */
  public static final long MAX_MAPPING = 1L << 30;

  private final cl_command_queue queue;

  ClQueue(cl_command_queue queue) {
    this.queue = queue;
  }

  cl_command_queue queue() {
    checkOpen();
    return queue;
  }

  /** Runs a kernel over its range. */
  public void run(ClKernel kernel) {
    checkOpen();
    NativeCalls.enqueueKernel(queue, kernel.kernel(), kernel.globalAddress(), kernel.localAddress());
  }

  /** The same, with an event that tells its times where the queue is a profiling one. */
  public ClEvent runTimed(ClKernel kernel) {
    checkOpen();
    cl_event event = new cl_event();
    check("clEnqueueNDRangeKernel",
        () -> CL.clEnqueueNDRangeKernel(
            queue, kernel.kernel(), 3, null, kernel.global(), kernel.local(), 0, null, event));
    return new ClEvent(event);
  }

  /** An event for the end of everything enqueued so far. */
  public ClEvent marker() {
    checkOpen();
    cl_event event = new cl_event();
    check("clEnqueueMarkerWithWaitList", () -> CL.clEnqueueMarkerWithWaitList(queue, 0, null, event));
    return new ClEvent(event);
  }

  /** Sees to it that the device begins. */
  public void flush() {
    checkOpen();
    check("clFlush", () -> CL.clFlush(queue));
  }

  /** Waits until everything enqueued so far has ended. */
  public void finish() {
    checkOpen();
    check("clFinish", () -> CL.clFinish(queue));
  }

  /** Copies all of {@code source}, native memory that stays as it is until the command has ended, to the device. */
  public void write(ClMemory target, long offset, MemorySegment source) {
    checkOpen();
    target.checkRange(offset, source.byteSize());
    NativeCalls.enqueueWrite(queue, target.memory(), offset, source.byteSize(), address(source));
  }

  /** Fills {@code target}, native memory that nobody touches until the command has ended, from the device. */
  public void read(ClMemory source, long offset, MemorySegment target) {
    checkOpen();
    source.checkRange(offset, target.byteSize());
    NativeCalls.enqueueRead(queue, source.memory(), offset, target.byteSize(), address(target));
  }

  private static long address(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("memory on the Java heap moves; it cannot be handed to a driver");
    }
    return segment.address();
  }

  /** Copies on the device. The ranges of one memory do not overlap. */
  public void copy(ClMemory source, long sourceOffset, ClMemory target, long targetOffset, long bytes) {
    checkOpen();
    source.checkRange(sourceOffset, bytes);
    target.checkRange(targetOffset, bytes);
    check("clEnqueueCopyBuffer",
        () -> CL.clEnqueueCopyBuffer(
            queue, source.memory(), target.memory(), sourceOffset, targetOffset, bytes, 0, null, null));
  }

  /** Fills memory with one byte. */
  public void fill(ClMemory target, long offset, long bytes, byte value) {
    checkOpen();
    target.checkRange(offset, bytes);
    check("clEnqueueFillBuffer",
        () -> CL.clEnqueueFillBuffer(
            queue, target.memory(), Pointer.to(new byte[]{value}), 1, offset, bytes, 0, null, null));
  }

  /** How the host uses what it maps. */
  public enum Access {
    READ(CL.CL_MAP_READ), WRITE(CL.CL_MAP_WRITE_INVALIDATE_REGION), READ_WRITE(CL.CL_MAP_READ | CL.CL_MAP_WRITE);

    private final long flags;

    Access(long flags) {
      this.flags = flags;
    }
  }

  /** Memory of the device while the host sees it. {@link #close} hands it back, and waits until the device has it. */
  public final class Mapping implements AutoCloseable {
    private final ClMemory memory;
    private final ByteBuffer buffer;
    private boolean closed;

    private Mapping(ClMemory memory, ByteBuffer buffer) {
      this.memory = memory;
      this.buffer = buffer;
    }

    /** What was mapped; not to be used after {@link #close}. */
    public MemorySegment segment() {
      return MemorySegment.ofBuffer(buffer);
    }

    @Override
    public void close() {
      if (closed) {
        return;
      }
      closed = true;
      checkOpen();
      cl_event event = new cl_event();
      check("clEnqueueUnmapMemObject",
          () -> CL.clEnqueueUnmapMemObject(queue, memory.memory(), buffer, 0, null, event));
      try (ClEvent unmapped = new ClEvent(event)) {
        unmapped.await();
      }
    }
  }

  /** Waits for what was enqueued before, and lets the host see at most {@link #MAX_MAPPING} bytes of memory. */
  public Mapping map(ClMemory memory, long offset, long bytes, Access access) {
    checkOpen();
    memory.checkRange(offset, bytes);
    if (bytes > MAX_MAPPING) {
      throw new IllegalArgumentException("mapping " + bytes + " bytes at once; at most " + MAX_MAPPING);
    }
    cl_mem mem = memory.memory();
    ByteBuffer mapped = create(
        "clEnqueueMapBuffer",
        s -> CL.clEnqueueMapBuffer(queue, mem, true, access.flags, offset, bytes, 0, null, null, s));
    return new Mapping(memory, mapped);
  }

  /** A pointer to the segment's first byte. JOCL does not know lengths. */
  static Pointer pointer(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("memory on the Java heap moves; it cannot be handed to a driver");
    }
    return Pointer.to(segment.asSlice(0, Math.min(segment.byteSize(), MAX_MAPPING)).asByteBuffer());
  }

  @Override
  int release() {
    return CL.clReleaseCommandQueue(queue);
  }
}
