package org.lathe.backends.simt.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.pipeline.Dataflow.Timing;
import org.lathe.hal.DType;

/** Against running the nest: which later iteration is the first to load what one stored. */
class DependencesTest {
  private static final Memory ARRAY = new Memory.Local("a", DType.F32, 1000);

  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);

  @Test
  void theLeastDistanceIsWhatRunningTheNestFinds() {
    for (int round = 0; round < 3000; round++) {
      List<Dependences.Level> nest = new ArrayList<>();
      int depth = random.nextInt(1, 4);
      Map<Value, Long> terms = new HashMap<>();
      for (int i = 0; i < depth; i++) {
        Variable counter = new Variable("i" + i, Type.I32);
        nest.add(new Dependences.Level(counter, random.nextInt(1, 4), random.nextInt(1, 7)));
        long coefficient = random.nextInt(-3, 8);
        if (coefficient != 0) {
          terms.put(new Value.Read(counter), coefficient);
        }
      }
      Affine stored = new Affine(terms, 100);
      Affine loaded = new Affine(terms, 100 + random.nextInt(-9, 10));
      int storeLanes = random.nextInt(1, 3);
      int loadLanes = random.nextInt(1, 3);
      Optional<Long> found = new Dependences(nest, Set.of()).distance(
          new Dataflow.Store(ARRAY, stored, storeLanes, Timing.START),
          new Dataflow.Load(0, ARRAY, loaded, loadLanes));
      assertEquals(
          run(nest, stored, storeLanes, loaded, loadLanes), found,
          nest + " " + stored + "+" + storeLanes + " " + loaded + "+" + loadLanes + ", seed " + seed);
    }
  }

  private static Optional<Long> run(
      List<Dependences.Level> nest, Affine stored, int storeLanes, Affine loaded, int loadLanes) {
    long count = nest.stream().mapToLong(Dependences.Level::trips).reduce(1, (a, b) -> a * b);
    long least = Long.MAX_VALUE;
    for (long p = 0; p < count; p++) {
      for (long q = p + 1; q < count; q++) {
        long s = place(nest, stored, p);
        long l = place(nest, loaded, q);
        if (s < l + loadLanes && l < s + storeLanes) {
          least = Math.min(least, q - p);
        }
      }
    }
    return least == Long.MAX_VALUE ? Optional.empty() : Optional.of(least);
  }

  private static long place(List<Dependences.Level> nest, Affine index, long iteration) {
    long at = index.constant();
    long rest = iteration;
    for (Dependences.Level level : nest.reversed()) {
      at += index.coefficient(level.counter()) * (rest % level.trips()) * level.step();
      rest /= level.trips();
    }
    return at;
  }

  @Test
  void whatChangesWithinTheNestIsUnknown() {
    Variable i = new Variable("i", Type.I32);
    Variable other = new Variable("other", Type.I32);
    Affine index = new Affine(Map.of(new Value.Read(other), 1L), 0);
    Dataflow.Store store = new Dataflow.Store(ARRAY, index, 1, Timing.START);
    Dataflow.Load load = new Dataflow.Load(0, ARRAY, index.plus(Affine.of(5), 1), 1);
    List<Dependences.Level> nest = List.of(new Dependences.Level(i, 1, 10));
    assertEquals(Optional.of(1L), new Dependences(nest, Set.of(other)).distance(store, load));
    assertEquals(Optional.empty(), new Dependences(nest, Set.of()).distance(store, load), "always five apart");
  }

  @Test
  void onlyParametersThatMayAliasMeet() {
    Parameter.Global a = new Parameter.Global("a", DType.F32, 10, Parameter.Access.READ, false);
    Parameter.Global b = new Parameter.Global("b", DType.F32, 10, Parameter.Access.WRITE, true);
    Parameter.Global c = new Parameter.Global("c", DType.F32, 10, Parameter.Access.READ, true);
    assertEquals(false, Dependences.mayMeet(a, b));
    assertEquals(true, Dependences.mayMeet(b, c));
    assertEquals(true, Dependences.mayMeet(ARRAY, ARRAY));
    assertEquals(false, Dependences.mayMeet(ARRAY, new Memory.Local("b", DType.F32, 1000)));
  }
}
