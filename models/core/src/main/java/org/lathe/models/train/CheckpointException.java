package org.lathe.models.train;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A checkpoint that cannot be read or written. The message is one line: the file, where in it, what was found and what
 * was expected.
 */
public final class CheckpointException extends IOException {
  private static final long serialVersionUID = 1;

  public CheckpointException(Path file, long offset, String problem) {
    super(file + ": at byte " + offset + ": " + problem);
  }

  public CheckpointException(Path file, String problem) {
    super(file + ": " + problem);
  }

  public CheckpointException(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
  }
}
