package org.lathe.backends.aparapi;

import java.util.List;
import org.lathe.backends.simt.ir.Kernel;

/**
 * A kernel to be compiled.
 *
 * @param arenas by way of bytecode, for each parameter of memory, in order, the number of the array that it lies in; empty
 *     for source, which takes addresses: one executable serves all bindings
 */
record Request(Kernel kernel, List<Integer> arenas, Route route) {
  Request {
    arenas = route == Route.SOURCE ? List.of() : List.copyOf(arenas);
  }
}
