package org.lathe.hal.program;

import java.util.List;

/**
 * A compiled computation: steps over slices of a few buffers. Plain data, without any device.
 *
 * <p>The caller binds one buffer to each declaration whose role {@link Role#isBound is bound}, in their order. Distinct
 * declarations never share memory, except that inputs may share it with inputs: nothing writes there.
 */
public record Program(String name, List<BufferDecl> buffers, List<Step> steps) {
  public Program {
    buffers = List.copyOf(buffers);
    steps = List.copyOf(steps);
  }

  /** The declarations that the caller binds, in order. */
  public List<BufferDecl> bound() {
    return buffers.stream().filter(b -> b.role().isBound()).toList();
  }

  /** One line; the whole text is {@code ProgramText.print}. */
  @Override
  public String toString() {
    return "program '" + name + "' of " + buffers.size() + " buffers and " + steps.size() + " steps";
  }
}
