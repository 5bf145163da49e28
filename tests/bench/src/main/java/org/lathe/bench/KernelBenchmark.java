package org.lathe.bench;

import java.util.concurrent.TimeUnit;
import org.lathe.hal.device.Event;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One kernel on a device, from the submit to the end. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class KernelBenchmark {
  @Param("cpu")
  public String device;

  @Param({"gemm-512", "gemm-1024", "gemm-skinny", "conv3x3", "conv3x3-data", "conv3x3-filter", "conv1x1", "conv7x7",
      "max-pool", "max-pool-gradient", "max-pool-3x3", "max-pool-3x3-gradient", "mean-pool-3x3",
      "mean-pool-3x3-gradient", "lstm-seq", "lstm-seq-backward", "attention", "attention-backward", "softmax-rows",
      "gelu",
      "column-sums", "row-sums"})
  public String workload;

  private BoundProgram program;

  @Setup
  public void prepare() {
    program = new BoundProgram(device, KernelWorkload.of(workload).program());
  }

  @Benchmark
  public Event run() {
    return program.run();
  }

  @TearDown
  public void close() {
    program.close();
  }
}
