package org.lathe.bench;

import java.util.concurrent.TimeUnit;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.bench.Workload;
import org.lathe.models.bench.Workloads;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Whole steps of models, as the rows of the workload table: training with its update, and inference. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 10, time = 1)
@Measurement(iterations = 5, time = 1)
public class StepBenchmark {
  @Param({"train-xor", "train-mlp", "train-lenet5", "train-lstm-lm"})
  String step;

  @Param("cpu")
  String device;

  private Lathe lathe;
  private Workload.Ready ready;

  static Workload workload(String id) {
    return Workloads.all().stream()
        .filter(w -> w.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("there is no workload '" + id + "'"));
  }

  @Setup(Level.Trial)
  public void prepare() {
    lathe = Lathe.on(device);
    ready = workload(step).setup().prepare(lathe, 1);
  }

  @Benchmark
  public void step() {
    ready.run();
  }

  @TearDown(Level.Trial)
  public void close() {
    ready.close();
    lathe.close();
  }
}
