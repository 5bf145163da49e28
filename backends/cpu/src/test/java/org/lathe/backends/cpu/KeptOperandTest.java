package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.hal.DType;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.HostBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.KernelSpec;

class KeptOperandTest {
  private static final Convolution SPEC = ConvolutionKernelTest.spec(
      Convolution.Form.FORWARD, new Geometry(2, 20, 7, 6, 35, 7, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1), DType.F32, false);
  private static final int DATA = 2 * 20 * 7 * 6;
  private static final int FILTERS = 35 * 20 * 9;
  private static final int RESULT = 2 * 35 * 7 * 6;

  private final ThreadTeam team = new ThreadTeam(2);
  private final AtomicInteger keptRuns = new AtomicInteger();
  private final Random random = new Random();

  /** Counts the runs that found the filters packed. */
  private record Watched(Kernel inner, AtomicInteger keptRuns) implements Kernel {
    @Override
    public void part(long[] operands, Run run, int worker, int workers) {
      if (worker == 0 && run.isPacked()) {
        keptRuns.incrementAndGet();
      }
      inner.part(operands, run, worker, workers);
    }

    @Override
    public int workers(int most) {
      return inner.workers(most);
    }

    @Override
    public long sharedScratch() {
      return inner.sharedScratch();
    }

    @Override
    public long workerScratch() {
      return inner.workerScratch();
    }

    @Override
    public int scratchLongs() {
      return inner.scratchLongs();
    }

    @Override
    public HeapScratch heapScratch() {
      return inner.heapScratch();
    }

    @Override
    public int packedOperand() {
      return inner.packedOperand();
    }

    @Override
    public String variant() {
      return inner.variant();
    }
  }

  static Stream<Function<Convolution, Kernel>> forms() {
    return Stream.of(
        s -> ConvolutionKernel.of(s, false), s -> PixelRowsKernel.of(s, false), s -> WinogradKernel.of(s, false));
  }

  private CpuDevice device(Function<Convolution, Kernel> form) {
    return new CpuDevice(team, new KernelCache(spec -> kernel(spec, form)));
  }

  private Kernel kernel(KernelSpec spec, Function<Convolution, Kernel> form) {
    return spec instanceof Convolution c ? new Watched(form.apply(c), keptRuns) : Kernels.of(spec);
  }

  private static Program convolution() {
    return new Program(
        "convolution",
        List.of(
            new BufferDecl("data", Role.INPUT, 4L * DATA, null),
            new BufferDecl("filters", Role.INPUT, 4L * FILTERS, null),
            new BufferDecl("result", Role.OUTPUT, 4L * RESULT, null)),
        List.of(new Step.Dispatch(
            SPEC,
            List.of(new Slice(0, 0, 4L * DATA), new Slice(1, 0, 4L * FILTERS)),
            List.of(new Slice(2, 0, 4L * RESULT)),
            "convolution")));
  }

  private static Program copy() {
    return new Program(
        "copy",
        List.of(
            new BufferDecl("from", Role.INPUT, 4L * FILTERS, null),
            new BufferDecl("to", Role.OUTPUT, 4L * FILTERS, null)),
        List.of(new Step.Dispatch(
            new Copy(4L * FILTERS), List.of(new Slice(0, 0, 4L * FILTERS)), List.of(new Slice(1, 0, 4L * FILTERS)),
            "copy")));
  }

  private MemorySegment numbers(int n) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return MemorySegment.ofArray(x);
  }

  private static float[] read(HostBuffer buffer) {
    float[] out = new float[(int) (buffer.bytes() / 4)];
    buffer.read(0, MemorySegment.ofArray(out));
    return out;
  }

  private static List<BufferSlice> whole(HostBuffer... buffers) {
    return Arrays.stream(buffers).map(BufferSlice::whole).toList();
  }

  @AfterEach
  void end() {
    team.close();
  }

  @ParameterizedTest
  @MethodSource("forms")
  void filtersThatStayAreKeptAndThoseThatChangeAreSeen(Function<Convolution, Kernel> form) {
    try (CpuDevice device = device(form);
        HostBuffer data = device.allocator().allocate(4L * DATA);
        HostBuffer filters = device.allocator().allocate(4L * FILTERS);
        HostBuffer others = device.allocator().allocate(4L * FILTERS);
        HostBuffer result = device.allocator().allocate(4L * RESULT);
        Prepared prepared = device.prepare(convolution());
        Prepared copying = device.prepare(copy());
        CommandBuffer commands = prepared.record(whole(data, filters, result));
        CommandBuffer copy = copying.record(whole(others, filters))) {
      data.write(0, numbers(DATA));
      filters.write(0, numbers(FILTERS));
      others.write(0, numbers(FILTERS));
      runs(device, prepared, commands, data, filters, result, 6);
      assertEquals(3, keptRuns.getAndSet(0), "of six runs the first sees a change, and two more wait and pack");

      filters.write(0, numbers(FILTERS));
      runs(device, prepared, commands, data, filters, result, 4);
      assertTrue(keptRuns.getAndSet(0) > 0);

      copy.submit().await();
      runs(device, prepared, commands, data, filters, result, 4);
      assertArrayEquals(read(others), read(filters));
      assertTrue(keptRuns.getAndSet(0) > 0);

      others.write(0, numbers(FILTERS));
      assertTrue(commands.rebind(whole(data, others, result)));
      runs(device, prepared, commands, data, others, result, 4);
      assertTrue(keptRuns.getAndSet(0) > 0);

      // Another picture: the filters stay.
      try (HostBuffer picture = device.allocator().allocate(4L * DATA)) {
        picture.write(0, numbers(DATA));
        assertTrue(commands.rebind(whole(picture, others, result)));
        runs(device, prepared, commands, picture, others, result, 2);
        assertEquals(2, keptRuns.getAndSet(0));
      }

      // Who has the memory itself may write at any time.
      assertFalse(others.host().isReadOnly());
      assertTrue(commands.rebind(whole(data, others, result)));
      runs(device, prepared, commands, data, others, result, 4);
      assertEquals(0, keptRuns.get());
    }
  }

  /** Each result is that of commands which have never run before. */
  private void runs(
      CpuDevice device, Prepared prepared, CommandBuffer commands, HostBuffer data, HostBuffer filters,
      HostBuffer result,
      int times) {
    float[] expected;
    try (HostBuffer fresh = device.allocator().allocate(result.bytes());
        CommandBuffer first = prepared.record(whole(data, filters, fresh))) {
      first.submit().await();
      expected = read(fresh);
    }
    for (int i = 0; i < times; i++) {
      result.write(0, MemorySegment.ofArray(new float[RESULT]));
      commands.submit().await();
      assertArrayEquals(expected, read(result), "run " + i);
    }
  }
}
