package org.lathe.compiler.runtime;

import java.util.List;
import java.util.stream.Collectors;
import org.lathe.hal.device.DeviceInfo;

/**
 * Which device was chosen, and why not another. Prints as one line for each candidate.
 *
 * @param asked what the caller asked for, such as {@code best} or {@code opencl:0, cpu}
 * @param candidates in the order of preference
 */
public record Placement(String asked, DeviceInfo chosen, List<Candidate> candidates) {
  /** A device or backend that was looked at, and what became of it. */
  public record Candidate(String name, boolean chosen, String outcome) {}

  public Placement {
    candidates = List.copyOf(candidates);
  }

  @Override
  public String toString() {
    return "asked for "
        + asked
        + ": runs on "
        + chosen.id()
        + " ("
        + chosen.name()
        + ")"
        + candidates.stream()
            .map(c -> "\n  " + (c.chosen() ? "* " : "- ") + c.name() + ": " + c.outcome())
            .collect(Collectors.joining());
  }
}
