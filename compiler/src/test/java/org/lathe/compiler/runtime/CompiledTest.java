package org.lathe.compiler.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.compiler.lower.Donation;
import org.lathe.compiler.lower.LoweredGraph;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.pass.PassObserver;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.OutOfDeviceMemory;
import org.lathe.hal.device.Probe;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.Copy;

/** Calls, on a device that copies: of a graph whose outputs are inputs, output o is a copy of the input it names. */
class CompiledTest {
  private final CopyDevice device = new CopyDevice(true);
  private final Lathe lathe = Lathe.over(device);

  @AfterEach
  void nothingLeaks() {
    lathe.close();
    assertEquals(0, device.open.get());
    assertEquals(0, device.openRecordings.get());
    assertEquals(0, device.prepared.get());
    assertTrue(device.closed);
  }

  /** Lowers a graph whose outputs are inputs to copies; an output that lives in a donated input is not copied. */
  private static final Toolchain COPIES = new Toolchain() {
    @Override
    public Graph optimise(Graph graph, Capabilities capabilities, PassObserver observer) {
      return graph;
    }

    @Override
    public LoweredGraph lower(Graph graph, Capabilities capabilities, List<Donation> donations) {
      List<BufferDecl> buffers = new ArrayList<>();
      for (int i = 0; i < graph.inputs().size(); i++) {
        int input = i;
        boolean donated = donations.stream().anyMatch(d -> d.input() == input);
        buffers
            .add(new BufferDecl("in" + i, donated ? Role.STATE : Role.INPUT, graph.inputTypes().get(i).bytes(), null));
      }
      int[] home = new int[graph.outputs().size()];
      for (int o = 0; o < home.length; o++) {
        int output = o;
        home[o] = donations.stream().filter(d -> d.output() == output).mapToInt(Donation::input).findFirst().orElse(-1);
        if (home[o] < 0) {
          home[o] = buffers.size();
          buffers.add(new BufferDecl("out" + o, Role.OUTPUT, graph.outputTypes().get(o).bytes(), null));
        }
      }
      List<Step> steps = new ArrayList<>();
      for (int o = 0; o < home.length; o++) {
        int from = graph.inputs().indexOf(graph.outputs().get(o).node());
        long bytes = graph.outputTypes().get(o).bytes();
        if (from != home[o] && bytes > 0) {
          steps.add(
              new Step.Dispatch(
                  new Copy(bytes), List.of(new Slice(from, 0, bytes)), List.of(new Slice(home[o], 0, bytes)), "copy"));
        }
      }
      return new LoweredGraph(graph, new Program(graph.name(), buffers, steps), donations, 0);
    }
  };

  private Compiled compile(Function<List<Tensor>, List<Tensor>> f, CompileOptions options) {
    return compile(lathe, f, options);
  }

  private static Compiled compile(Lathe on, Function<List<Tensor>, List<Tensor>> f, CompileOptions options) {
    return on.register(new Compiled(on, new Source.Traced("f", -1, f), options, COPIES));
  }

  private Compiled identity() {
    return compile(in -> in, CompileOptions.DEFAULT.withNames("x", "w"));
  }

  @Test
  void aCallGivesNewArraysAndKeepsItsInputs() {
    try (Compiled f = identity(); Array x = lathe.array(new float[]{1, 2, 3}); Array y = f.call(x)) {
      assertNotSame(x, y);
      assertArrayEquals(new float[]{1, 2, 3}, y.toFloats());
      assertEquals(x.type(), y.type());
      x.write(new float[]{7, 8, 9});
      assertArrayEquals(new float[]{1, 2, 3}, y.toFloats());
    }
  }

  @Test
  void recompilationsSayWhy() {
    Compiled f = identity();
    assertNull(f.lastCompilation());
    Array a = lathe.zeros(DType.F32, 2, 3);
    Array b = lathe.zeros(DType.F32, 3);
    f.callAll(a, b);
    assertEquals("first call", last(f).reason());
    f.callAll(a, b);
    assertEquals(1, f.compilations());
    f.callAll(a, lathe.zeros(DType.F64, 4));
    assertEquals("argument 1 (w) changed from f32[3] to f64[4]", last(f).reason());
    f.callAll(lathe.zeros(DType.I32, 2, 3), b);
    assertEquals(
        "argument 0 (x) changed from f32[2,3] to i32[2,3]; argument 1 (w) changed from f64[4] to f32[3]",
        last(f).reason());
    f.callAll(a);
    assertEquals("called with 1 arguments instead of 2", last(f).reason());
    f.callAll(a, b);
    assertEquals(4, f.compilations());
    assertEquals("called with 1 arguments instead of 2", last(f).reason());
    assertTrue(last(f).toString().startsWith("compiled 'f' for [f32[2,3]]: called with 1"), last(f).toString());
    assertTrue(last(f).times().total().toNanos() > 0);
    assertSame(last(f), f.compilation(TensorType.of(DType.F32, 2, 3)));
  }

