package org.lathe.hal.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

  /**
   * Prepares several programs, each as {@link #prepare} does. A device whose compiler is faster with many kernels at once
   * takes them together. If one of them fails, none is prepared.
   */
  default List<Prepared> prepareAll(List<Program> programs) {
    List<Prepared> prepared = new ArrayList<>();
    try {
      programs.forEach(p -> prepared.add(prepare(p)));
      return prepared;
    } catch (RuntimeException e) {
      prepared.forEach(Prepared::close);
      throw e;
    }
  }

  /**
   * Measures what the device can reach, in about a second, using all of it; empty where the backend has no probe. Run it
   * beside nothing else.
   */
  default Optional<Peaks> measurePeaks() {
    return Optional.empty();
  }

  /** The tuner of its kernels; empty where the backend has nothing to choose. */
  default Optional<Tunable> tunable() {
    return Optional.empty();
  }

  /** Closes the device; a second call does nothing. */
  @Override
  void close();
}
