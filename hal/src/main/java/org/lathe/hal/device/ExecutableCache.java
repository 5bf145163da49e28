package org.lathe.hal.device;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Compiled kernels on disk, kept from one process to the next. Any thread and any number of processes.
 *
 * <p>An entry is written beside and renamed, so a reader sees all of it or nothing, and carries a hash of its contents:
 * drivers crash on damaged binaries, so a damaged entry is deleted and counts as missing. Where the directory cannot be
 * used, the cache is empty and keeps nothing, and says so once through {@link System.Logger}. Beyond its size the entries
 * that were not used for longest are deleted.
 */
public final class ExecutableCache {
  /** The system property that names the cache directory, in place of the platform's place for caches. */
  public static final String DIRECTORY_PROPERTY = "lathe.cache.dir";

  private static final long SHARED_BYTES = 1L << 30;
  private static final byte[] MAGIC = "LATHEX1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int HASH_BYTES = 32;
  private static final String SUFFIX = ".bin";
  private static final String UNFINISHED = ".tmp";
  private static final long ABANDONED_SECONDS = 3600;

  private static final class Shared {
    static final ExecutableCache INSTANCE = new ExecutableCache(
        userDirectory().resolve("kernels"), SHARED_BYTES, Shared::log);

    private static void log(String message) {
      System.getLogger(ExecutableCache.class.getName()).log(System.Logger.Level.WARNING, message);
    }
  }

  private final Path directory;
  private final long maxBytes;
  private final Consumer<String> complaints;
  private final AtomicBoolean complained = new AtomicBoolean();

  /** @param maxBytes what the files of all entries may take together */
  public ExecutableCache(Path directory, long maxBytes, Consumer<String> complaints) {
    this.directory = directory;
    this.maxBytes = maxBytes;
    this.complaints = complaints;
  }

  /** The user's cache, of at most 1 GiB. */
  public static ExecutableCache shared() {
    return Shared.INSTANCE;
  }

  /** Where Lathe keeps what it can make again, for this user on this machine; it may not exist yet. */
  public static Path userDirectory() {
    return userDirectory(System.getenv(), System::getProperty);
  }

  /**
   * Where Lathe keeps what it can make again: {@code lathe.cache.dir}; else on Windows {@code %LOCALAPPDATA%\lathe}, on
   * macOS {@code ~/Library/Caches/lathe}, elsewhere {@code $XDG_CACHE_HOME/lathe} or {@code ~/.cache/lathe}.
   */
  static Path userDirectory(Map<String, String> environment, UnaryOperator<@Nullable String> properties) {
    String asked = properties.apply(DIRECTORY_PROPERTY);
    if (asked != null && !asked.isBlank()) {
      return Path.of(asked);
    }
    String home = String.valueOf(properties.apply("user.home"));
    String system = String.valueOf(properties.apply("os.name"));
    if (system.startsWith("Windows")) {
      String local = environment.get("LOCALAPPDATA");
      return (local == null || local.isBlank() ? Path.of(home, "AppData", "Local") : Path.of(local)).resolve("lathe");
    }
    if (system.startsWith("Mac")) {
      return Path.of(home, "Library", "Caches", "lathe");
    }
    String xdg = environment.get("XDG_CACHE_HOME");
    // The XDG specification says to ignore relative paths.
    return (xdg == null || !xdg.startsWith("/") ? Path.of(home, ".cache") : Path.of(xdg)).resolve("lathe");
  }

  public Path directory() {
    return directory;
  }

  /** The bytes kept under {@code key}, or empty. A hash of all that the bytes depend on is the key: hexadecimal digits. */
  public Optional<byte[]> get(String key) {
    Path file = file(key);
    byte[] entry;
    try {
      entry = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      complain("cannot read " + file, e);
      return Optional.empty();
    }
    int header = MAGIC.length + HASH_BYTES;
    byte[] contents = entry.length < header ? new byte[0] : Arrays.copyOfRange(entry, header, entry.length);
    if (entry.length < header || !Arrays.equals(header(key, contents), Arrays.copyOf(entry, header))) {
      delete(file);
      return Optional.empty();
    }
    try {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    } catch (NoSuchFileException e) {
      // Another process has evicted it meanwhile; what was read is whole.
    } catch (IOException e) {
      complain("cannot mark " + file + " as used", e);
    }
    return Optional.of(contents);
  }

  /** Keeps {@code contents} under {@code key}, in place of what was there. What is larger than the cache is not kept. */
  public void put(String key, byte[] contents) {
    Path file = file(key);
    byte[] header = header(key, contents);
    if (header.length + (long) contents.length > maxBytes) {
      return;
    }
    Path unfinished = directory.resolve(key + "-" + UUID.randomUUID() + UNFINISHED);
    try {
      Files.createDirectories(directory);
      Files.write(unfinished, ByteBuffer.allocate(header.length + contents.length).put(header).put(contents).array());
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
      evict(file);
    } catch (IOException e) {
      complain("cannot write to " + directory, e);
      if (Files.exists(unfinished)) {
        delete(unfinished);
      }
    }
  }

  private record Entry(Path file, long bytes, Instant used) {}

  private void evict(Path newest) throws IOException {
    List<Entry> entries = new ArrayList<>();
    Instant abandoned = Instant.now().minusSeconds(ABANDONED_SECONDS);
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Entry entry = entry(file);
        if (entry == null) {
          continue;
        }
        if (file.toString().endsWith(SUFFIX)) {
          entries.add(entry);
        } else if (file.toString().endsWith(UNFINISHED) && entry.used().isBefore(abandoned)) {
          delete(file);
        }
      }
    }
    long total = entries.stream().mapToLong(Entry::bytes).sum();
    entries.sort(Comparator.comparing(Entry::used));
    for (Entry e : entries) {
      if (total > maxBytes && !e.file().equals(newest)) {
        delete(e.file());
        total -= e.bytes();
      }
    }
  }

  /** Null if another process has deleted it meanwhile. */
  private static @Nullable Entry entry(Path file) throws IOException {
    try {
      return new Entry(file, Files.size(file), Files.getLastModifiedTime(file).toInstant());
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private Path file(String key) {
    if (!key.matches("[0-9a-f]{8,128}")) {
      throw new IllegalArgumentException("a cache key is 8 to 128 hexadecimal digits in lower case, not '" + key + "'");
    }
    return directory.resolve(key + SUFFIX);
  }

  /** The key is hashed too, so that an entry under another's name is a damaged one. */
  private static byte[] header(String key, byte[] contents) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(key.getBytes(StandardCharsets.US_ASCII));
      digest.update((byte) 0);
      return ByteBuffer.allocate(MAGIC.length + HASH_BYTES).put(MAGIC).put(digest.digest(contents)).array();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      complain("cannot delete " + file, e);
    }
  }

  private void complain(String what, IOException e) {
    if (!complained.getAndSet(true)) {
      complaints.accept(
          "kernels are compiled anew in each process: " + what + " (" + e + "); make it writable or set -D"
              + DIRECTORY_PROPERTY);
    }
  }
}
