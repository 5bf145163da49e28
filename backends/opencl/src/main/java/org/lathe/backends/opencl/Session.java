package org.lathe.backends.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClContext;
import org.lathe.backends.opencl.cl.ClDevice;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClMemory;
import org.lathe.backends.opencl.cl.ClQueue;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.DeviceUnavailable;

/**
 * What an open device holds of the driver's: a context, a few queues, and how transfers go. Any thread.
 *
 * <p>Threads share {@link #LANES} queues by their number: one thread always gets the same, so that its runs follow each
 * other, and unlike threads mostly work side by side.
 */
final class Session implements AutoCloseable {
  static final int LANES = 4;
  private static final int IDLE_PROGRAMS = 64;

  private final String id;
  private final ClContext context;
  private final MemoryModel memory;
  private final Lane[] lanes;
  private final KernelStore kernels;
  private final Transfer transfer;
  private volatile @Nullable String loss;

  private Session(String id, ClContext context, MemoryModel memory, Lane[] lanes, Options options) {
    this.id = id;
    this.context = context;
    this.memory = memory;
    this.lanes = lanes;
    this.kernels = new KernelStore(programs(context, options), IDLE_PROGRAMS);
    this.transfer = switch (memory) {
      case SHARED -> new Transfer.Shared();
      case MAPPED -> new Transfer.Mapped();
      case STAGED -> new Transfer.Staged(this);
    };
  }

  private static ProgramSource programs(ClContext context, Options options) {
    Binaries prebuilt = options.prebuilt();
    return prebuilt != null
        ? prebuilt.on(context)
        : new Compiler(context, options.compiler(), options.keepsBinaries() ? options.cache() : null);
  }

  /** @throws DeviceUnavailable if the driver does not let us */
  static Session open(String id, ClDevice device, Options options) {
    MemoryModel wish = options.memory();
    ClContext context;
    try {
      context = ClContext.of(device);
    } catch (ClException e) {
      throw Failures.opening(id, e);
    }
    Lane[] lanes = new Lane[LANES];
    try {
      MemoryModel memory = wish == MemoryModel.SHARED && !sharesMemory(context) ? MemoryModel.MAPPED : wish;
      Session session = new Session(id, context, memory, lanes, options);
      for (int i = 0; i < LANES; i++) {
        lanes[i] = new Lane(i, context.queue(false), session::commandFailed);
      }
      return session;
    } catch (ClException e) {
      for (Lane lane : lanes) {
        if (lane != null) {
          lane.close();
        }
      }
      context.close();
      throw Failures.opening(id, e);
    }
  }

  /**
   * Whether the device sees what the host writes into memory that both use, and the host what the device writes, without
   * mapping: simulators, and drivers that copy, do not.
   */
  private static boolean sharesMemory(ClContext context) {
    long bytes = 4096;
    try (Arena arena = Arena.ofShared(); ClQueue queue = context.queue(false)) {
      MemorySegment from = arena.allocate(bytes, bytes);
      MemorySegment to = arena.allocate(bytes, bytes);
      try (ClMemory a = context.memoryOver(from); ClMemory b = context.memoryOver(to)) {
        boolean same = true;
        for (byte mark = 1; mark <= 2; mark++) {
          from.fill(mark);
          queue.copy(a, 0, b, 0, bytes);
          queue.finish();
          same &= to.get(ValueLayout.JAVA_BYTE, 0) == mark && to.get(ValueLayout.JAVA_BYTE, bytes - 1) == mark;
        }
        return same;
      }
    }
  }

  ClContext context() {
    return context;
  }

  /** The largest piece of memory that the driver promises. */
  long largestAllocation() {
    return context.device().properties().maxAllocationBytes();
  }

  MemoryModel memory() {
    return memory;
  }

  KernelStore kernels() {
    return kernels;
  }

  Transfer transfer() {
    return transfer;
  }

  /** The lane of the thread that asks. */
  Lane lane() {
    return lanes[(int) (Thread.currentThread().threadId() % LANES)];
  }

  Lane lane(int number) {
    return lanes[number];
  }

  private void commandFailed(ClException e) {
    if (Failures.running(id, e, 0, 0) instanceof DeviceLost) {
      loss = e.getMessage();
    }
  }

  /** @throws DeviceLost if the device has failed before */
  void checkAlive() {
    String reason = loss;
    if (reason != null) {
      throw new DeviceLost(id, reason);
    }
  }

  /** What a failed call means to the caller. */
  RuntimeException failed(ClException e, long askedBytes, long freeBytes) {
    RuntimeException failure = Failures.running(id, e, askedBytes, freeBytes);
    if (failure instanceof DeviceLost) {
      loss = e.getMessage();
    }
    return failure;
  }

  @Override
  public void close() {
    for (Lane lane : lanes) {
      lane.close();
    }
    transfer.close();
    kernels.close();
    context.close();
  }
}
