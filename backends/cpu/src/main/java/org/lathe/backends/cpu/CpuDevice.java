package org.lathe.backends.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.HostAllocator;
import org.lathe.hal.device.Peaks;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;

/** All cores as one device. Runs are synchronous: a submitted run has ended when {@code submit} returns. */
final class CpuDevice implements Device {
  private final ThreadTeam team;
  private final DeviceInfo info;
  private final Capabilities capabilities = new CpuCapabilities();
  private final HostAllocator allocator;
  private final KernelCache kernels;

  CpuDevice(ThreadTeam team) {
    this(team, new KernelCache(Kernels::of));
  }

  CpuDevice(ThreadTeam team, KernelCache kernels) {
    Simd.warnIfAbsent();
    this.team = team;
    this.kernels = kernels;
    long memory = physicalBytes() / 4 * 3;
    this.allocator = new HostAllocator(memory);
    this.info = new DeviceInfo(
        "cpu",
        0,
        DeviceInfo.Kind.CPU,
        System.getProperty("os.arch") + " CPU, " + team.size() + " threads, " + Simd.describe(),
        "Java " + Runtime.version(),
        team.size(),
        memory);
  }

  private static long physicalBytes() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public HostAllocator allocator() {
    return allocator;
  }

  KernelCache kernels() {
    return kernels;
  }

  ThreadTeam team() {
    return team;
  }

  @Override
  public Prepared prepare(Program program) {
    return new CpuPrepared(this, program);
  }

  @Override
  public Optional<Peaks> measurePeaks() {
    return Optional.of(PeakProbe.measure(team));
  }

  /** Ends nothing but the device's own cache: the threads are shared by all devices of the process. */
  @Override
  public void close() {
    kernels.clear();
  }
}
