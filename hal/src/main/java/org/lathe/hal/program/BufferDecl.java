package org.lathe.hal.program;

import org.jspecify.annotations.Nullable;

/**
 * A buffer that a program uses: an arena of temporaries, or an array from outside.
 *
 * @param data the contents of a {@code CONSTANT}, null for the other roles
 */
public record BufferDecl(String name, Role role, long bytes, @Nullable Bytes data) {
  public BufferDecl {
    if ((data != null) != (role == Role.CONSTANT) || (data != null && data.length() != bytes)) {
      throw new IllegalArgumentException(
          "buffer '" + name + "': a constant, and nothing else, carries its " + bytes + " bytes");
    }
  }
}
