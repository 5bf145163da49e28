package org.lathe.backends.opencl;

import org.lathe.backends.opencl.cl.ClKernel;

/** Where the kernels of a run go: to a lane, or to a queue that takes their times. */
interface Launcher {
  /** A dispatch begins; its launches follow. */
  default void begin(RecordedStep.Dispatch dispatch) {}

  void launch(ClKernel kernel);

  default void end(RecordedStep.Dispatch dispatch) {}

  /** The byte at {@code offset}, after everything launched before. */
  boolean read(OpenClBuffer buffer, long offset);
}
