package org.lathe.backends.tornadovm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.bytecode.TornadoClass;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.opencl.Calling;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;

/**
 * A launch in the form that TornadoVM takes it.
 *
 * @param slots for each parameter the slot that its memory is in, -1 for scalars
 * @param arguments the slots of the task's arrays; in bytecode a slot is there once for each type that it is used as, since
 *     TornadoVM's arrays have types, and takes the same array for both
 * @param bytecode null where the route is OpenCL C
 * @param unwritable why there is no bytecode though it was asked for
 */
record KernelTask(
    Launch launch, List<Integer> slots, List<Integer> arguments, String name, String source,
    TornadoClass.@Nullable Task bytecode, Optional<String> unwritable) {

  /**
   * The launch by a route, or as OpenCL C where the bytecode has no words for it.
   *
   * @param headerBytes before an array's data
   * @param api the package of TornadoVM's classes, with a dot at its end
   */
  static KernelTask of(Launch launch, List<Integer> slots, Route route, int headerBytes, String api) {
    if (route == Route.OPENCL) {
      return openCl(launch, slots, headerBytes, Optional.empty());
    }
    Optional<String> refused = refusal(launch.kernel(), slots);
    return refused.isPresent()
        ? openCl(launch, slots, headerBytes, refused)
        : bytecode(launch, slots, headerBytes, api);
  }

  private static KernelTask openCl(Launch launch, List<Integer> slots, int headerBytes, Optional<String> unwritable) {
    Numbered<Integer> arrays = new Numbered<>();
    List<Integer> arenas = slots.stream().filter(s -> s >= 0).map(arrays::of).toList();
    Kernel kernel = launch.kernel();
    String name = kernel.name() + "_" + arenas.stream().map(String::valueOf).collect(Collectors.joining("_"));
    Kernel named = new Kernel(name, kernel.parameters(), kernel.arrays(), kernel.local(), kernel.body());
    String source = OpenClSource.render(Map.of(named, new Calling.Tornado(arenas, headerBytes)));
    return new KernelTask(launch, slots, arrays.all(), name, source, null, unwritable);
  }

  private static KernelTask bytecode(Launch launch, List<Integer> slots, int headerBytes, String api) {
    Numbered<Typed> arrays = new Numbered<>();
    TornadoClass.Task task = TornadoClass.of(launch.kernel(), arenas(launch.kernel(), slots, arrays), api);
    return new KernelTask(
        launch, slots, arrays.all().stream().map(Typed::slot).toList(), task.method(),
        openCl(launch, slots, headerBytes, Optional.empty()).source, task, Optional.empty());
  }

  /** Why the bytecode has no words for a kernel, or empty if it has. */
  private static Optional<String> refusal(Kernel kernel, List<Integer> slots) {
    return TornadoClass.refuses(kernel, arenas(kernel, slots, new Numbered<>()));
  }

  private static List<Integer> arenas(Kernel kernel, List<Integer> slots, Numbered<Typed> arrays) {
    List<Integer> arenas = new ArrayList<>();
    for (int i = 0; i < slots.size(); i++) {
      if (kernel.parameters().get(i) instanceof Parameter.Global g) {
        arenas.add(arrays.of(new Typed(slots.get(i), g.dtype() == DType.BOOL ? DType.U8 : g.dtype())));
      }
    }
    return arenas;
  }

  Route route() {
    return bytecode == null ? Route.OPENCL : Route.BYTECODE;
  }

  /** Both forms, for people. */
  String text() {
    Optional<String> refused = refusal(launch.kernel(), slots);
    String code = refused.isPresent()
        ? "// no bytecode for TornadoVM: " + refused.get() + "\n"
        : "// bytecode for TornadoVM's compiler\n"
            + TornadoClass.of(launch.kernel(), arenas(launch.kernel(), slots, new Numbered<>()), TornadoClass.API)
                .kernel();
    return "// OpenCL C for TornadoVM's prebuilt tasks\n" + source + code;
  }

  private record Typed(int slot, DType dtype) {}

  /** Numbers things by their first use. */
  private static final class Numbered<T> {
    private final Map<T, Integer> numbers = new LinkedHashMap<>();

    int of(T thing) {
      return numbers.computeIfAbsent(thing, _ -> numbers.size());
    }

    List<T> all() {
      return List.copyOf(numbers.keySet());
    }
  }
}
