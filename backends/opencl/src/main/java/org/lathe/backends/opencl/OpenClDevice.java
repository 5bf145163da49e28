package org.lathe.backends.opencl;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClDevice;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.spec.KernelSpec;

/** One OpenCL device. Its context and queues are made when it is first used. Any thread. */
final class OpenClDevice implements Device, Capabilities {
  private final ClDevice device;
  private final Options options;
  private final DeviceInfo info;
  private final OpenClAllocator allocator;
  private @Nullable Session session;
  private boolean closed;

  OpenClDevice(int index, ClDevice device, Options options) {
    DeviceProperties p = device.properties();
    this.device = device;
    this.options = options;
    this.info = new DeviceInfo(
        "opencl",
        index,
        switch (p.kind()) {
          case GPU -> DeviceInfo.Kind.GPU;
          case CPU -> DeviceInfo.Kind.CPU;
          case ACCELERATOR -> DeviceInfo.Kind.ACCELERATOR;
        },
        p.name() + " (" + p.platform() + ")",
        p.driver(),
        p.computeUnits(),
        options.budget());
    this.allocator = new OpenClAllocator(options.budget(), p.baseAlignment(), this::session);
  }

  /** What the driver gave us, once it was needed. */
  synchronized Session session() {
    if (closed) {
      throw new IllegalStateException("device " + info.id() + " is used after it was closed");
    }
    if (session == null) {
      session = Session.open(info.id(), device, options.memory());
    }
    return session;
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public Capabilities capabilities() {
    return this;
  }

  @Override
  public Set<DType> dtypes() {
    return EnumSet.allOf(DType.class);
  }

  @Override
  public Optional<String> refuses(KernelSpec spec) {
    return Optional.of("no kernels yet");
  }

  @Override
  public OpenClAllocator allocator() {
    return allocator;
  }

  @Override
  public Prepared prepare(Program program) {
    throw new UnsupportedOperationException("no kernels yet");
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    allocator.close();
    if (session != null) {
      session.close();
    }
  }
}
