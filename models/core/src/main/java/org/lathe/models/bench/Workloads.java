package org.lathe.models.bench;

import java.util.ArrayList;
import java.util.List;

/** The table of workloads, in its order. */
public final class Workloads {
  private Workloads() {}

  /** Every row that is not a GPU's. */
  public static List<Workload> all() {
    List<Workload> rows = new ArrayList<>(OpWorkloads.all());
    rows.addAll(ModelWorkloads.all());
    return rows;
  }

  /** A training step of networks of published size, which no suite holds: each takes seconds and gigabytes. */
  public static List<Workload> fullSize() {
    return FullSizeWorkloads.all();
  }
}
