package org.lathe.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.lathe.hal.device.Event;
import org.lathe.hal.program.Program;
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

/** What a run costs before any kernel: a program without steps. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class SubmitBenchmark {
  @Param("cpu")
  public String device;

  private BoundProgram program;

  @Setup
  public void prepare() {
    program = new BoundProgram(device, new Program("empty", List.of(), List.of()));
  }

  @Benchmark
  public Event emptyProgram() {
    return program.run();
  }

  @TearDown
  public void close() {
    program.close();
  }
}
