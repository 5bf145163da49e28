package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.Dims;

/**
 * What Lathe uses of TornadoVM's API, by reflection. Objects of TornadoVM are {@code Object} here.
 *
 * <p>Every method may throw what TornadoVM throws, as it is: its exceptions are unchecked.
 */
final class TornadoApi {
  private static final int FIRST_EXECUTION = 0;
  private static final int EVERY_EXECUTION = 1;

  private final String prefix;
  private final ClassLoader loader;
  private final int headerBytes;
  private final Object readWrite;
  private final Method data;
  private final Method longData;
  private final Method withGraph;
  private final Method withGridScheduler;
  private final Method withDevice;
  private final Method execute;
  private final Method closePlan;
  private final Method transferToHost;
  private final Method transferRangeToHost;

  /**
   * @param prefix the package, with a dot at its end: TornadoVM's own, or that of classes that stand in for it
   * @throws ReflectiveOperationException if a class or a method is missing: another version
   */
  TornadoApi(String prefix, ClassLoader loader) throws ReflectiveOperationException {
    this.prefix = prefix;
    this.loader = loader;
    Class<?> plan = type("TornadoExecutionPlan");
    Class<?> result = type("TornadoExecutionResult");
    this.headerBytes = Math
        .toIntExact((long) type("types.arrays.TornadoNativeArray").getField("ARRAY_HEADER").get(null));
    this.readWrite = constant(type("common.Access"), "READ_WRITE");
    this.data = type("types.arrays.ByteArray").getMethod("getSegment");
    this.longData = type("types.arrays.LongArray").getMethod("getSegment");
    this.withGraph = plan.getMethod("withGraph", int.class);
    this.withGridScheduler = plan.getMethod("withGridScheduler", type("GridScheduler"));
    this.withDevice = plan.getMethod("withDevice", type("common.TornadoDevice"));
    this.execute = plan.getMethod("execute");
    this.closePlan = plan.getMethod("close");
    this.transferToHost = result.getMethod("transferToHost", Object[].class);
    this.transferRangeToHost = result.getMethod("transferToHost", type("DataRange"));
  }

  Class<?> type(String name) throws ClassNotFoundException {
    return Class.forName(prefix + name, true, loader);
  }

  /** The package of its classes, with a dot at its end. */
  String prefix() {
    return prefix;
  }

  /** The loader of its classes. */
  ClassLoader loader() {
    return loader;
  }

  private static Object constant(Class<?> type, String name) {
    for (Object c : type.getEnumConstants()) {
      if (((Enum<?>) c).name().equals(name)) {
        return c;
      }
    }
    throw new IllegalArgumentException(type + " has no " + name);
  }

  /** Runs reflective code; what TornadoVM throws comes out as it is. */
  static Object call(Reflective body) {
    try {
      return body.run();
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause();
      if (cause instanceof RuntimeException r) {
        throw r;
      }
      if (cause instanceof Error r) {
        throw r;
      }
      throw new IllegalStateException(cause);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this version of TornadoVM has another API than 5.2: " + e, e);
    }
  }

  interface Reflective {
    Object run() throws ReflectiveOperationException;
  }

  /** The bytes before an array's data, on the host and on the device. */
  int headerBytes() {
    return headerBytes;
  }

  /** A {@code ByteArray} of zeros. */
  Object bytes(int n) {
    return call(() -> type("types.arrays.ByteArray").getConstructor(int.class).newInstance(n));
  }

  /** A {@code LongArray} of zeros. */
  Object longs(int n) {
    return call(() -> type("types.arrays.LongArray").getConstructor(int.class).newInstance(n));
  }

  /** The elements of a {@code ByteArray} or {@code LongArray} in the host's memory, without the header. */
  MemorySegment data(Object array) {
    return (MemorySegment) call(() -> (data.getDeclaringClass().isInstance(array) ? data : longData).invoke(array));
  }

  /** What kernels in bytecode take as their first argument. */
  Object context() {
    return call(() -> type("KernelContext").getConstructor().newInstance());
  }

