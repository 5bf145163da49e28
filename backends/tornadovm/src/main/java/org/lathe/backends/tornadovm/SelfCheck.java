package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.opencl.CompilerFacts;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.tornadovm.TornadoApi.Plan;
import org.lathe.backends.tornadovm.TornadoApi.Scheduled;
import org.lathe.backends.tornadovm.TornadoApi.Target;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;

/** Asks a device for what kernels need to know, and runs a kernel by each route, before the device is offered to anyone. */
final class SelfCheck {
  /** Arguments take few bytes; what OpenCL grants at least is 1,024. */
  static final int MOST_PARAMETERS = 60;
  /** Work items in lockstep on most GPUs; TornadoVM does not tell. */
  private static final int WARP = 32;
  private static final int ITEMS = 96;
  private static final int GROUP = 32;

  /** TornadoVM cannot be asked for them. */
  private static final String FACTS = """
      __kernel void lathe_facts(
          __global long* a, __constant uchar* b, __local uchar* c, __global int* d, __global uchar* array) {
        __global int* out = (__global int*)(array + %d);
      %s
        out[2] = (((size_t)array) & %d) == 0;
        out[3] = 7 * out[4];
      }
      """;

  private SelfCheck() {}

  /**
   * @throws IllegalStateException if the device computes something else than Java
   */
  static Facts run(Engine engine) {
    TornadoApi api = engine.api();
    Target target = engine.target();
    boolean cpu = target.kind().equals("CPU");
    Object array = api.bytes(64);
    MemorySegment out = api.data(array);
    out.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, 4, 6);
    String source = FACTS.formatted(api.headerBytes(), CompilerFacts.STATEMENTS, HostArray.DATA - 1);
    TornadoApi.Graph graph = api.graph("lathefacts").uploadAlways(array)
        .prebuilt("lathe_facts", engine.files().of("lathe_facts", source), array).persist(array);
    Dims one = Dims.of(1, 1, 1);
    try (Plan plan = api.plan(List.of(new Scheduled(graph, one, one)), target.device())) {
      plan.run(0);
      plan.download(array);
    }
    if (out.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, 3) != 42) {
      throw new IllegalStateException("a kernel in OpenCL C gives wrong results");
    }
    if (!computes(engine, Route.OPENCL)) {
      throw new IllegalStateException("a kernel in OpenCL C gives other results than Java");
    }
    Traits traits = new Traits(
        cpu ? Traits.Form.CPU : Traits.Form.GPU, target.computeUnits(),
        cpu ? out.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, CompilerFacts.FLOAT_LANES) : 1, cpu ? 1 : WARP,
        (int) Math.min(1 << 20, target.maxGroup()),
        target.localBytes(), MOST_PARAMETERS,
        out.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, CompilerFacts.HAS_F64) != 0);
    return new Facts(
        traits, api.headerBytes(), out.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, 2) != 0, target.maxBufferBytes(),
        bytecodeComputes(engine));
  }

  private static boolean bytecodeComputes(Engine engine) {
    try {
      return computes(engine, Route.BYTECODE);
    } catch (RuntimeException e) {
      System.getLogger(SelfCheck.class.getName()).log(
          System.Logger.Level.WARNING, "TornadoVM's compiler cannot be used on " + engine.target().name()
              + ": kernels go there as OpenCL C",
          e);
      return false;
    }
  }

  private static Kernel kernel() {
    KernelBuilder k = new KernelBuilder("self_check");
    Parameter.Global x = k.global("x", DType.F32, ITEMS, Parameter.Access.READ, false);
    Parameter.Global y = k.global("y", DType.F32, ITEMS, Parameter.Access.READ_WRITE, false);
    Value i = Values.globalId(0);
    Value sum = k.let("sum", Values.mad(Values.load(x, i), Values.constant(3), Values.load(y, i)));
    // Where compilers take NaN for what does not happen, this is lost.
    k.store(y, i, Values.select(Values.binary(BinaryOp.NE, sum, sum), Values.constant(-1), sum));
    return k.build(GROUP, 1, 1);
  }

  /** Twice with other values between, as a device that keeps a copy would not see them. */
  private static boolean computes(Engine engine, Route route) {
    TornadoApi api = engine.api();
    Launch launch = new Launch(
        kernel(), Dims.of(ITEMS, 1, 1), List.of(new Argument.Input(0), new Argument.Output(0)));
    KernelTask task = KernelTask.of(launch, List.of(0, 1), route, api.headerBytes(), api.prefix());
    List<HostArray> arrays = new ArrayList<>();
    try (ExecutionMemory memory = new ExecutionMemory(engine, engine.target().name())) {
      for (int n = 0; n < 2; n++) {
        int padding = HostArray.DATA - api.headerBytes();
        arrays.add(new HostArray(api, api.bytes(padding + 4 * ITEMS), padding, 4 * ITEMS));
        memory.add(arrays.get(n));
      }
      List<Integer> uploads = arrays.stream().map(memory::uploading).toList();
      RecordedLaunch recorded = memory.launch(task, false);
      recorded.set(0, HostArray.DATA - api.headerBytes());
      recorded.set(1, HostArray.DATA - api.headerBytes());
      memory.finish();
      MemorySegment x = arrays.get(0).data();
      MemorySegment y = arrays.get(1).data();
      for (int round = 0; round < 2; round++) {
        for (int n = 0; n < ITEMS; n++) {
          x.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, n, n == 17 ? Float.NaN : n - 40 + round);
          y.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, n, 0.5f * n * (round + 1));
        }
        memory.prepare(uploads);
        memory.run(recorded);
        memory.download(arrays.get(1));
        for (int n = 0; n < ITEMS; n++) {
          float expected = n == 17 ? -1 : 3 * (n - 40 + round) + 0.5f * n * (round + 1);
          if (y.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, n) != expected) {
            return false;
          }
        }
      }
    }
    return true;
  }
}
