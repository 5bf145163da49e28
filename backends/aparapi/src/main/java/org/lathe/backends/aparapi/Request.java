package org.lathe.backends.aparapi;

import java.util.List;
import java.util.stream.Collectors;
import org.lathe.backends.simt.ir.Kernel;

/**
 * A kernel to be compiled.
 *
 * @param arenas for each parameter of memory, in order, the number of the array that it lies in
 */
record Request(Kernel kernel, List<Integer> arenas, Route route) {
  Request {
    arenas = List.copyOf(arenas);
  }

  /** The kernel under a name that tells its arrays. */
  Kernel named() {
    String name = kernel.name() + "_" + arenas.stream().map(String::valueOf).collect(Collectors.joining("_"));
    return new Kernel(name, kernel.parameters(), kernel.arrays(), kernel.local(), kernel.body());
  }

  int arenaCount() {
    return (int) arenas.stream().distinct().count();
  }
}
