package org.lathe.backends.simt.schedule;

import java.util.function.Consumer;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Traits;

/** Kernels whose tasks run alone: a work item for each on CPUs, one item for all of them on pipelines. */
final class Tasks {
  private Tasks() {}

  /** The launch of {@code tasks} tasks, at least one; the body gets the task's number. */
  static Launch launch(LaunchBuilder k, Traits traits, long tasks, Consumer<Value> body) {
    if (traits.isPipeline()) {
      k.loop("task", tasks, body);
      return k.launch(1, 1);
    }
    body.accept(tasks == 1 ? Values.index(0) : k.let("task", Values.globalId(0)));
    return k.launch(tasks, 1);
  }
}
