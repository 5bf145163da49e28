package org.lathe.backends.opencl.cl;

/** A program that the driver's compiler did not take, with what it said. */
public final class BuildFailure extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int status;
  private final String log;

  BuildFailure(ClException cause, String log) {
    super(cause.getMessage(), cause);
    this.status = cause.status();
    this.log = log.isBlank() ? cause.getMessage() : log;
  }

  public int status() {
    return status;
  }

  public String log() {
    return log;
  }
}
