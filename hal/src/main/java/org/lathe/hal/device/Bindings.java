package org.lathe.hal.device;

import java.util.List;
import java.util.function.Predicate;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;

/** What every device asks of the memory that a program is bound to, since its driver would crash without. */
public final class Bindings {
  private Bindings() {}

  /**
   * @param own whether a buffer is the device's, and open
   * @throws IllegalArgumentException if their number, a size or an owner is wrong
   */
  public static void check(Program program, List<BufferSlice> bindings, Predicate<Buffer> own) {
    List<BufferDecl> declarations = program.bound();
    if (bindings.size() != declarations.size()) {
      throw new IllegalArgumentException(
          "program '" + program.name() + "' binds " + declarations.size() + " buffers, found " + bindings.size()
              + "; see Program.bound()");
    }
    for (int i = 0; i < bindings.size(); i++) {
      BufferDecl declaration = declarations.get(i);
      BufferSlice slice = bindings.get(i);
      if (!own.test(slice.buffer())) {
        throw new IllegalArgumentException(
            "buffer '" + declaration.name() + "' is bound to memory of another device; copy it to this one first");
      }
      if (slice.bytes() < declaration.bytes()) {
        throw new IllegalArgumentException(
            "buffer '" + declaration.name() + "' has " + declaration.bytes() + " bytes, bound to " + slice.bytes());
      }
    }
  }
}
