package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lathe.hal.Dims;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Probe;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Bytes;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.KernelSpec;

class CpuDeviceTest {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  /** Adds the ints of the input to those of the output, split over the workers, with a barrier before. */
  private static final class AddInts implements Kernel {
    private final long count;

    AddInts(KernelSpec spec) {
      this.count = ((Copy) spec).bytes() / 4;
    }

    @Override
    public void part(long[] operands, Run run, int worker, int workers) {
      run.barrier();
      for (int i = run.firstTask(worker); i < count; i = run.nextTask()) {
        long to = operands[1] + 4L * i;
        Memory.putInt(to, Memory.getInt(to) + Memory.getInt(operands[0] + 4L * i));
      }
    }

    @Override
    public int workers(int most) {
      return count > 1 ? most : 1;
    }

    @Override
    public String variant() {
      return "add";
    }
  }

  private final ThreadTeam team = new ThreadTeam(3);
  private final AtomicInteger built = new AtomicInteger();
  private final CpuDevice device = new CpuDevice(
      team,
      new KernelCache(
          spec -> {
            built.incrementAndGet();
            return new AddInts(spec);
          }));

  @AfterEach
  void nothingLeaks() {
    assertEquals(0, device.allocator().openBuffers());
    assertEquals(0, device.allocator().allocatedBytes());
    device.close();
    team.close();
  }

  private static Step.Dispatch add(Slice from, Slice to) {
    return new Step.Dispatch(new Copy(from.bytes()), List.of(from), List.of(to), "add");
  }

  private int[] run(Program program, int outputInts, int... input) {
    try (Buffer in = device.allocator().allocate(4L * input.length);
        Buffer out = device.allocator().allocate(4L * outputInts);
        Prepared prepared = device.prepare(program);
        CommandBuffer commands = prepared.record(List.of(BufferSlice.whole(in), BufferSlice.whole(out)))) {
      in.write(0, MemorySegment.ofArray(input));
      out.write(0, MemorySegment.ofArray(new int[outputInts]));
      commands.submit().await();
      int[] result = new int[outputInts];
      out.read(0, MemorySegment.ofArray(result));
      assertEquals(commands.profile().size() > 0, !program.steps().isEmpty());
      return result;
    }
  }

  private static BufferDecl input(long bytes) {
    return new BufferDecl("in", Role.INPUT, bytes, null);
  }

  private static BufferDecl output(long bytes) {
    return new BufferDecl("out", Role.OUTPUT, bytes, null);
  }

  @Test
  void nestedLoopsMoveSlices() {
    // out[i] += in[3 * j + i], one int at a time
    Step inner = new Step.Loop(
        3, List.of(add(new Slice(0, 0, 4, Dims.of(12, 4)), new Slice(1, 0, 4, Dims.of(0, 4)))));
    Program p = new Program("loops", List.of(input(24), output(12)), List.of(new Step.Loop(2, List.of(inner))));
    assertEquals(List.of(5, 7, 9), java.util.Arrays.stream(run(p, 3, 1, 2, 3, 4, 5, 6)).boxed().toList());
  }

  @Test
  void reboundCommandsUseTheNewMemoryOnly() {
    Step loop = new Step.Loop(2, List.of(add(new Slice(0, 0, 4, Dims.of(4)), new Slice(1, 0, 4))));
    Program p = new Program("rebound", List.of(input(8), output(4)), List.of(loop));
    try (Buffer memory = device.allocator().allocate(512); Prepared prepared = device.prepare(p)) {
      memory.write(0, MemorySegment.ofArray(new int[128]));
      memory.write(0, MemorySegment.ofArray(new int[]{1, 2}));
      memory.write(64, MemorySegment.ofArray(new int[]{10, 20}));
      try (CommandBuffer commands = prepared
          .record(List.of(new BufferSlice(memory, 0, 8), new BufferSlice(memory, 128, 4)))) {
        commands.submit().await();
        assertTrue(commands.rebind(List.of(new BufferSlice(memory, 64, 8), new BufferSlice(memory, 192, 4))));
        commands.submit().await();
        commands.submit().await();
        assertThrows(IllegalArgumentException.class, () -> commands.rebind(List.of(new BufferSlice(memory, 0, 8))));
      }
      int[] result = new int[128];
      memory.read(0, MemorySegment.ofArray(result));
      assertEquals(3, result[32]);
      assertEquals(60, result[48]);
    }
  }

  @Test
  void branchesReadTheirPredicateEachTime() {
    // The predicate moves over the low bytes of the input; each way counts in a place of its own.
    BufferDecl one = new BufferDecl("one", Role.CONSTANT, 4, Bytes.of(new byte[]{1, 0, 0, 0}));
    Step branch = new Step.Branch(
        new Slice(0, 0, 1, Dims.of(4)),
        List.of(add(new Slice(2, 0, 4), new Slice(1, 0, 4))),
        List.of(add(new Slice(2, 0, 4), new Slice(1, 4, 4))));
    Program p = new Program("branch", List.of(input(20), output(8), one), List.of(new Step.Loop(5, List.of(branch))));
    int[] counts = run(p, 2, 1, 0, 0, 7, 0);
    assertEquals(2, counts[0]);
    assertEquals(3, counts[1]);
  }

  @Test
  void manyWorkersManyTimes() {
    int n = 1000;
    int[] input = new int[n];
    java.util.Arrays.setAll(input, i -> i);
    Program p = new Program(
        "team",
        List.of(input(4L * n), output(4L * n)),
        List.of(new Step.Loop(200, List.of(add(new Slice(0, 0, 4L * n), new Slice(1, 0, 4L * n))))));
    int[] result = run(p, n, input);
    for (int i = 0; i < n; i++) {
      assertEquals(200 * i, result[i]);
    }
    assertEquals(1, built.get());
  }

  @Test
  void kernelsAreSharedBetweenPrograms() {
    Step step = add(new Slice(0, 0, 8), new Slice(1, 0, 8));
    Program p = new Program("p", List.of(input(8), output(8)), List.of(step, step));
    try (Prepared first = device.prepare(p);
        Prepared second = device.prepare(p)) {
      assertEquals(1, built.get());
      assertEquals(2, second.kernels().size());
      assertSame(p, first.program());
    }
  }

  @Test
  void bindingsAreChecked() {
    Program p = new Program("p", List.of(input(8), output(8)), List.of());
    try (Buffer small = device.allocator().allocate(4);
        Prepared prepared = device.prepare(p)) {
      BufferSlice slice = BufferSlice.whole(small);
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> prepared.record(List.of(slice)))
              .getMessage()
              .contains("binds 2 buffers, found 1"));
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> prepared.record(List.of(slice, slice)))
              .getMessage()
              .contains("has 8 bytes, bound to 4"));
    }
  }

  @Test
  void theDriverIsFoundAndItsDeviceDescribed() {
    Driver driver = StreamSupport.stream(ServiceLoader.load(Driver.class).spliterator(), false)
        .filter(d -> d.name().equals("cpu"))
        .findFirst()
        .orElseThrow();
    Probe.Available found = assertInstanceOf(Probe.Available.class, driver.probe());
    try (Device cpu = found.devices().getFirst()) {
      assertEquals("cpu:0", cpu.info().id());
      assertTrue(cpu.info().computeUnits() >= 1);
      assertTrue(cpu.info().memoryBytes() > 0);
    }
  }
}
