package org.lathe.compiler.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.lower.LoweredGraph;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Prepared.KernelReport;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;

/**
 * One compilation of a function, for one tuple of input types: what the tools show. Plain data.
 *
 * @param name of the function
 * @param inputTypes what it was compiled for
 * @param reason why, in one line: the first call, or which argument changed from what to what
 * @param traced the graph as recorded, with the user's lines
 * @param lowered the graph after all passes, and its program
 * @param device that all its kernels run on
 * @param kernels how the device runs each dispatch
 */
public record Compilation(
    String name,
    List<TensorType> inputTypes,
    String reason,
    Times times,
    Graph traced,
    LoweredGraph lowered,
    DeviceInfo device,
    List<KernelReport> kernels) {

  /** How long each stage took. {@code lowering} contains fusion and memory planning, {@code prepare} is the device's. */
  public record Times(Duration trace, Duration passes, Duration lowering, Duration prepare) {
    public Duration total() {
      return trace.plus(passes).plus(lowering).plus(prepare);
    }
  }

  public Compilation {
    inputTypes = List.copyOf(inputTypes);
    kernels = List.copyOf(kernels);
  }

  /** The graph after all passes. */
  public Graph graph() {
    return lowered.graph();
  }

  public Program program() {
    return lowered.program();
  }

  public List<TensorType> outputTypes() {
    return traced.outputTypes();
  }

  /** The bytes of temporaries that one run holds. */
  public long scratchBytes() {
    return program().buffers().stream().filter(b -> b.role() == Role.SCRATCH).mapToLong(BufferDecl::bytes).sum();
  }

  /** The largest number of bytes of temporaries that are alive at once: the least that any plan needs. */
  public long peakLiveBytes() {
    return lowered.peakLiveBytes();
  }

  /** One line for people. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "compiled '%s' for %s: %s (trace %.1f ms, passes %.1f ms, lowering %.1f ms, prepare %.1f ms)",
        name,
        inputTypes,
        reason,
        millis(times.trace),
        millis(times.passes),
        millis(times.lowering),
        millis(times.prepare));
  }

  private static double millis(Duration d) {
    return d.toNanos() / 1e6;
  }
}
