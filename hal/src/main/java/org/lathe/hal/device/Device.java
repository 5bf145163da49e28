package org.lathe.hal.device;

import org.lathe.hal.program.Program;

/**
 * An open device. Any thread may call it. The opener closes it, after everything made from it is closed.
 */
public interface Device extends AutoCloseable {
  DeviceInfo info();

  Capabilities capabilities();

  Allocator allocator();

  /**
   * Compiles every kernel of the program. The result belongs to the caller and may be used from any thread.
   *
   * @throws Unsupported if {@link Capabilities#refuses} would refuse one of the kernels
   * @throws KernelBuildFailed if the device's compiler refuses a kernel
   */
  Prepared prepare(Program program);

  /** Closes the device; a second call does nothing. */
  @Override
  void close();
}
