package org.lathe.backends.aparapi;

import java.util.List;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.spec.KernelSpec;

/** What kernels of a device are made and run by. Any thread. */
interface Engine {
  /** @param memoryBytes what may be allocated */
  DeviceInfo describe(int index, long memoryBytes);

  /** New memory of the kind that its kernels work in. */
  ArenaAllocator newMemory();

  /** The device as it shows itself to a kernel, by the route that the kernel takes. */
  Traits traits(KernelSpec spec);

  Route route();

  boolean hasF64();

  /**
   * Compiles kernels, one executable for each.
   *
   * @throws org.lathe.hal.device.KernelBuildFailed if Aparapi or the device refuses one; then none is left
   */
  List<Executable> compile(List<Request> kernels);

  /** What the kernel is compiled from, for people. */
  String source(Request kernel);
}