  private static Compilation last(Compiled f) {
    return Objects.requireNonNull(f.lastCompilation());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void eightThreadsCallOneFunctionAtOnce(boolean rebinds) throws Exception {
    CopyDevice own = new CopyDevice(rebinds);
    try (Lathe other = Lathe.over(own); ExecutorService threads = Executors.newFixedThreadPool(8)) {
      Compiled f = compile(other, in -> List.of(in.get(1), in.get(0)), CompileOptions.DEFAULT);
      Array shared = other.array(new int[]{1, 2, 3});
      List<Future<?>> all = new ArrayList<>();
      own.meeting = new CyclicBarrier(8);
      for (int t = 0; t < 8; t++) {
        int seed = t;
        all.add(threads.submit(() -> {
          for (int i = 0; i < 200; i++) {
            try (Array x = other.array(new int[]{seed, i, seed + i})) {
              List<Array> out = f.callAll(x, shared);
              assertArrayEquals(new int[]{1, 2, 3}, out.get(0).toInts());
              assertArrayEquals(new int[]{seed, i, seed + i}, out.get(1).toInts());
              out.forEach(Array::close);
            }
          }
        }));
      }
      for (Future<?> f1 : all) {
        f1.get();
      }
      assertEquals(1, f.compilations());
      assertEquals(rebinds ? 8 : 1600, own.recorded.get());
      assertEquals(1, other.openArrays());
    }
    assertEquals(0, own.open.get());
    assertEquals(0, own.openRecordings.get());
  }

  @Test
  void donatedMemoryMovesToTheOutput() {
    Compiled f = compile(in -> List.of(in.get(1), in.get(0)),
        CompileOptions.DEFAULT.withDonations(List.of(new Donation(0, 0))));
    Array p = lathe.array(new float[]{1, 2});
    Array x = lathe.array(new float[]{3, 4});
    List<Array> out = f.callAll(p, x);
    assertTrue(p.isClosed());
    assertArrayEquals(new float[]{3, 4}, out.get(0).toFloats());
    assertTrue(message(() -> p.toFloats()).contains("was donated"));
    assertTrue(message(() -> f.callAll(p, x)).contains("cannot be donated"));
    assertTrue(message(() -> f.callAll(x, x)).contains("pass it once"));
    assertFalse(x.isClosed());
    p.close();
    f.close();
  }

  @Test
  void donationsMustFit() {
    Array a = lathe.zeros(DType.F32, 2);
    Array b = lathe.zeros(DType.F32, 3);
    Compiled types = compile(in -> in, CompileOptions.DEFAULT.withDonations(List.of(new Donation(0, 1))));
    assertTrue(message(() -> types.callAll(a, b)).contains("0 (x0) of f32[2] to output 1 of f32[3]"));
    Compiled range = compile(in -> in, CompileOptions.DEFAULT.withDonations(List.of(new Donation(2, 0))));
    assertTrue(message(() -> range.callAll(a, b)).contains("donates input 2"));
  }

  @Test
  void aFailedCallKeepsItsInputs() {
    Compiled f = compile(in -> in, CompileOptions.DEFAULT.withDonations(List.of(new Donation(0, 0))));
    Array p = lathe.array(new float[]{1, 2});
    device.lost = true;
    assertThrows(DeviceLost.class, () -> f.call(p));
    device.lost = false;
    assertFalse(p.isClosed());
    assertEquals(1, lathe.openArrays());
    f.call(p).close();
  }

  @Test
  void boundCallsUpdateInPlaceWithoutAllocation() {
    Compiled f = compile(
        in -> List.of(in.get(1), in.get(0)), CompileOptions.DEFAULT.withDonations(List.of(new Donation(0, 0))));
    Array p = lathe.array(new float[]{1, 2});
    Array x = lathe.array(new float[]{3, 4});
    BoundCall call = f.bind(p, x);
    call.run();
    assertSame(p, call.output(0));
    assertArrayEquals(new float[]{3, 4}, p.toFloats());
    assertTrue(message(p::close).contains("in use by a run or a bound call"));
    assertTrue(message(() -> call.output(1).close()).contains("in use"));
    for (int i = 0; i < 20_000; i++) {
      call.run();
    }
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 10_000; i++) {
      call.run();
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(allocated < 10_000, () -> allocated + " bytes for 10000 runs");
    call.close();
    call.close();
    assertTrue(call.output(1).isClosed());
    assertFalse(p.isClosed());
    assertTrue(message(call::run).contains("is closed"));
  }

  @Test
  void aDonatedArrayIsBoundOnce() {
    Compiled f = compile(in -> List.of(in.get(1)), CompileOptions.DEFAULT.withDonations(List.of(new Donation(0, 0))));
    Array p = lathe.zeros(DType.F32, 2);
    assertTrue(message(() -> f.bind(p, p)).contains("argument 0 of 'f' is donated"));
    p.close();
    assertTrue(p.isClosed());
  }

  @Test
  void emptyArraysAndEmptyFunctions() {
    try (Array none = lathe.zeros(DType.F32, 0, 3); Array out = identity().call(none)) {
      assertEquals(0, out.toFloats().length);
    }
    Compiled empty = compile(in -> List.of(), CompileOptions.DEFAULT);
    assertEquals(List.of(), empty.callAll());
    assertTrue(message(empty::call).contains("has 0 results; use callAll"));
    int n = 200_000;
    for (int i = 0; i < n; i++) {
      empty.callAll();
    }
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 20; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < 10_000; i++) {
        empty.callAll();
      }
      best = Math.min(best, (System.nanoTime() - start) / 10_000);
    }
    long nanos = best;
    assertTrue(nanos < 2000, () -> "an empty call took " + nanos + " ns");
  }

  @Test
  void wrongArgumentsAreNamed() {
    Compiled two = lathe.compile((a, b) -> a.add(b));
    Array x = lathe.zeros(DType.F32, 2);
    assertTrue(message(() -> two.call(x)).contains("takes 2 arrays, found 1"));
    CopyDevice own = new CopyDevice(true);
    try (Lathe other = Lathe.over(own)) {
      Compiled f = identity();
      assertTrue(message(() -> f.call(other.zeros(DType.F32, 2))).contains("belongs to another Lathe"));
    }
    TypeError e = assertThrows(TypeError.class,
        () -> lathe.compile((a, b) -> a.add(b)).call(x, lathe.zeros(DType.F32, 3)));
    assertTrue(String.valueOf(e.getMessage()).contains(".java:"), e.getMessage());
    Graph given = new org.lathe.compiler.ir.GraphBuilder("given").build(List.of());
    assertTrue(
        message(() -> lathe.compile(given, List.of()).callAll(x)).contains("graph 'given' takes [], found [f32[2]]"));
  }

  @Test
  void forgottenArraysAreCleanedAndCounted() throws Exception {
    forget();
    for (int i = 0; i < 200 && lathe.leakedArrays() == 0; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertEquals(1, lathe.leakedArrays());
    assertEquals(0, lathe.openArrays());
  }

  private void forget() {
    lathe.array(new float[]{1});
  }

  @Test
  void memoryOfClosedArraysIsUsedAgainAndGivenBackWhenShort() {
    lathe.zeros(DType.F32, 1000).close();
    int open = device.open.get();
    lathe.zeros(DType.F32, 1000).close();
    assertEquals(open, device.open.get());
    device.budget = 8192;
    try (Array big = lathe.zeros(DType.F32, 2000)) {
      assertEquals(1, device.open.get());
      assertThrows(OutOfDeviceMemory.class, () -> lathe.zeros(DType.F32, 2000));
    }
  }

  @Test
  void aDeviceThatIsNotThereSaysWhyAndWhatToDo() {
    DeviceUnavailable e = assertThrows(DeviceUnavailable.class, () -> Lathe.on("warp:3"));
    assertTrue(e.reason().contains("there is no backend 'warp' for device 'warp:3'"), e.reason());
    assertTrue(e.remedy().contains("lathe-warp"), e.remedy());
    assertTrue(message(() -> Lathe.withFallback("warp", "weft")).contains("none of [warp, weft] is there"));
    assertTrue(message(() -> Lathe.withFallback()).contains("name at least one"));
    Drivers drivers = Drivers.of(List.of(driver("null", true), driver("slow", false)));
    DeviceChoice best = DeviceChoice.best(drivers);
    assertEquals("copy:0", best.device().info().id());
    assertThrows(DeviceUnavailable.class, () -> DeviceChoice.best(Drivers.of(List.of(driver("null", true)))));
    DeviceChoice second = DeviceChoice.firstOf(drivers, List.of("warp", "slow:0"));
    assertTrue(second.placement().toString().contains("\n  - warp: there is no backend 'warp'"),
        second.placement().toString());
    assertTrue(second.placement().toString().contains("\n  * slow:0: chosen"), second.placement().toString());
  }

  private static Driver driver(String name, boolean onlyByName) {
    return new Driver() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public boolean isOnlyByName() {
        return onlyByName;
      }

      @Override
      public Probe probe() {
        return new Probe.Available(List.of(new CopyDevice(true)));
      }
    };
  }

  @Test
  void closingEndsEverything() {
    Compiled f = identity();
    Array x = lathe.zeros(DType.F32, 2);
    f.bind(x);
    f.call(x);
    lathe.close();
    lathe.close();
    assertTrue(x.isClosed());
    assertEquals(0, lathe.leakedArrays());
    assertTrue(message(() -> lathe.zeros(DType.F32, 2)).contains("this Lathe is closed"));
    assertTrue(message(() -> f.call(x)).contains("is closed"));
    x.close();
  }

  private static String message(Runnable work) {
    return String.valueOf(assertThrows(RuntimeException.class, work::run).getMessage());
  }
}
