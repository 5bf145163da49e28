package org.lathe.tornado.standin;

import java.util.ArrayList;
import java.util.List;
import org.lathe.tornado.standin.types.arrays.TornadoNativeArray;

/** What TornadoVM's TaskGraph does, but for its tasks with so many arguments, which {@link StandIns} makes. */
public class RecordedGraph {
  final String name;
  final List<TornadoNativeArray> always = new ArrayList<>();
  final List<TornadoNativeArray> once = new ArrayList<>();
  final List<TornadoNativeArray> consumed = new ArrayList<>();
  final List<TornadoNativeArray> persisted = new ArrayList<>();
  final List<Task> tasks = new ArrayList<>();

  public RecordedGraph(String name) {
    this.name = name;
  }

  /** One task with its arguments. */
  sealed interface Task {
    String id();

    Object[] arguments();
  }

  record Function(String id, Object function, Object[] arguments) implements Task {}

  record Prebuilt(String id, String kernel, String file, Object[] arguments) implements Task {}

  public RecordedGraph transferToDevice(int mode, Object... objects) {
    for (Object o : objects) {
      (mode == 1 ? always : once).add((TornadoNativeArray) o);
    }
    return this;
  }

  public RecordedGraph consumeFromDevice(Object... objects) {
    for (Object o : objects) {
      consumed.add((TornadoNativeArray) o);
    }
    return this;
  }

  public RecordedGraph persistOnDevice(Object... objects) {
    for (Object o : objects) {
      persisted.add((TornadoNativeArray) o);
    }
    return this;
  }

  public RecordedGraph add(String id, Object function, Object[] arguments) {
    tasks.add(new Function(id, function, arguments));
    return this;
  }

  public RecordedGraph prebuiltTask(String id, String kernel, String file, AccessorParameters parameters) {
    if (tasks.stream().anyMatch(Prebuilt.class::isInstance)) {
      throw new IllegalStateException("TornadoVM 5.2 would run the kernel of the graph's first prebuilt task for each");
    }
    tasks.add(new Prebuilt(id, kernel, file, parameters.objects()));
    return this;
  }

  public ImmutableTaskGraph snapshot() {
    return new ImmutableTaskGraph(this);
  }
}
