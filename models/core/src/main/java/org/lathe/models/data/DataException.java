package org.lathe.models.data;

import java.io.IOException;
import java.nio.file.Path;

/** A data file that is not what it should be. The message is one line: the file, the offset, what was expected. */
public final class DataException extends IOException {
  private static final long serialVersionUID = 1;

  public DataException(Path file, long offset, String problem) {
    super(file + ": at byte " + offset + ": " + problem);
  }

  public DataException(Path file, String problem) {
    super(file + ": " + problem);
  }
}
