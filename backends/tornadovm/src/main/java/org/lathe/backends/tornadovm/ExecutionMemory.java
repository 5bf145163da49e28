package org.lathe.backends.tornadovm;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.tornadovm.TornadoApi.Graph;
import org.lathe.backends.tornadovm.TornadoApi.Plan;
import org.lathe.backends.tornadovm.TornadoApi.Scheduled;
import org.lathe.hal.Dims;
import org.lathe.hal.device.DeviceLost;

/**
 * An execution plan of graphs that pass the same arrays on to each other on the device.
 *
 * <p>TornadoVM copies to the device only what a graph's task takes: uploads are graphs whose task does nothing. Each graph
 * has one task, since TornadoVM 5.2 runs for all prebuilt tasks of a graph the kernel of the first.
 */
final class ExecutionMemory implements AutoCloseable {
  /** Arrays that one graph uploads: OpenCL gives kernels little room for arguments. */
  private static final int MOST_TOGETHER = 32;
  private static final Dims ONE = Dims.of(1, 1, 1);

  private final Engine engine;
  private final String device;
  private final List<HostArray> arrays = new ArrayList<>();
  private final List<Scheduled> graphs = new ArrayList<>();
  private final List<Integer> first = new ArrayList<>();
  private @Nullable Plan plan;
  private boolean started;

  /** @param device its name, for errors */
  ExecutionMemory(Engine engine, String device) {
    this.engine = engine;
    this.device = device;
  }

  /** Adds an array; all of them before the first graph. */
  void add(HostArray array) {
    arrays.add(array);
  }

  private Object[] objects(List<HostArray> which) {
    return which.stream().map(HostArray::array).toArray();
  }

  private Graph graph() {
    return engine.api().graph("lathe" + graphs.size());
  }

  /** The number of a graph that uploads these, and takes over all others. */
  private int upload(List<HostArray> which) {
    Object[] objects = objects(which);
    Object[] others = objects(arrays.stream().filter(a -> !which.contains(a)).toList());
    String kernel = "lathe_upload_" + objects.length;
    graphs.add(new Scheduled(
        graph().uploadAlways(objects).consume(others)
            .prebuilt(kernel, engine.files().of(kernel, uploadSource(kernel, objects.length)), objects)
            .persist(objects),
        ONE, ONE));
    return graphs.size() - 1;
  }

  private static String uploadSource(String name, int n) {
    StringBuilder s = new StringBuilder("__kernel void " + name
        + "(__global long* a, __constant uchar* b, __local uchar* c, __global int* d");
    for (int i = 0; i < n; i++) {
      s.append(", __global uchar* array").append(i);
    }
    return s.append(") {}\n").toString();
  }

  /** Has these uploaded before the first run. */
  void uploadAtStart(List<HostArray> which) {
    for (int from = 0; from < which.size(); from += MOST_TOGETHER) {
      first.add(upload(which.subList(from, Math.min(which.size(), from + MOST_TOGETHER))));
    }
  }

  /** The number of a graph that uploads one array. */
  int uploading(HostArray array) {
    return upload(List.of(array));
  }

  /**
   * Adds a launch as a graph.
   *
   * @param moves whether its numbers change between runs
   */
  RecordedLaunch launch(KernelTask task, boolean moves) {
    RecordedLaunch launch = new RecordedLaunch(engine.api(), task, graphs.size());
    Graph graph = graph();
    if (moves) {
      graph.uploadAlways(launch.numbers());
    } else {
      graph.uploadOnce(launch.numbers());
    }
    graph.consume(objects(arrays));
    List<Object> arguments = new ArrayList<>();
    if (task.bytecode() != null) {
      arguments.add(engine.api().context());
    }
    task.arguments().forEach(a -> arguments.add(arrays.get(a).array()));
    arguments.add(launch.numbers());
    if (task.bytecode() != null) {
      graph.task(engine.function(task.bytecode()), arguments.toArray());
    } else {
      graph.prebuilt(task.name(), engine.files().of(task.name(), task.source()), arguments.toArray());
    }
    graphs.add(new Scheduled(graph, task.launch().global(), task.launch().kernel().local()));
    return launch;
  }

  private Plan plan() {
    return Objects.requireNonNull(plan, "a plan is used before it is finished");
  }

  /** Makes the plan of all that was added. */
  void finish() {
    plan = engine.api().plan(graphs, engine.target().device());
  }

  /** Before a run: uploads what has to be there, and then what these graphs do. */
  void prepare(List<Integer> uploads) {
    try {
      if (!started) {
        first.forEach(plan()::run);
        started = true;
      }
      uploads.forEach(plan()::run);
    } catch (RuntimeException e) {
      throw lost("an upload failed: " + e, e);
    }
  }

  void run(RecordedLaunch launch) {
    launch.run(plan(), device);
  }

  void download(HostArray array) {
    array.breakSeal();
    RuntimeException failure = null;
    try {
      plan().download(array.array());
    } catch (RuntimeException e) {
      failure = e;
    }
    if (!array.isSealed() || failure != null) {
      throw lost("a copy from the device did not arrive" + (failure == null ? "" : ": " + failure), failure);
    }
  }

  /** Copies some bytes of an array's data to the host; they are not checked. */
  void download(HostArray array, long offset, long bytes) {
    try {
      plan().download(array.array(), HostArray.DATA - engine.api().headerBytes() + offset, bytes);
    } catch (RuntimeException e) {
      throw lost("a copy from the device failed: " + e, e);
    }
  }

  private DeviceLost lost(String what, @Nullable RuntimeException cause) {
    DeviceLost lost = new DeviceLost(device, what);
    if (cause != null) {
      lost.initCause(cause);
    }
    return lost;
  }

  @Override
  public void close() {
    if (plan != null) {
      plan.close();
    }
  }
}
