package org.lathe.compiler.lower;

import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.lathe.compiler.ir.Graph;

/** Random graphs: their programs, fused as they come, against the oracle. */
class RandomProgramTest {
  @TestFactory
  List<DynamicTest> randomGraphs() {
    return LongStream.range(0, 300)
        .mapToObj(seed -> DynamicTest.dynamicTest("seed " + seed, () -> {
          Graph graph = RandomGraphs.graph(seed, 4 + (int) (seed % 24));
          Programs.check(graph, Programs.inputs(graph, new Random(seed)), 1e-3);
        }))
        .toList();
  }
}
