package org.lathe.backends.simt.plan;

import java.util.Set;

/**
 * Where a kernel is to run, beyond what its spec says.
 *
 * @param aligned whether every slice begins at a multiple of 64 bytes each time
 * @param aliasedInputs the inputs that share their slice with an output
 * @param aliasedOutputs the outputs that share their slice with an input
 */
public record Site(Traits traits, boolean aligned, Set<Integer> aliasedInputs, Set<Integer> aliasedOutputs) {
  public Site {
    aliasedInputs = Set.copyOf(aliasedInputs);
    aliasedOutputs = Set.copyOf(aliasedOutputs);
  }

  public static Site of(Traits traits) {
    return new Site(traits, true, Set.of(), Set.of());
  }
}
