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
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.HostBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Convolution.Geometry;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.View;

class KeptOperandTest {
  private static final Convolution CONVOLUTION = ConvolutionKernelTest.spec(
      Convolution.Form.FORWARD, new Geometry(2, 20, 7, 6, 35, 7, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1), DType.F32, false);

  private final ThreadTeam team = new ThreadTeam(2);
  private final AtomicInteger keptRuns = new AtomicInteger();
  private final Random random = new Random();

  /** A kernel whose second input can be kept; the sizes of its operands in elements. */
  private record Form(String name, KernelSpec spec, Supplier<Kernel> kernel, int data, int weights, int result) {
    static Form convolution(String name, Function<Convolution, Kernel> form) {
      return new Form(
          name, CONVOLUTION, () -> form.apply(CONVOLUTION), 2 * 20 * 7 * 6, 35 * 20 * 9, 2 * 35 * 7 * 6);
    }

    /** A product of 60 rows, several blocks of k, columns that fill no tile, too large to be read in place. */
    static Form product(boolean transposed, boolean vector) {
      int k = 300;
      int n = 221;
      Contraction spec = new Contraction(
          Dims.of(), 60, n, k, View.of(DType.F32, k, 1),
          transposed ? View.of(DType.F32, 1, k) : View.of(DType.F32, n, 1),
          Epilogue.store(DType.F32, View.of(DType.F32, n, 1)));
      return new Form("product, transposed: " + transposed + ", vector: " + vector, spec,
          () -> ContractionKernel.of(spec, vector), 60 * k,
          k * n,
          60 * n);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Counts the runs that found the weights packed. */
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
    public long keptScratch() {
      return inner.keptScratch();
    }

    @Override
    public boolean keepsArray() {
      return inner.keepsArray();
    }

    @Override
    public String variant() {
      return inner.variant();
    }
  }

  static Stream<Form> forms() {
    return Stream.of(
        Form.convolution("in columns", s -> ConvolutionKernel.of(s, false)),
        Form.convolution("in rows", s -> PixelRowsKernel.of(s, false)),
        Form.convolution("Winograd", s -> WinogradKernel.of(s, false)),
        Form.product(false, false),
        Form.product(true, false),
        Form.product(false, Simd.PRESENT),
        Form.product(true, Simd.PRESENT));
  }

  private CpuDevice device(Form form) {
    return new CpuDevice(
        team,
        new KernelCache(
            spec -> spec.equals(form.spec()) ? new Watched(form.kernel().get(), keptRuns) : Kernels.of(spec)));
  }

  private static Program program(Form form) {
    return new Program(
        "program",
        List.of(
            new BufferDecl("data", Role.INPUT, 4L * form.data(), null),
            new BufferDecl("weights", Role.INPUT, 4L * form.weights(), null),
            new BufferDecl("result", Role.OUTPUT, 4L * form.result(), null)),
        List.of(new Step.Dispatch(
            form.spec(),
            List.of(new Slice(0, 0, 4L * form.data()), new Slice(1, 0, 4L * form.weights())),
            List.of(new Slice(2, 0, 4L * form.result())),
            form.name())));
  }

  private static Program copy(int elements) {
    return new Program(
        "copy",
        List.of(
            new BufferDecl("from", Role.INPUT, 4L * elements, null),
            new BufferDecl("to", Role.OUTPUT, 4L * elements, null)),
        List.of(new Step.Dispatch(
            new Copy(4L * elements), List.of(new Slice(0, 0, 4L * elements)), List.of(new Slice(1, 0, 4L * elements)),
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
  void weightsThatStayAreKeptAndThoseThatChangeAreSeen(Form form) {
    try (CpuDevice device = device(form);
        HostBuffer data = device.allocator().allocate(4L * form.data());
        HostBuffer weights = device.allocator().allocate(4L * form.weights());
        HostBuffer others = device.allocator().allocate(4L * form.weights());
        HostBuffer result = device.allocator().allocate(4L * form.result());
        Prepared prepared = device.prepare(program(form));
        Prepared copying = device.prepare(copy(form.weights()));
        CommandBuffer commands = prepared.record(whole(data, weights, result));
        CommandBuffer copy = copying.record(whole(others, weights))) {
      data.write(0, numbers(form.data()));
      weights.write(0, numbers(form.weights()));
      others.write(0, numbers(form.weights()));
      runs(device, prepared, commands, data, weights, result, 6);
      assertEquals(3, keptRuns.getAndSet(0), "of six runs the first sees a change, and two more wait and pack");

      weights.write(0, numbers(form.weights()));
      runs(device, prepared, commands, data, weights, result, 4);
      assertTrue(keptRuns.getAndSet(0) > 0);

      copy.submit().await();
      runs(device, prepared, commands, data, weights, result, 4);
      assertArrayEquals(read(others), read(weights));
      assertTrue(keptRuns.getAndSet(0) > 0);

      others.write(0, numbers(form.weights()));
      assertTrue(commands.rebind(whole(data, others, result)));
      runs(device, prepared, commands, data, others, result, 4);
      assertTrue(keptRuns.getAndSet(0) > 0);

      // Other data: the weights stay.
      try (HostBuffer otherData = device.allocator().allocate(4L * form.data())) {
        otherData.write(0, numbers(form.data()));
        assertTrue(commands.rebind(whole(otherData, others, result)));
        runs(device, prepared, commands, otherData, others, result, 2);
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
      CpuDevice device, Prepared prepared, CommandBuffer commands, HostBuffer data, HostBuffer weights,
      HostBuffer result,
      int times) {
    float[] expected;
    try (HostBuffer fresh = device.allocator().allocate(result.bytes());
        CommandBuffer first = prepared.record(whole(data, weights, fresh))) {
      first.submit().await();
      expected = read(fresh);
    }
    for (int i = 0; i < times; i++) {
      result.write(0, MemorySegment.ofArray(new float[(int) (result.bytes() / 4)]));
      commands.submit().await();
      assertArrayEquals(expected, read(result), "run " + i);
    }
  }
}
