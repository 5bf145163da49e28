package org.lathe.backends.simt.aot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;
import org.lathe.backends.simt.aot.Manifest.FileEntry;
import org.lathe.backends.simt.aot.Manifest.InvalidBuildException;

/** The files of a build directory: written beside and renamed, and read only if they are what the manifest says. */
public final class BuildFiles {
  private BuildFiles() {}

  static FileEntry write(Path directory, String path, String contents) throws IOException {
    return write(directory, path, contents.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a file, in place of what was there. */
  public static FileEntry write(Path directory, String path, byte[] contents) throws IOException {
    Path file = directory.resolve(path);
    Files.createDirectories(parent(file));
    Path unfinished = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.write(unfinished, contents);
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
    return new FileEntry(path, contents.length, hash(contents));
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(file + " is no file");
    }
    return parent;
  }

  /**
   * The contents of a file.
   *
   * @throws InvalidBuildException if it is missing, or not what the manifest says
   */
  public static byte[] read(Path directory, FileEntry entry) throws IOException {
    Path file = directory.resolve(entry.path());
    if (!file.normalize().startsWith(directory.normalize())) {
      throw new InvalidBuildException(
          directory.resolve(Manifest.FILE) + " is damaged: it names " + entry.path() + ", outside of its directory");
    }
    if (!Files.isRegularFile(file)) {
      throw new InvalidBuildException(file + " is missing");
    }
    if (Files.size(file) != entry.bytes()) {
      throw new InvalidBuildException(
          file + " is damaged: it has " + Files.size(file) + " bytes, its manifest says " + entry.bytes());
    }
    byte[] contents = Files.readAllBytes(file);
    if (!hash(contents).equals(entry.sha256())) {
      throw new InvalidBuildException(file + " is damaged: its SHA-256 is not the one in its manifest");
    }
    return contents;
  }

  static String hash(byte[] contents) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(contents));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
