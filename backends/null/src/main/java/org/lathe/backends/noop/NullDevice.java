package org.lathe.backends.noop;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lathe.hal.DType;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.HostAllocator;
import org.lathe.hal.device.KernelBuildFailed;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.text.ProgramText;
import org.lathe.hal.validate.ProgramVerifier;

/**
 * Step 2 of a backend: what the device is, what it takes, its memory, and how a program is compiled for it.
 *
 * <p>All methods may be called from any thread. A device checks nothing that {@code ValidatingDevice} checks: callers who
 * want checks wrap it.
 */
final class NullDevice implements Device, Capabilities {
  /** What may be allocated: enough for tests, little enough that a runaway one is stopped. */
  private static final long MEMORY_BYTES = 1L << 30;

  /** Memory of the host. A device with memory of its own has an {@code Allocator} and {@code Buffer} of its own. */
  private final HostAllocator allocator = new HostAllocator(MEMORY_BYTES);

  @Override
  public DeviceInfo info() {
    return new DeviceInfo("null", 0, DeviceInfo.Kind.CPU, "runs nothing", "1", 1, MEMORY_BYTES);
  }

  @Override
  public Capabilities capabilities() {
    return this;
  }

  @Override
  public Set<DType> dtypes() {
    return Set.of(DType.values());
  }

  /**
   * It takes every kernel. A real backend starts the other way round, with one kind of kernel, and answers for each other
   * one why it does not take it; the compiler decomposes what it can.
   */
  @Override
  public Optional<String> refuses(KernelSpec spec) {
    return Optional.empty();
  }

  @Override
  public Allocator allocator() {
    return allocator;
  }

  /**
   * Checks the program. A real backend compiles a kernel for each distinct spec here: through {@code ExecutableCache},
   * with {@code SpecHash} and the device's name and version as the key, where compiling takes more than a moment. It
   * throws {@code Unsupported} for a spec that {@link #refuses} refuses, and copies the program's constants to the
   * device.
   *
   * @throws KernelBuildFailed if the program has faults; its source is the program's text, its log the faults
   */
  @Override
  public Prepared prepare(Program program) {
    List<String> faults = ProgramVerifier.verify(program);
    if (!faults.isEmpty()) {
      throw new KernelBuildFailed(program.name(), ProgramText.print(program), String.join("\n", faults));
    }
    return new NullPrepared(program, allocator);
  }

  /** Gives back what the device itself holds; here nothing. */
  @Override
  public void close() {}
}
