package org.lathe.tornado.standin;

import org.jspecify.annotations.Nullable;

/** In the place of TornadoVM's class of this name, for one task. */
public final class GridScheduler {
  private final String task;
  private final WorkerGrid grid;

  public GridScheduler(String taskName, WorkerGrid workerGrid) {
    task = taskName;
    grid = workerGrid;
  }

  @Nullable
  WorkerGrid3D grid(String name) {
    return name.equals(task) ? (WorkerGrid3D) grid : null;
  }
}
