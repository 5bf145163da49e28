package org.lathe.hal.program;

import org.lathe.hal.Dims;

/**
 * A part of one of the program's buffers.
 *
 * @param buffer the index of its {@link BufferDecl}
 * @param offset in bytes; a multiple of {@link #ALIGNMENT}, or of the element size for slices that step in a loop
 * @param bytes its length
 * @param loopSteps by how many bytes the offset moves in each iteration of the enclosing loops, outermost first; loops
 *     beyond the list's end do not move it
 */
public record Slice(int buffer, long offset, long bytes, Dims loopSteps) {
  /** The alignment, in bytes, of slices of arenas. */
  public static final long ALIGNMENT = 128;

  public Slice(int buffer, long offset, long bytes) {
    this(buffer, offset, bytes, Dims.of());
  }
}
