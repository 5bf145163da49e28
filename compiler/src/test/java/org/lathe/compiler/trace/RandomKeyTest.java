package org.lathe.compiler.trace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

class RandomKeyTest {
  private static Literal key(long seed, long step) {
    return Literal.of(RandomKey.TYPE, RandomKey.of(seed)[0], step);
  }

  private static List<Literal> draw(Literal key) {
    Graph g = Tracer.trace("draw", List.of("key"), List.of(RandomKey.TYPE), in -> {
      RandomKey random = new RandomKey(in.getFirst());
      return List.of(random.uniform(DType.F64, 50), random.uniform(DType.F64, 50), random.next());
    });
    return Oracle.run(g, List.of(key));
  }

  @Test
  void drawsDifferByStreamStepAndSeed() {
    Set<Double> seen = new HashSet<>();
    int drawn = 0;
    for (long seed : new long[]{0, 1, -1, Long.MAX_VALUE}) {
      Literal key = key(seed, 0);
      for (int step = 0; step < 3; step++) {
        List<Literal> out = draw(key);
        for (int o = 0; o < 2; o++) {
          for (double v : out.get(o).toArray()) {
            assertTrue(v >= 0 && v < 1);
            seen.add(v);
            drawn++;
          }
        }
        assertEquals(step + 1, out.get(2).get(1));
        assertEquals(key.get(0), out.get(2).get(0));
        key = out.get(2);
      }
    }
    assertTrue(seen.size() > drawn * 0.999, () -> "repeats: " + seen.size());
    assertEquals(draw(key(3, 7)), draw(key(3, 7)));
  }

  @Test
  void iterationsOfALoopDrawAnew() {
    Graph g = Tracer.trace("loop", List.of("key"), List.of(RandomKey.TYPE), in -> {
      RandomKey random = new RandomKey(in.getFirst());
      Tensor steps = Tensor.iota(in.getFirst().builder(), DType.I64, Dims.of(5), 0);
      return ControlFlow.scan(
          List.of(), List.of(steps),
          (c, t) -> new ControlFlow.Step(List.of(), List.of(random.at(t.getFirst()).normal(DType.F64, 20))))
          .outputs();
    });
    double[] all = Oracle.run(g, List.of(key(1, 0))).getFirst().toArray();
    Set<Double> seen = new HashSet<>();
    for (double v : all) {
      seen.add(v);
    }
    assertEquals(100, all.length);
    assertEquals(100, seen.size());
  }

  @Test
  void seedsStayExactInTheOracle() {
    for (long seed = -1000; seed < 1000; seed++) {
      long[] key = RandomKey.of(seed);
      assertTrue(key[0] >= 0 && key[0] < 1L << 48);
    }
    assertArrayEquals(RandomKey.of(9), RandomKey.of(9));
  }

  @Test
  void aKeyHasItsType() {
    TypeError e = assertThrows(
        TypeError.class,
        () -> Tracer.trace("t", List.of("x"), List.of(TensorType.of(DType.I32, 2)), in -> {
          new RandomKey(in.getFirst());
          return List.of();
        }));
    assertTrue(String.valueOf(e.getMessage()).contains("found i32[2]"));
  }
}
