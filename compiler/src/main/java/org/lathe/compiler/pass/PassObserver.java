package org.lathe.compiler.pass;

import org.lathe.compiler.ir.Graph;

/** Is told of each pass as it ends. Called in the compiling thread. */
@FunctionalInterface
public interface PassObserver {
  /** Listens to nothing. */
  PassObserver NONE = (pass, before, after, nanos) -> {};

  /**
   * A pass has run.
   *
   * @param before what it was given
   * @param after what it made of it; {@code before} itself if it had nothing to do
   * @param nanos how long it took
   */
  void ran(Pass pass, Graph before, Graph after, long nanos);
}
