package org.lathe.system.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.lathe.backends.cpu.CpuDriver;
import org.lathe.compiler.ir.GraphText;
import org.lathe.compiler.ir.GraphVerifier;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Unsupported;
import org.lathe.hal.validate.ValidatingDevice;
import org.lathe.system.fuzz.RandomGraphs.Case;

/**
 * Random graphs, through every pass and on the CPU, against the oracle. A finding is shrunk and kept as a regression file.
 * {@code -Dlathe.fuzz.seeds=N} tries more, {@code -Dlathe.fuzz.start=S} others.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FuzzTest {
  private Lathe lathe;
  private Judge judge;

  @BeforeAll
  void open() {
    Device cpu = Drivers.of(List.of(new CpuDriver())).open("cpu");
    lathe = Lathe.over(ValidatingDevice.wrap(cpu));
    judge = new Judge(lathe);
  }

  @AfterAll
  void close() {
    int open = lathe.openArrays();
    lathe.close();
    assertEquals(0, open);
  }

  @TestFactory
  Stream<DynamicTest> randomGraphsMeanTheSameEverywhere() {
    long start = Long.getLong("lathe.fuzz.start", 1);
    return LongStream.range(start, start + Long.getLong("lathe.fuzz.seeds", 60)).mapToObj(
        seed -> DynamicTest.dynamicTest("seed " + seed, () -> {
          Case c = RandomGraphs.draw(seed, 4 + (int) (seed % 9), seed % 3 == 0 ? DType.F32 : DType.F64);
          GraphVerifier.verify(c.graph(), "drawing");
          Optional<String> problem = judge.problem(c);
          if (problem.isPresent()) {
            Case small = Shrinker.shrink(c, this::isWrong);
            String what = judge.problem(small).orElse(problem.get());
            Path file = Regressions.write(small, what);
            fail(what + "\nkept as " + file + "\n" + GraphText.print(small.graph(), GraphText.Style.SHORT));
          }
        }));
  }

  private boolean isWrong(Case c) {
    try {
      return judge.problem(c).isPresent();
    } catch (Unsupported e) {
      return false;
    }
  }

  @TestFactory
  Stream<DynamicTest> whatOnceFailedIsRight() {
    return Regressions.files().stream().map(
        file -> DynamicTest.dynamicTest(
            file.getFileName().toString(),
            () -> judge.problem(Regressions.read(file)).ifPresent(p -> fail(file + ": " + p))));
  }

  @Test
  void theSameSeedGivesTheSameGraph() {
    for (long seed = 0; seed < 20; seed++) {
      Case a = RandomGraphs.draw(seed, 12, DType.F64);
      Case b = RandomGraphs.draw(seed, 12, DType.F64);
      assertEquals(GraphText.print(a.graph()), GraphText.print(b.graph()));
      assertEquals(a.inputs(), b.inputs());
    }
  }

  @Test
  void aFindingIsShrunkToWhatMatters() {
    int shrunk = 0;
    for (long seed = 1; seed < 60; seed++) {
      Case c = RandomGraphs.draw(seed, 12, DType.F64);
      if (uses(c, "tanh")) {
        Case small = Shrinker.shrink(c, s -> uses(s, "tanh"));
        assertTrue(uses(small, "tanh"));
        assertEquals(2, small.graph().nodes().size(), () -> GraphText.print(small.graph()));
        shrunk++;
      }
    }
    assertTrue(shrunk > 5, "too few graphs to say anything: " + shrunk);
  }

  private static boolean uses(Case c, String op) {
    return c.graph().nodes().stream().anyMatch(n -> n.op().name().equals(op));
  }

  @Test
  void aRegressionFileComesBack() {
    Case c = RandomGraphs.draw(7, 10, DType.F64);
    Case back = Regressions.parse(Regressions.print(c, "two\nlines"));
    assertEquals(GraphText.print(c.graph()), GraphText.print(back.graph()));
    assertEquals(c.inputs(), back.inputs());
  }
}
