package org.lathe.backends.tornadovm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Kernels in OpenCL C as files, which TornadoVM reads them from. In a temporary directory of the process, removed at its end. */
final class KernelFiles {
  private final Map<String, Path> files = new ConcurrentHashMap<>();
  private @Nullable Path directory;

  /** A file with this source, the same for the same source. */
  synchronized String of(String kernel, String source) {
    return files.computeIfAbsent(source, _ -> write(kernel, source)).toString();
  }

  private Path write(String kernel, String source) {
    try {
      if (directory == null) {
        directory = Files.createTempDirectory("lathe-tornadovm-");
        directory.toFile().deleteOnExit();
      }
      Path file = directory.resolve(kernel + "_" + files.size() + ".cl");
      Files.writeString(file, source);
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("kernel sources cannot be written for TornadoVM; name another directory with"
          + " -Djava.io.tmpdir", e);
    }
  }
}
