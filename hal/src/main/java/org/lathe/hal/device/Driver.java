package org.lathe.hal.device;

/** A backend, found by {@link java.util.ServiceLoader}. Has a public constructor without parameters and no state. */
public interface Driver {
  /** The name in {@code cpu}, {@code opencl:0}: lower case, no colon. */
  String name();

  /**
   * Looks for devices. Never throws, never prints, never harms the JVM, and may take up to a second the first time; call
   * it from any thread. The devices returned are open and belong to the caller.
   */
  Probe probe();
}
