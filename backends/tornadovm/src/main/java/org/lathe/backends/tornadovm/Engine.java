package org.lathe.backends.tornadovm;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.lathe.backends.simt.bytecode.TornadoClass;
import org.lathe.backends.tornadovm.TornadoApi.Target;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.KernelBuildFailed;

/** A device of TornadoVM's with what runs on it. Whoever calls TornadoVM holds {@link #TURN}. */
final class Engine {
  /** TornadoVM's calls take turns in the whole process. */
  static final Object TURN = new Object();

  private final TornadoApi api;
  private final Target target;
  private final KernelFiles files;
  /** The functions of kernels in bytecode, by the names of their classes; TornadoVM keeps what it has seen for good. */
  private final Map<String, Object> functions = new ConcurrentHashMap<>();

  Engine(TornadoApi api, Target target, KernelFiles files) {
    this.api = api;
    this.target = target;
    this.files = files;
  }

  TornadoApi api() {
    return api;
  }

  Target target() {
    return target;
  }

  KernelFiles files() {
    return files;
  }

  /** The object that TornadoVM takes for a kernel in bytecode. */
  Object function(TornadoClass.Task task) {
    return functions.computeIfAbsent(task.task().name(), _ -> GeneratedClasses.instance(task, api.loader()));
  }

  /** What a failed execution means: a kernel that does not build at its first, else a device that is gone. */
  static RuntimeException failure(String device, KernelTask task, boolean first, RuntimeException e) {
    if (e instanceof DeviceLost) {
      return e;
    }
    StringBuilder log = new StringBuilder();
    for (Throwable t = e; t != null; t = t.getCause()) {
      log.append(log.isEmpty() ? "" : "; ").append(t);
    }
    RuntimeException failure = first
        ? new KernelBuildFailed(task.name(), task.text(), log + " (the driver's log is on standard error)")
        : new DeviceLost(device, "kernel '" + task.name() + "' failed: " + log);
    failure.initCause(e);
    return failure;
  }
}
