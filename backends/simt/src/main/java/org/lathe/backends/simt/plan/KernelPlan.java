package org.lathe.backends.simt.plan;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.lathe.backends.simt.ir.Kernel;

/**
 * How a device carries out one kernel of the family: launches, one after the other. None where there is nothing to do.
 *
 * @param variant the form chosen, for people: tile sizes and the like
 * @param workspaces the bytes of each piece of memory that the launches share and that holds nothing between runs
 */
public record KernelPlan(String variant, List<Launch> launches, List<Long> workspaces) {
  public KernelPlan {
    launches = List.copyOf(launches);
    workspaces = List.copyOf(workspaces);
  }

  public static KernelPlan of(String variant, Launch... launches) {
    return new KernelPlan(variant, List.of(launches), List.of());
  }

  /** For a spec without work. */
  public static KernelPlan nothing() {
    return of("nothing to do");
  }

  /** One line for people: the form, and how many launches it takes where that is not one. */
  public String summary() {
    return launches.size() == 1 ? variant : variant + "; " + launches.size() + " launches";
  }

  public Set<Kernel> kernels() {
    Set<Kernel> kernels = new LinkedHashSet<>();
    launches.forEach(l -> kernels.add(l.kernel()));
    return kernels;
  }
}
