package org.lathe.tornado.standin;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.tornado.standin.common.TornadoDevice;

/** In the place of TornadoVM's class of this name. */
public final class TornadoExecutionPlan implements AutoCloseable {
  private final ImmutableTaskGraph[] graphs;
  private @Nullable ImmutableTaskGraph last;
  private @Nullable ImmutableTaskGraph selected;
  private @Nullable GridScheduler grids;
  private boolean closed;

  public TornadoExecutionPlan(ImmutableTaskGraph... immutableTaskGraphs) {
    graphs = immutableTaskGraphs;
  }

  public TornadoExecutionPlan withGraph(int graphIndex) {
    selected = graphs[graphIndex];
    return this;
  }

  public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
    grids = gridScheduler;
    return this;
  }

  public TornadoExecutionPlan withDevice(TornadoDevice device) {
    return this;
  }

  public TornadoExecutionResult execute() {
    if (closed) {
      throw new IllegalStateException("a closed plan");
    }
    selected().execute(last, grids);
    last = selected;
    return new TornadoExecutionResult(this);
  }

  ImmutableTaskGraph selected() {
    return Objects.requireNonNull(selected, "Lathe always selects a graph");
  }

  @Override
  public void close() {
    closed = true;
  }
}
