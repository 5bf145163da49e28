package org.lathe.tornado.standin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.tornado.standin.types.arrays.TornadoNativeArray;

/** In the place of TornadoVM's class of this name: a graph with its memory on the device. */
public final class ImmutableTaskGraph {
  private final RecordedGraph graph;
  private final Map<TornadoNativeArray, MemorySegment> device = new HashMap<>();

  ImmutableTaskGraph(RecordedGraph graph) {
    this.graph = graph;
  }

  /** @param last the graph of the plan that ran before; null for the first */
  void execute(@Nullable ImmutableTaskGraph last, @Nullable GridScheduler grids) {
    if (last != null && last != this) {
      for (TornadoNativeArray a : graph.consumed) {
        MemorySegment theirs = last.device.get(a);
        if (theirs == null) {
          device.remove(a);
        } else {
          device.put(a, theirs);
        }
      }
    }
    graph.once.stream().filter(a -> !device.containsKey(a)).forEach(this::upload);
    graph.always.forEach(this::upload);
    graph.tasks.forEach(t -> execute(t, grids));
  }

  private void upload(TornadoNativeArray a) {
    device.computeIfAbsent(a, _ -> MemorySegment.ofArray(new long[(int) (a.getSegment().byteSize() + 7 >> 3)])
        .asSlice(0, a.getSegment().byteSize())).copyFrom(a.getSegment());
  }

  private void execute(RecordedGraph.Task task, @Nullable GridScheduler grids) {
    WorkerGrid3D grid = grids == null ? null : grids.grid(graph.name + "." + task.id());
    if (grid == null) {
      throw new IllegalStateException("TornadoVM would run one work item of a task without a grid: " + graph.name);
    }
    grid.check();
    List<MemorySegment> memory = new ArrayList<>();
    for (Object o : task.arguments()) {
      if (o instanceof TornadoNativeArray a) {
        MemorySegment here = device.get(a);
        if (here == null) {
          throw new IllegalStateException("an argument of " + graph.name + " is not on the device");
        }
        memory.add(here);
      }
    }
    switch (task) {
      case RecordedGraph.Function(_, Object function, _) -> WorkItems.run(function, memory, grid);
      case RecordedGraph.Prebuilt(_, String kernel, String file, _) -> {
        try {
          OpenClTask.run(Files.readString(Path.of(file)), kernel, memory, grid);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  void download(TornadoNativeArray a, long offset, long bytes) {
    MemorySegment here = device.get(a);
    if (here == null) {
      throw new IllegalStateException("an array is not on the device");
    }
    MemorySegment.copy(here, offset, a.getSegment(), offset, bytes);
  }
}
