package org.lathe.cli;

import java.util.ArrayList;
import java.util.List;
import org.lathe.models.bench.Workload;
import org.lathe.models.bench.Workloads;
import org.lathe.models.zoo.Zoo;

/** Workloads by name: rows of the table, or those of a model. */
final class WorkloadChoice {
  private WorkloadChoice() {}

  static List<Workload> shortSuite() {
    return Workloads.all().stream().filter(Workload::inSuite).toList();
  }

  /** The table's {@code lstm-seq} and {@code attention} are two rows each. */
  private static boolean isNamed(String id, String name) {
    return id.equals(name) || id.equals(name + "-fwd") || id.equals(name + "-fwdbwd");
  }

  static List<Workload> named(String name) {
    List<Workload> known = new ArrayList<>(Workloads.all());
    known.addAll(Workloads.fullSize());
    List<Workload> rows = known.stream().filter(w -> isNamed(w.id(), name)).toList();
    if (!rows.isEmpty()) {
      return rows;
    }
    return Zoo.find(name)
        .orElseThrow(
            () -> new CannotRun(
                "there is no model or workload '" + name + "': choose among the models " + Zoo.names()
                    + " and the rows "
                    + known.stream().map(Workload::id).toList()))
        .workloads();
  }
}
