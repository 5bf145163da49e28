package org.lathe.compiler.lower;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Ops;
import org.lathe.hal.text.ProgramText;

/** Each op with a lowering, alone: its program against its reference, on all of its samples. */
class OpLoweringTest {

  private static Graph graph(OpDef op, OpDef.Sample sample) {
    GraphBuilder b = new GraphBuilder(op.name());
    List<Value> inputs = new ArrayList<>();
    for (int i = 0; i < sample.inputs().size(); i++) {
      inputs.add(b.input("x" + i, sample.inputs().get(i)));
    }
    Node node = b.append(op, inputs, sample.attributes());
    List<Value> outputs = new ArrayList<>();
    for (int i = 0; i < node.types().size(); i++) {
      outputs.add(node.output(i));
    }
    return b.build(outputs);
  }

  @TestFactory
  List<DynamicTest> everySample() {
    List<DynamicTest> tests = new ArrayList<>();
    for (OpDef op : Ops.all()) {
      if (!op.lowering().isPresent()) {
        continue;
      }
      for (int s = 0; s < op.samples().size(); s++) {
        OpDef.Sample sample = op.samples().get(s);
        int seed = s;
        tests.add(DynamicTest.dynamicTest(op.name() + sample.inputs() + sample.attributes(), () -> {
          Random random = new Random(seed);
          List<Literal> inputs = new ArrayList<>();
          for (int i = 0; i < sample.inputs().size(); i++) {
            inputs.add(Programs.random(sample.inputs().get(i), sample.domains().get(i), random));
          }
          Programs.check(graph(op, sample), inputs, 1e-4);
        }));
      }
    }
    return tests;
  }

  @Test
  void equalGraphsGiveEqualPrograms() {
    for (OpDef op : Ops.all()) {
      if (op.lowering().isPresent() && !op.samples().isEmpty()) {
        OpDef.Sample sample = op.samples().getFirst();
        assertEquals(
            ProgramText.print(Programs.lower(graph(op, sample)).program()),
            ProgramText.print(Programs.lower(graph(op, sample)).program()));
      }
    }
  }
}
