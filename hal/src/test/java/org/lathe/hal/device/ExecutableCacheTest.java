package org.lathe.hal.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutableCacheTest {
  private static final int HEADER = 40;
  private final List<String> complaints = new ArrayList<>();
  private final Random random = new Random();
  @TempDir
  Path dir;

  private ExecutableCache cache(long maxBytes) {
    return new ExecutableCache(dir.resolve("kernels"), maxBytes, complaints::add);
  }

  private static String key(int i) {
    return String.format("%064x", i);
  }

  private byte[] bytes(int n) {
    byte[] b = new byte[n];
    random.nextBytes(b);
    return b;
  }

  private Path file(int i) {
    return dir.resolve("kernels").resolve(key(i) + ".bin");
  }

  private int files() throws IOException {
    try (Stream<Path> all = Files.list(dir.resolve("kernels"))) {
      return (int) all.count();
    }
  }

  @Test
  void whatIsPutIsThereInTheNextProcess() throws IOException {
    assertEquals(Optional.empty(), cache(1000).get(key(1)));
    for (int n : new int[]{0, 1, 207}) {
      byte[] b = bytes(n);
      cache(1000).put(key(1), b);
      assertArrayEquals(b, cache(1000).get(key(1)).orElseThrow());
    }
    assertEquals(1, files());
    assertEquals(List.of(), complaints);
  }

  @Test
  void aDamagedEntryIsMissingAndDeleted() throws IOException {
    byte[] b = bytes(100);
    for (int at = 0; at < HEADER + 100; at += 7) {
      cache(1000).put(key(1), b);
      byte[] entry = Files.readAllBytes(file(1));
      assertEquals(HEADER + 100, entry.length);
      byte[] damaged = at % 2 == 0 ? Arrays.copyOf(entry, at) : entry;
      if (at % 2 != 0) {
        damaged[at] ^= 4;
      }
      Files.write(file(1), damaged);
      assertEquals(Optional.empty(), cache(1000).get(key(1)), "damage at " + at);
      assertFalse(Files.exists(file(1)));
    }
    cache(1000).put(key(1), b);
    Files.move(file(1), file(2));
    assertEquals(Optional.empty(), cache(1000).get(key(2)), "an entry under another's name");
    assertEquals(List.of(), complaints);
  }

  @Test
  void theLeastRecentlyUsedGoFirst() throws IOException {
    ExecutableCache cache = cache(3 * (HEADER + 100));
    for (int i = 0; i < 3; i++) {
      cache.put(key(i), bytes(100));
      Files.setLastModifiedTime(file(i), FileTime.from(Instant.now().minusSeconds(100 - i)));
    }
    assertTrue(cache.get(key(0)).isPresent());
    cache.put(key(3), bytes(100));
    assertTrue(cache.get(key(0)).isPresent());
    assertEquals(Optional.empty(), cache.get(key(1)));
    assertTrue(cache.get(key(2)).isPresent());
    assertTrue(cache.get(key(3)).isPresent());
    cache.put(key(4), bytes(2 * HEADER + 300 + 1));
    assertEquals(Optional.empty(), cache.get(key(4)), "larger than the cache");
    assertEquals(3, files());
  }

  @Test
  void filesOfWritersThatDiedAreRemoved() throws IOException {
    ExecutableCache cache = cache(1000);
    cache.put(key(0), bytes(1));
    Path old = dir.resolve("kernels/dead.tmp");
    Path young = dir.resolve("kernels/alive.tmp");
    Files.write(old, bytes(1));
    Files.write(young, bytes(1));
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(7200)));
    cache.put(key(1), bytes(1));
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(young));
  }

  @Test
  void withoutADirectoryItKeepsNothingAndSaysSoOnce() throws IOException {
    Files.write(dir.resolve("kernels"), new byte[1]);
    ExecutableCache cache = cache(1000);
    for (int i = 0; i < 3; i++) {
      cache.put(key(i), bytes(10));
      assertEquals(Optional.empty(), cache.get(key(i)));
    }
    assertEquals(1, complaints.size());
    assertTrue(complaints.getFirst().contains("cannot write to " + dir.resolve("kernels")), complaints.getFirst());
  }

  @Test
  void readersSeeWholeEntriesWhileWritersWrite() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<?>> running = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        int seed = t;
        running.add(threads.submit(() -> {
          Random r = new Random(seed);
          ExecutableCache cache = cache(10 * 1040);
          for (int i = 0; i < 60; i++) {
            int k = r.nextInt(20);
            if (r.nextBoolean()) {
              byte[] contents = new byte[1000];
              Arrays.fill(contents, (byte) k);
              cache.put(key(k), contents);
            } else {
              cache.get(key(k)).ifPresent(b -> assertTrue(b.length == 1000 && b[0] == k && b[999] == k));
            }
          }
        }));
      }
      for (Future<?> f : running) {
        f.get();
      }
    }
    assertEquals(List.of(), complaints);
    assertTrue(files() <= 11);
  }

  @Test
  void keysAreHashes() {
    for (String bad : new String[]{"", "../../etc", "ABCDEF01", "abc", "xyzxyzxyz"}) {
      assertThrows(IllegalArgumentException.class, () -> cache(1000).get(bad));
      assertThrows(IllegalArgumentException.class, () -> cache(1000).put(bad, new byte[0]));
    }
  }

  @Test
  void theDirectoryIsThePlatforms() {
    Map<String, String> linux = Map.of("user.home", "/home/u", "os.name", "Linux");
    assertEquals(Path.of("/home/u/.cache/lathe"), ExecutableCache.userDirectory(Map.of(), linux::get));
    assertEquals(Path.of("/x/lathe"), ExecutableCache.userDirectory(Map.of("XDG_CACHE_HOME", "/x"), linux::get));
    assertEquals(Path.of("/home/u/.cache/lathe"),
        ExecutableCache.userDirectory(Map.of("XDG_CACHE_HOME", "relative"), linux::get));
    Map<String, String> mac = Map.of("user.home", "/Users/u", "os.name", "Mac OS X");
    assertEquals(Path.of("/Users/u/Library/Caches/lathe"), ExecutableCache.userDirectory(Map.of(), mac::get));
    Map<String, String> windows = Map.of("user.home", "/u", "os.name", "Windows 11");
    assertEquals(Path.of("/l/lathe"), ExecutableCache.userDirectory(Map.of("LOCALAPPDATA", "/l"), windows::get));
    assertEquals(Path.of("/u/AppData/Local/lathe"), ExecutableCache.userDirectory(Map.of(), windows::get));
    Map<String, String> asked = Map.of("lathe.cache.dir", "/asked", "os.name", "Linux", "user.home", "/h");
    assertEquals(Path.of("/asked"), ExecutableCache.userDirectory(Map.of("XDG_CACHE_HOME", "/x"), asked::get));
  }
}
