package org.lathe.hal.spec;

/**
 * The least work of a kernel, for rooflines and reports: a multiply-add counts as two operations, each operand is moved
 * once.
 */
public record Work(long operations, long bytesRead, long bytesWritten) {
  public long bytes() {
    return bytesRead + bytesWritten;
  }

  public Work plus(Work other) {
    return new Work(operations + other.operations, bytesRead + other.bytesRead, bytesWritten + other.bytesWritten);
  }
}
