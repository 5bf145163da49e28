package org.lathe.backends.noop;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Event;
import org.lathe.hal.program.Step;

/**
 * Step 5 of a backend: runs. A real backend walks the program's steps here: a dispatch starts its kernel on the bound
 * slices, a loop repeats its body with the slices moved, a branch reads its predicate. Steps take effect as if one after
 * the other. Here nothing happens, and outputs keep what they held.
 */
final class NullCommandBuffer implements CommandBuffer {
  private final List<Step.Dispatch> dispatches;
  private final List<Buffer> scratch;

  NullCommandBuffer(List<Step.Dispatch> dispatches, List<Buffer> scratch) {
    this.dispatches = dispatches;
    this.scratch = scratch;
  }

  /**
   * A device that works beside the host returns an event that is done when the run is, and keeps the number of runs under
   * way bounded.
   */
  @Override
  public Event submit() {
    return Event.DONE;
  }

  /** There is nothing to bind, so other memory is as good. */
  @Override
  public boolean rebind(List<BufferSlice> bindings) {
    return true;
  }

  /** One entry for each dispatch, of no duration. A real backend also commits a {@code KernelEvent} for each. */
  @Override
  public List<KernelTiming> profile() {
    List<KernelTiming> timings = new ArrayList<>();
    for (Step.Dispatch d : dispatches) {
      timings.add(new KernelTiming(timings.size(), d.label(), d.spec().family(), 0, 0));
    }
    return timings;
  }

  @Override
  public long scratchBytes() {
    return scratch.stream().mapToLong(Buffer::bytes).sum();
  }

  @Override
  public void close() {
    scratch.forEach(Buffer::close);
  }
}
