package org.lathe.hal.device;

import java.util.List;
import org.lathe.hal.program.Program;

/** A program compiled for a device. Any thread; the caller closes it after its command buffers. */
public interface Prepared extends AutoCloseable {
  Program program();

  /**
   * Binds memory: one slice, of at least the declared bytes, for each of {@link Program#bound}, in order. Allocates the
   * program's scratch memory, which the command buffer owns. The bound buffers stay the caller's, who closes them after
   * the command buffer.
   */
  CommandBuffer record(List<BufferSlice> bindings);

  /** For each dispatch, in program order with loop bodies once: how this device runs it, for people. */
  List<KernelReport> kernels();

  @Override
  void close();

  /**
   * How a kernel is run.
   *
   * @param label the dispatch's label
   * @param kernel the kernel's name
   * @param variant the form chosen, such as tile sizes
   * @param source generated source or disassembly, empty if there is none
   */
  record KernelReport(String label, String kernel, String variant, String source) {}
}
