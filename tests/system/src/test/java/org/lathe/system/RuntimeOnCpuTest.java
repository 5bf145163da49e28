package org.lathe.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Array;
import org.lathe.compiler.runtime.BoundCall;
import org.lathe.compiler.runtime.CompileOptions;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;

/** The API on real kernels: results, threads, state that stays on the device, and what a call costs. */
class RuntimeOnCpuTest {
  private final Lathe lathe = Lathe.best();
  private final Random random = new Random(3);

  @AfterEach
  void close() {
    lathe.close();
    assertEquals(0, lathe.device().allocator().openBuffers());
  }

  private Array random(long... shape) {
    int n = 1;
    for (long s : shape) {
      n *= (int) s;
    }
    float[] data = new float[n];
    for (int i = 0; i < n; i++) {
      data[i] = random.nextFloat() - 0.5f;
    }
    return lathe.array(data, shape);
  }

  @Test
  void theBestDeviceOfAMachineWithoutGpusIsTheCpu() {
    assertEquals("cpu:0", lathe.device().info().id(), lathe.placement().toString());
    assertTrue(lathe.placement().toString().startsWith("asked for best: runs on cpu:0"), lathe.placement().toString());
  }

  @Test
  void aTracedFunctionComputesWhatItSays() {
    Compiled f = lathe.compile((x, w, b) -> x.matmul(w).add(b).relu());
    Array x = random(7, 13);
    Array w = random(13, 5);
    Array b = random(5);
    float[] y = f.call(x, w, b).toFloats();
    for (int i = 0; i < 7; i++) {
      for (int j = 0; j < 5; j++) {
        double sum = b.toFloats()[j];
        for (int k = 0; k < 13; k++) {
          sum += (double) x.toFloats()[i * 13 + k] * w.toFloats()[k * 5 + j];
        }
        assertEquals(Math.max(0, sum), y[i * 5 + j], 1e-5);
      }
    }
  }

  @Test
  void eightThreadsShareOneFunction() throws Exception {
    Compiled f = lathe.compile((x, w) -> x.matmul(w).tanh().sum(0));
    Array w = random(33, 17);
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        Array x = random(64, 33);
        float[] expected = f.call(x, w).toFloats();
        all.add(threads.submit(() -> {
          for (int i = 0; i < 200; i++) {
            try (Array y = f.call(x, w)) {
              assertArrayEquals(expected, y.toFloats());
            }
          }
        }));
      }
      for (Future<?> done : all) {
        done.get();
      }
    }
    assertEquals(1, f.compilations());
  }

  /** x, y, weights, random key in; weights and key out, in place, and the loss. */
  private List<Tensor> step(List<Tensor> in) {
    RandomKey key = new RandomKey(in.get(3));
    Tensor noisy = in.get(0).add(key.normal(DType.F32, 16, 4).mul(0.01));
    Tensor loss = noisy.matmul(in.get(2)).sub(in.get(1)).square().mean();
    Tensor gradient = Gradients.gradient(loss, in.get(2));
    return List.of(in.get(2).sub(gradient.mul(0.5)), key.next(), loss);
  }

  private BoundCall training(Compiled f, Array weights) {
    Array x = random(16, 4);
    Array truth = random(4, 3);
    Array y = lathe.compile((a, b) -> a.matmul(b)).call(x, truth);
    return f.bind(x, y, weights, lathe.array(RandomKey.of(1)));
  }

  private Compiled compiledStep() {
    return lathe.compile(
        "step", this::step,
        CompileOptions.DEFAULT.withNames("x", "y", "w", "key")
            .withDonations(List.of(new Donation(2, 0), new Donation(3, 1))));
  }

  @Test
  void trainingUpdatesTheWeightsInPlaceWithoutAllocating() {
    Array weights = lathe.zeros(DType.F32, 4, 3);
    try (Compiled f = compiledStep(); BoundCall step = training(f, weights)) {
      step.run();
      double first = step.output(2).item();
      assertSame(weights, step.output(0));
      for (int i = 0; i < 20_000; i++) {
        step.run();
      }
      double last = step.output(2).item();
      assertTrue(last < first / 100, first + " to " + last);
      assertEquals(20_001, step.inputs().get(3).toLongs()[1]);
      var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
      // Until the JVM has compiled the kernels their vectors are objects; how long that takes is the machine's affair.
      long allocated = Long.MAX_VALUE;
      for (int round = 0; round < 100 && allocated >= 5_000; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 5_000; i++) {
          step.run();
        }
        allocated = threads.getCurrentThreadAllocatedBytes() - before;
      }
      long steady = allocated;
      assertTrue(steady < 5_000, () -> steady + " bytes in 5000 steps");
    }
  }

  @Test
  void whatABoundRunAddsIsSmall() {
    Compiled f = lathe.compile("empty", in -> List.of());
    try (BoundCall call = f.bind()) {
      long bound = best(call::run);
      long whole = best(() -> f.callAll());
      assertTrue(bound < 300, () -> "an empty bound run took " + bound + " ns");
      assertTrue(whole < 2000, () -> "an empty call took " + whole + " ns");
    }
  }

  /** The least of several means, in nanoseconds. */
  private static long best(Runnable work) {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 30; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < 10_000; i++) {
        work.run();
      }
      best = Math.min(best, (System.nanoTime() - start) / 10_000);
    }
    return best;
  }

  @Test
  void aLoopRunsOnTheDevice() {
    Compiled f = lathe.compile(
        "loop",
        in -> {
          var r = ControlFlow.scan(
              List.of(in.get(0)),
              List.of(in.get(1)),
              (c, x) -> {
                Tensor h = c.getFirst().matmul(in.get(2)).add(x.getFirst()).tanh();
                return new ControlFlow.Step(h, h);
              });
          Tensor loss = r.carry().square().sum().add(r.output().sum());
          return List.of(loss, Gradients.gradient(loss, in.get(2)));
        });
    List<Array> in = List.of(random(2, 3), random(11, 2, 3), random(3, 3));
    List<Literal> expected = Oracle.run(f.compilation(in.stream().map(Array::type).toList()).traced(),
        in.stream().map(Array::toLiteral).toList());
    List<Array> found = f.callAll(in);
    for (int o = 0; o < 2; o++) {
      assertArrayEquals(expected.get(o).toArray(), found.get(o).toDoubles(), 1e-4);
    }
  }

  @Test
  void profilesNameTheKernels() {
    Compiled f = lathe.compile((x, w) -> x.matmul(w).softmax(1));
    var timings = f.profile(List.of(random(8, 16), random(16, 8)));
    assertEquals(f.compilation(random(8, 16).type(), random(16, 8).type()).kernels().size(), timings.size());
    assertTrue(timings.stream().allMatch(t -> t.endNanos() >= t.startNanos()));
  }
}
