package org.lathe.models.zoo.agents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;

/** What the race of a3c's actors can do to the parameters that they share, and what it cannot. */
class ActorsTest {
  private static final int THREADS = 4;
  private static Lathe lathe;

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  private static final class Counter extends Module {
    final Parameter count;

    Counter(long size) {
      count = parameter("count", Initializer.ZEROS, size);
    }
  }

  private static void all(List<Callable<Void>> work) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(work.size())) {
      for (Future<Void> f : threads.invokeAll(work)) {
        f.get();
      }
    }
  }

  /**
   * Threads that add 1 to the same array without a lock lose updates, but no element is ever anything but a count, at most
   * that of all additions.
   */
  @Test
  void updatesGetLostButAreNeverTorn() throws Exception {
    int runs = 400;
    int size = 1037;
    Counter counter = new Counter(size);
    try (ModelState state = new ModelState(lathe, 1)) {
      List<BoundStep> steps = new ArrayList<>();
      List<Callable<Void>> work = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        BoundStep step = BoundStep.bind(
            Step.rule("add." + t, counter, List.of(), "counting", c -> {
              Tensor now = counter.count.tensor();
              c.assign(counter.count, now.add(1));
            }), state);
        steps.add(step);
        work.add(() -> {
          for (int r = 0; r < runs; r++) {
            step.run();
          }
          return null;
        });
      }
      all(work);
      for (float x : state.array("count").toFloats()) {
        assertEquals(Math.rint(x), x);
        assertTrue(x >= 1 && x <= THREADS * runs, "an element counts " + x);
      }
      steps.forEach(BoundStep::close);
    }
  }

  /**
   * Actors whose gradient is 0 write the parameters that were there. If a program kept anything else in them on its way,
   * the copies that the others make meanwhile would show it.
   */
  @Test
  void copiesHoldNothingThatWasNotWrittenAsAParameter() throws Exception {
    A3cModel.Nets nets = new A3cModel.Nets(THREADS, 64);
    try (ModelState state = new ModelState(lathe, 1)) {
      AtomicBoolean ends = new AtomicBoolean();
      List<Callable<Void>> work = new ArrayList<>();
      List<BoundStep> steps = new ArrayList<>();
      Map<String, float[]> before = new HashMap<>();
      for (int t = 0; t < THREADS; t++) {
        BoundStep copy = BoundStep.bind(nets.copying(t), state);
        BoundStep learn = BoundStep.bind(nets.learning(t, A3cModel.STEPS, A3cModel.ENVIRONMENTS), state);
        steps.add(copy);
        steps.add(learn);
        int number = t;
        if (t < THREADS / 2) {
          work.add(() -> {
            for (int r = 0; r < 60; r++) {
              learn.run();
            }
            ends.set(true);
            return null;
          });
        } else {
          work.add(() -> {
            while (!ends.get()) {
              copy.run();
              for (String name : nets.shared.parameters().keySet()) {
                assertArrayEquals(
                    before.get(name), state.array("actor." + number + "." + name).toFloats(), name);
              }
            }
            return null;
          });
        }
      }
      // A critic and a policy of zeros: with rewards of 0 the critic is right, and entropy is at its top.
      for (int t = 0; t < THREADS; t++) {
        for (String part : List.of("policy.weight", "policy.bias", "value.weight", "value.bias")) {
          Array a = state.array("actor." + t + "." + part);
          a.write(new float[(int) a.size()]);
        }
      }
      for (String part : List.of("policy.weight", "policy.bias", "value.weight", "value.bias")) {
        Array a = state.array("shared." + part);
        a.write(new float[(int) a.size()]);
      }
      nets.shared.parameters().keySet().forEach(
          name -> before.put(name, state.array("shared." + name).toFloats()));
      all(work);
      before.forEach((name, values) -> assertArrayEquals(values, state.array("shared." + name).toFloats(), name));
      steps.forEach(BoundStep::close);
    }
  }

  /** All actors at once: what they leave is finite, near where they began, and has as many updates as they made. */
  @Test
  void racingActorsMoveTheParametersByBoundedSteps() {
    A3cModel.Nets nets = new A3cModel.Nets(THREADS, 16);
    try (ModelState state = new ModelState(lathe, new SplittableRandom().nextLong());
        Actors actors = new Actors(nets, state, new Actors.Sizes(THREADS, 3, 5, 7))) {
      Map<String, float[]> before = new HashMap<>();
      nets.shared.parameters().keySet().forEach(
          name -> before.put(name, state.array("shared." + name).toFloats()));
      var task = actors.task(2, Map::of);
      task.beginEpoch(0);
      task.iterate(0, 0);
      task.iterate(0, 1);
      for (int t = 0; t < THREADS; t++) {
        assertEquals(14, state.steps("learn." + t));
      }
      // One step of RMSProp moves a number by at most rate / sqrt(1 - decay).
      double most = 3e-3 / Math.sqrt(1 - 0.99) * 14 * THREADS * 1.01;
      boolean moved = false;
      for (var e : before.entrySet()) {
        float[] now = state.array("shared." + e.getKey()).toFloats();
        for (int i = 0; i < now.length; i++) {
          assertTrue(Math.abs(now[i] - e.getValue()[i]) <= most, e.getKey() + " moved to " + now[i]);
          moved |= now[i] != e.getValue()[i];
        }
      }
      assertTrue(moved);
    }
  }
}
