package org.lathe.hal.device;

import java.util.List;

/**
 * A program with its memory bound, ready to run again and again without allocation. One run at a time: it belongs to one
 * thread, or its users take turns.
 */
public interface CommandBuffer extends AutoCloseable {
  /** Starts a run. Runs of one thread on a device follow each other in order. */
  Event submit();

  /**
   * Binds other memory for the runs to come, by the rules of {@link Prepared#record}. Between runs only.
   *
   * @return false if this device cannot do that cheaper than recording anew; then nothing was changed
   */
  default boolean rebind(List<BufferSlice> bindings) {
    return false;
  }

  /** Runs once, waits, and says when each kernel ran. Slower than {@link #submit}; also emits JFR events. */
  List<KernelTiming> profile();

  /** The bytes of scratch memory held. */
  long scratchBytes();

  @Override
  void close();

  /** One kernel's run; times in nanoseconds since the start of the run. */
  record KernelTiming(int dispatch, String label, String kernel, long startNanos, long endNanos) {}
}