  Graph graph(String name) {
    return new Graph(name);
  }

  /** A task graph under construction. */
  final class Graph {
    private final String name;
    private final Object graph;
    private final Class<?> type;

    private Graph(String name) {
      this.name = name;
      this.type = (Class<?>) call(() -> type("TaskGraph"));
      this.graph = call(() -> type.getConstructor(String.class).newInstance(name));
    }

    private Graph transfer(String method, int mode, Object[] arrays) {
      call(() -> type.getMethod(method, int.class, Object[].class).invoke(graph, mode, arrays));
      return this;
    }

    /** Copies the arrays to the device before each execution. */
    Graph uploadAlways(Object... arrays) {
      return transfer("transferToDevice", EVERY_EXECUTION, arrays);
    }

    /** Copies the arrays to the device before the first execution. */
    Graph uploadOnce(Object... arrays) {
      return transfer("transferToDevice", FIRST_EXECUTION, arrays);
    }

    /** Takes over the arrays' memory on the device from the graph that ran before. */
    Graph consume(Object... arrays) {
      if (arrays.length > 0) {
        call(() -> type.getMethod("consumeFromDevice", Object[].class).invoke(graph, (Object) arrays));
      }
      return this;
    }

    /** Leaves the arrays' memory on the device to the graphs that run afterwards. */
    Graph persist(Object... arrays) {
      call(() -> type.getMethod("persistOnDevice", Object[].class).invoke(graph, (Object) arrays));
      return this;
    }

    /** Adds the only task, a function that TornadoVM compiles. */
    Graph task(Object function, Object... arguments) {
      call(() -> {
        Class<?>[] parameters = new Class<?>[2 + arguments.length];
        Object[] all = new Object[2 + arguments.length];
        parameters[0] = String.class;
        parameters[1] = type("common.TornadoFunctions$Task" + arguments.length);
        all[0] = "t";
        all[1] = function;
        for (int i = 0; i < arguments.length; i++) {
          parameters[2 + i] = Object.class;
          all[2 + i] = arguments[i];
        }
        return type.getMethod("task", parameters).invoke(graph, all);
      });
      return this;
    }

    /** Adds the only task, a kernel in OpenCL C. */
    Graph prebuilt(String kernel, String file, Object... arrays) {
      call(() -> {
        Class<?> accessors = type("AccessorParameters");
        Object all = accessors.getConstructor(int.class).newInstance(arrays.length);
        Method set = accessors.getMethod("set", int.class, Object.class, type("common.Access"));
        for (int i = 0; i < arrays.length; i++) {
          set.invoke(all, i, arrays[i], readWrite);
        }
        return type.getMethod("prebuiltTask", String.class, String.class, String.class, accessors)
            .invoke(graph, "t", kernel, file, all);
      });
      return this;
    }

    private Object snapshot() {
      return call(() -> type.getMethod("snapshot").invoke(graph));
    }

    /** How the task's work items are spread; {@code local} divides {@code global}. */
    private Object scheduler(Dims global, Dims local) {
      return call(() -> {
        Class<?> grid = type("WorkerGrid3D");
        Object workers = grid.getConstructor(int.class, int.class, int.class).newInstance(
            Math.toIntExact(global.get(0)), Math.toIntExact(global.get(1)), Math.toIntExact(global.get(2)));
        grid.getMethod("setLocalWork", long.class, long.class, long.class)
            .invoke(workers, local.get(0), local.get(1), local.get(2));
        return type("GridScheduler").getConstructor(String.class, type("WorkerGrid")).newInstance(name + ".t", workers);
      });
    }
  }

  /**
   * A graph with the range of its task.
   *
   * @param global work items along each of three axes, multiples of {@code local}
   */
  record Scheduled(Graph graph, Dims global, Dims local) {}

  /** An execution plan of these graphs on a device of TornadoVM's. */
  Plan plan(List<Scheduled> graphs, Object device) {
    return new Plan(graphs, device);
  }

