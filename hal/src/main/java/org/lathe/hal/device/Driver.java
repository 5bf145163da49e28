package org.lathe.hal.device;

import java.util.Optional;

/** A backend, found by {@link java.util.ServiceLoader}. Has a public constructor without parameters and no state. */
public interface Driver {
  /** The name in {@code cpu}, {@code opencl:0}: lower case, no colon. */
  String name();

  /**
   * Whether its devices are used only when asked for by name: never chosen as the best, not in the list of devices. For
   * backends that do not compute, or that only tests want.
   */
  default boolean isOnlyByName() {
    return false;
  }

  /**
   * Whether it reaches, through a framework in between, devices that other backends reach directly. Its devices are in the
   * list of devices, and are never chosen as the best: nor is the framework started to look for them then.
   */
  default boolean isIndirect() {
    return false;
  }

  /**
   * Looks for devices. Never throws, never prints, never harms the JVM, and may take up to a second the first time; call
   * it from any thread. The devices returned are open and belong to the caller.
   */
  Probe probe();

  /**
   * For backends whose devices need not be there to show what they would run: a device like those that the backend is for,
   * which takes programs apart into kernels and runs none. The caller closes it.
   */
  default Optional<Device> example() {
    return Optional.empty();
  }

  /** For backends whose programs are compiled before they run, somewhere else; empty for those that compile as they go. */
  default Optional<AheadOfTime> aheadOfTime() {
    return Optional.empty();
  }
}
