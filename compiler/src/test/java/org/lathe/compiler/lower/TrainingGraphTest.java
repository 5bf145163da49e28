package org.lathe.compiler.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.pass.PassObserver;
import org.lathe.compiler.pass.Pipeline;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Role;
import org.lathe.hal.text.ProgramText;

/** Whole training steps: right in small, and planned tightly in their real sizes. */
class TrainingGraphTest {

  private static Graph passed(Graph graph) {
    return Pipeline.standard(Programs.EVERYTHING).run(graph, PassObserver.NONE);
  }

  private static List<Literal> inputs(Graph graph) {
    Random random = new Random(11);
    List<Literal> inputs = new ArrayList<>();
    for (TensorType t : graph.inputTypes()) {
      OpDef.Domain domain = t.dtype().isFloating()
          ? (t.rank() == 0 ? new OpDef.Domain(3, 3) : new OpDef.Domain(0.05, 0.6))
          : new OpDef.Domain(0, 4);
      inputs.add(Programs.random(t, domain, random));
    }
    return inputs;
  }

  @TestFactory
  List<DynamicTest> smallStepsMatchTheOracle() {
    return List.of(
        Nets.mlp(5, 7, 6, 5, false),
        Nets.mlp(3, 7, 4, 5, true),
        Nets.lenet5(1),
        Nets.residual(2, 3, 5),
        Nets.transformer(2, 3, 8, 2, 7),
        Nets.lstm(2, 3, 4, 7))
        .stream()
        .map(s -> DynamicTest.dynamicTest(s.graph().inputTypes().toString(), () -> {
          Graph graph = passed(s.graph());
          Programs.check(graph, inputs(graph), 2e-5, s.donated());
        }))
        .toList();
  }

  private static void planIsTight(Nets.Step s) {
    LoweredGraph lowered = Programs.lower(passed(s.graph()), s.donated());
    long scratch = lowered.program().buffers().stream().filter(b -> b.role() == Role.SCRATCH)
        .mapToLong(BufferDecl::bytes).sum();
    if (System.getenv("LOWER_SHOW") != null) {
      System.err.println(ProgramText.print(lowered.program()));
      System.err.println("scratch " + scratch + " peak " + lowered.peakLiveBytes());
    }
    assertTrue(
        scratch <= 1.2 * lowered.peakLiveBytes(),
        "scratch of " + scratch + " for a peak of " + lowered.peakLiveBytes());
  }

  @Test
  void mlpIsPlannedTightly() {
    planIsTight(Nets.mlp(128, 784, 256, 10, true));
  }

  @Test
  void lenet5IsPlannedTightly() {
    planIsTight(Nets.lenet5(64));
  }

  @Test
  void residualIsPlannedTightly() {
    planIsTight(Nets.residual(32, 64, 32));
  }

  @Test
  void transformerIsPlannedTightly() {
    planIsTight(Nets.transformer(32, 32, 128, 8, 256));
  }

  @Test
  void lstmIsPlannedTightly() {
    planIsTight(Nets.lstm(32, 32, 256, 256));
  }

  @Test
  void anUpdateInPlaceNeedsNoCopies() {
    Nets.Step s = Nets.lenet5(64);
    LoweredGraph lowered = Programs.lower(passed(s.graph()), s.donated());
    assertEquals(0, Programs.kinds(lowered).stream().filter("Copy"::equals).count());
  }

  @Test
  void equalGraphsGiveEqualPrograms() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Nets.Step s = Nets.transformer(4, 8, 16, 2, 32);
      texts.add(ProgramText.print(Programs.lower(passed(s.graph()), s.donated()).program()));
    }
    assertEquals(texts.get(0), texts.get(1));
  }
}