  /** An execution plan. One thread at a time. */
  final class Plan implements AutoCloseable {
    private final Object plan;
    private final Object[] schedulers;
    private Object result = this;

    private Plan(List<Scheduled> graphs, Object device) {
      this.schedulers = graphs.stream().map(g -> g.graph().scheduler(g.global(), g.local())).toArray();
      this.plan = call(() -> {
        Class<?> graph = type("ImmutableTaskGraph");
        Object all = Array.newInstance(graph, graphs.size());
        for (int i = 0; i < graphs.size(); i++) {
          Array.set(all, i, graphs.get(i).graph().snapshot());
        }
        return type("TornadoExecutionPlan").getConstructor(all.getClass()).newInstance(all);
      });
      call(() -> withDevice.invoke(plan, device));
    }

    /** Executes one of its graphs and waits for the end. */
    void run(int graph) {
      result = call(() -> execute.invoke(withGridScheduler.invoke(withGraph.invoke(plan, graph), schedulers[graph])));
    }

    /** Copies an array of the graph that ran last to the host. */
    void download(Object array) {
      call(() -> transferToHost.invoke(result, (Object) new Object[]{array}));
    }

    /** Copies some bytes of a {@code ByteArray} of the graph that ran last to the host. */
    void download(Object array, long offset, long bytes) {
      call(() -> {
        Class<?> range = type("DataRange");
        Object part = range.getConstructor(type("types.arrays.TornadoNativeArray")).newInstance(array);
        range.getMethod("withOffset", long.class).invoke(part, offset);
        range.getMethod("withSize", long.class).invoke(part, bytes);
        return transferRangeToHost.invoke(result, part);
      });
    }

    @Override
    public void close() {
      call(() -> closePlan.invoke(plan));
    }
  }

  /** What TornadoVM says of a device. */
  record Target(
      Object device, String backend, String name, String platform, String version, String kind, int computeUnits,
      long maxGroup,
      long localBytes, long memoryBytes, long maxBufferBytes) {}

  /** The devices of all of TornadoVM's backends. Starts TornadoVM. */
  List<Target> targets() {
    List<Target> targets = new ArrayList<>();
    call(() -> {
      Object runtime = type("runtime.TornadoRuntimeProvider").getMethod("getTornadoRuntime").invoke(null);
      Class<?> runtimeType = type("TornadoRuntime");
      Class<?> backendType = type("TornadoBackend");
      int backends = (int) runtimeType.getMethod("getNumBackends").invoke(runtime);
      for (int b = 0; b < backends; b++) {
        Object backend = runtimeType.getMethod("getBackend", int.class).invoke(runtime, b);
        int devices = (int) backendType.getMethod("getNumDevices").invoke(backend);
        for (int d = 0; d < devices; d++) {
          targets.add(target(backendType.getMethod("getDevice", int.class).invoke(backend, d)));
        }
      }
      return targets;
    });
    return targets;
  }

  private Target target(Object device) throws ReflectiveOperationException {
    Class<?> type = type("common.TornadoDevice");
    Object physical = type.getMethod("getPhysicalDevice").invoke(device);
    Class<?> physicalType = type("TornadoTargetDevice");
    long[] group = (long[]) physicalType.getMethod("getDeviceMaxWorkGroupSize").invoke(physical);
    return new Target(
        device,
        ((Enum<?>) type.getMethod("getTornadoVMBackend").invoke(device)).name(),
        (String) physicalType.getMethod("getDeviceName").invoke(physical),
        (String) type.getMethod("getPlatformName").invoke(device),
        (String) type.getMethod("getDeviceOpenCLCVersion").invoke(device),
        ((Enum<?>) type.getMethod("getDeviceType").invoke(device)).name(),
        (int) physicalType.getMethod("getDeviceMaxComputeUnits").invoke(physical),
        group[0],
        (long) type.getMethod("getDeviceLocalMemorySize").invoke(device),
        (long) type.getMethod("getMaxGlobalMemory").invoke(device),
        (long) type.getMethod("getMaxAllocMemory").invoke(device));
  }
}
