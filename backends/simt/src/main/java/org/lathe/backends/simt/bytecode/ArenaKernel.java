package org.lathe.backends.simt.bytecode;

/**
 * A generated kernel of the Aparapi dialect. Its memory is whole byte arrays, little-endian; a parameter of global memory
 * is one of them and an offset.
 */
public interface ArenaKernel {
  /**
   * Binds memory and numbers for the runs to come.
   *
   * @param arenas the distinct arrays, see {@link AparapiClass#arenas}
   * @param numbers for each parameter of the kernel: of global memory the offset in elements, else the scalar
   */
  void bind(byte[][] arenas, long[] numbers);

  /** Runs one work item. */
  void run();
}
