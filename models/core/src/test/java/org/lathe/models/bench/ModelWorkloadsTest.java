package org.lathe.models.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.Flops;
import org.lathe.models.train.Step;

class ModelWorkloadsTest {
  static Stream<Workload> rows() {
    return Stream.concat(ModelWorkloads.all().stream(), Workloads.fullSize().stream());
  }

  /**
   * The stated arithmetic is that of the traced graph: forward and backward, and nothing that nobody needs. The stated
   * number of the Transformers does not discount causal masks, the graph's does.
   */
  @ParameterizedTest
  @MethodSource("rows")
  void statedFlopsAreTheGraphs(Workload row) {
    List<Step> steps = ((StepWorkload) row.setup()).steps().get();
    long counted = steps.stream().mapToLong(s -> Flops.of(s.trace().graph())).sum();
    double slack = row.id().contains("transformer") ? 0.03 : 0;
    assertEquals(row.flops(), counted, row.flops() * slack, row.id());
  }

  @Test
  void idsAreDistinct() {
    List<String> ids = Stream.concat(Workloads.all().stream(), Workloads.fullSize().stream()).map(Workload::id)
        .toList();
    assertEquals(ids.size(), ids.stream().distinct().count());
  }

  @Test
  void smallRowsRun() {
    try (Lathe lathe = Lathe.on("cpu")) {
      for (String id : List.of("train-xor", "infer-mlp-1", "infer-lenet5-1")) {
        Workload row = Workloads.all().stream().filter(w -> w.id().equals(id)).findFirst().orElseThrow();
        try (Workload.Ready ready = row.setup().prepare(lathe, 1)) {
          ready.run();
          ready.run();
          assertTrue(ready.compilations().getFirst().program().steps().size() > 0);
        }
      }
      assertEquals(0, lathe.openArrays());
    }
  }
}
