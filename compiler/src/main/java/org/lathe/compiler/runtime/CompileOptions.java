package org.lathe.compiler.runtime;

import java.util.List;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.pass.PassObserver;

/**
 * How a function is compiled. Immutable; start from {@link #DEFAULT}.
 *
 * @param names the arguments' names, for reports and errors; where there are too few, {@code x0, x1, ...} are used
 * @param donations which outputs take over which inputs' memory: the new parameters of a training step take over the old
 *     ones'
 * @param observer is told of each pass
 */
public record CompileOptions(List<String> names, List<Donation> donations, PassObserver observer) {
  public static final CompileOptions DEFAULT = new CompileOptions(List.of(), List.of(), PassObserver.NONE);

  public CompileOptions {
    names = List.copyOf(names);
    donations = List.copyOf(donations);
  }

  public CompileOptions withNames(List<String> newNames) {
    return new CompileOptions(newNames, donations, observer);
  }

  public CompileOptions withNames(String... newNames) {
    return withNames(List.of(newNames));
  }

  public CompileOptions withDonations(List<Donation> newDonations) {
    return new CompileOptions(names, newDonations, observer);
  }

  public CompileOptions withObserver(PassObserver newObserver) {
    return new CompileOptions(names, donations, newObserver);
  }
}
