package org.lathe.models.train;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;

/**
 * The safetensors file format (Hugging Face): a little-endian u64 header length, a JSON header, then the tensors' bytes.
 *
 * <p>Reading checks everything before any data is used: the header's length and syntax, dtypes, that each tensor's offsets
 * fit its shape, and that together they cover the data exactly.
 */
public final class Safetensors implements AutoCloseable {
  private static final String METADATA = "__metadata__";
  /** As in the reference implementation. */
  private static final long MOST_HEADER = 100_000_000;

  private static final int CHUNK = 1 << 20;

  private final Path file;
  private final FileChannel channel;
  private final Map<String, String> metadata;
  private final Map<String, Entry> entries;

  /**
   * One tensor of an open file.
   *
   * @param offset of its first byte in the file
   */
  public record Entry(TensorType type, long offset) {}

  private Safetensors(Path file, FileChannel channel, Map<String, String> metadata, Map<String, Entry> entries) {
    this.file = file;
    this.channel = channel;
    this.metadata = Collections.unmodifiableMap(metadata);
    this.entries = Collections.unmodifiableMap(entries);
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws CheckpointException if it is not a safetensors file, is cut short, or contradicts itself
   */
  public static Safetensors open(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new CheckpointException(file, "there is no such file");
    }
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      return new HeaderReader(file, channel).read();
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  public Path file() {
    return file;
  }

  /** The strings of the header's {@code __metadata__}. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /** The tensors by name, in the file's order. */
  public Map<String, Entry> entries() {
    return entries;
  }

  /** The bytes of a tensor, dense and little-endian. */
  public MemorySegment read(String name) throws IOException {
    Entry e = entries.get(name);
    if (e == null) {
      throw new CheckpointException(file, "holds no tensor '" + name + "'");
    }
    byte[] bytes = new byte[Math.toIntExact(e.type().bytes())];
    HeaderReader.readFully(file, channel, e.offset(), ByteBuffer.wrap(bytes));
    return MemorySegment.ofArray(bytes);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** Parses and checks a header. */
  private record HeaderReader(Path file, FileChannel channel) {
    Safetensors read() throws IOException {
      long size = channel.size();
      if (size < 8) {
        throw new CheckpointException(file, 0, "expected the 8 bytes of the header's length, the file has " + size);
      }
      ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      readFully(file, channel, 0, prefix);
      long length = prefix.getLong(0);
      if (length < 2 || length > MOST_HEADER) {
        throw new CheckpointException(
            file, 0,
            "says that its header has " + Long.toUnsignedString(length) + " bytes; expected 2 to " + MOST_HEADER);
      }
      if (8 + length > size) {
        throw new CheckpointException(
            file, 0,
            "says that its header has " + length + " bytes, but the file ends " + (size - 8) + " bytes after this");
      }
      byte[] text = new byte[(int) length];
      readFully(file, channel, 8, ByteBuffer.wrap(text));
      Map<String, Object> header = parse(text);
      Map<String, String> metadata = new LinkedHashMap<>();
      Map<String, Entry> entries = new LinkedHashMap<>();
      for (var e : header.entrySet()) {
        if (e.getKey().equals(METADATA)) {
          metadata(e.getValue(), metadata);
        } else {
          entries.put(e.getKey(), entry(e.getKey(), e.getValue(), 8 + length, size));
        }
      }
      checkCover(entries, 8 + length, size);
      return new Safetensors(file, channel, metadata, entries);
    }

    private Map<String, Object> parse(byte[] text) throws IOException {
      if (text[0] != '{') {
        throw new CheckpointException(file, 8, "expected a JSON header that begins with '{'");
      }
      try {
        return JSON.std.with(JSON.Feature.FAIL_ON_DUPLICATE_MAP_KEYS).mapFrom(text);
      } catch (IOException e) {
        String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        throw new CheckpointException(file, 8, "the header is not valid JSON: " + line);
      }
    }

    private void metadata(Object value, Map<String, String> into) throws CheckpointException {
      if (!(value instanceof Map<?, ?> map)) {
        throw new CheckpointException(file, 8, METADATA + " is not an object of strings");
      }
      for (var e : map.entrySet()) {
        if (!(e.getValue() instanceof String text)) {
          throw new CheckpointException(file, 8, METADATA + " '" + e.getKey() + "' is not a string");
        }
        into.put((String) e.getKey(), text);
      }
    }

    private Entry entry(String name, Object value, long data, long size) throws CheckpointException {
      if (!(value instanceof Map<?, ?> map)) {
        throw problem(name, "is not described by an object");
      }
      DType dtype = dtype(name, map.get("dtype"));
      long[] shape = integers(name, "shape", map.get("shape"));
      long[] offsets = integers(name, "data_offsets", map.get("data_offsets"));
      if (offsets.length != 2) {
        throw problem(name, "has " + offsets.length + " data_offsets, expected a begin and an end");
      }
      long bytes = dtype.bytes();
      try {
        for (long d : shape) {
          bytes = Math.multiplyExact(bytes, d);
        }
      } catch (ArithmeticException e) {
        throw problem(name, "has shape " + Arrays.toString(shape) + ", which no file can hold");
      }
      if (offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes) {
        throw problem(
            name, "is " + dtype + Arrays.toString(shape) + " of " + bytes + " bytes, but its data_offsets are "
                + Arrays.toString(offsets));
      }
      if (offsets[1] > size - data) {
        throw new CheckpointException(
            file,
            size,
            "the file ends; tensor '" + name + "' needs bytes " + (data + offsets[0]) + " to " + (data + offsets[1]));
      }
      if (bytes > Integer.MAX_VALUE - 16L) {
        throw problem(name, "has " + bytes + " bytes; at most 2 GiB for one tensor are read");
      }
      return new Entry(TensorType.of(dtype, shape), data + offsets[0]);
    }

    private DType dtype(String name, @Nullable Object value) throws CheckpointException {
      for (DType d : DType.values()) {
        if (d.name().equals(value)) {
          return d;
        }
      }
      throw problem(name, "has dtype " + value + ", expected one of " + Arrays.toString(DType.values()));
    }

    private long[] integers(String name, String what, @Nullable Object value) throws CheckpointException {
      if (!(value instanceof List<?> list)) {
        throw problem(name, "has no list '" + what + "'");
      }
      long[] out = new long[list.size()];
      for (int i = 0; i < out.length; i++) {
        if (!(list.get(i) instanceof Integer || list.get(i) instanceof Long)
            || ((Number) list.get(i)).longValue() < 0) {
          throw problem(name, "has " + list.get(i) + " in its " + what + ", expected whole numbers from 0");
        }
        out[i] = ((Number) list.get(i)).longValue();
      }
      return out;
    }

    private CheckpointException problem(String name, String what) {
      return new CheckpointException(file, 8, "tensor '" + name + "' " + what);
    }

    /** Neither overlaps nor holes, as the format asks. */
    private void checkCover(Map<String, Entry> entries, long data, long size) throws CheckpointException {
      List<Map.Entry<String, Entry>> sorted = entries.entrySet().stream()
          .sorted(
              (a, b) -> a.getValue().offset() != b.getValue().offset()
                  ? Long.compare(a.getValue().offset(), b.getValue().offset())
                  : Long.compare(a.getValue().type().bytes(), b.getValue().type().bytes()))
          .toList();
      long at = data;
      for (var e : sorted) {
        long offset = e.getValue().offset();
        if (offset != at) {
          throw new CheckpointException(
              file,
              offset,
              "tensor '" + e.getKey() + "' begins here, "
                  + (offset < at ? "within another one; expected byte " : "after a hole; expected byte ") + at);
        }
        at += e.getValue().type().bytes();
      }
      if (at != size) {
        throw new CheckpointException(file, at, "expected the end of the file, found " + (size - at) + " more bytes");
      }
    }

    static void readFully(Path file, FileChannel channel, long at, ByteBuffer into) throws IOException {
      int start = into.position();
      while (into.hasRemaining()) {
        long position = at + into.position() - start;
        if (channel.read(into, position) < 0) {
          throw new CheckpointException(file, position, "the file ends here, " + into.remaining() + " bytes too early");
        }
      }
    }
  }

  /** A tensor to write: gives its bytes, dense and little-endian. */
  public interface Content {
    TensorType type();

    MemorySegment bytes();
  }

  /**
   * Writes a file beside {@code file}, forces it to the disk, and renames it: after a crash or on a full disk there is
   * either the old file or the new one, whole.
   *
   * @throws CheckpointException if it cannot be written; an older file is then untouched
   */
  public static void write(Path file, Map<String, String> metadata, Map<String, ? extends Content> tensors)
      throws IOException {
    Path target = file.toAbsolutePath();
    Path beside = target.resolveSibling(target.getFileName() + ".partial");
    try {
      try (FileChannel out = FileChannel.open(
          beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
        writeAll(out, header(metadata, tensors));
        for (Content c : tensors.values()) {
          writeAll(out, c.bytes());
        }
        out.force(true);
      }
      Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      forceDirectory(target);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(beside);
      } catch (IOException second) {
        e.addSuppressed(second);
      }
      throw new CheckpointException(file, "could not be written: " + reason(e) + "; an older file is unharmed", e);
    }
  }

  private static String reason(IOException e) {
    String message = e.getMessage();
    String kind = e.getClass().getSimpleName();
    return message == null ? kind : kind.equals("IOException") ? message : kind + " " + message;
  }

  /** Makes the rename itself last, where the system lets a directory be opened. */
  private static void forceDirectory(Path target) throws IOException {
    Path directory = target.getParent();
    if (directory != null && target.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel d = FileChannel.open(directory, StandardOpenOption.READ)) {
        d.force(true);
      }
    }
  }

  private static MemorySegment header(Map<String, String> metadata, Map<String, ? extends Content> tensors)
      throws IOException {
    Map<String, Object> all = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      all.put(METADATA, metadata);
    }
    long at = 0;
    for (var e : tensors.entrySet()) {
      if (e.getKey().equals(METADATA)) {
        throw new IllegalArgumentException("a tensor cannot be named " + METADATA);
      }
      TensorType type = e.getValue().type();
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("dtype", type.dtype().name());
      entry.put("shape", Arrays.stream(type.shape().toArray()).boxed().toList());
      entry.put("data_offsets", List.of(at, at + type.bytes()));
      all.put(e.getKey(), entry);
      at += type.bytes();
    }
    byte[] json = JSON.std.asString(all).getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + 7) / 8 * 8;
    byte[] bytes = new byte[8 + padded];
    Arrays.fill(bytes, (byte) ' ');
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, padded);
    System.arraycopy(json, 0, bytes, 8, json.length);
    return MemorySegment.ofArray(bytes);
  }

  private static void writeAll(FileChannel out, MemorySegment bytes) throws IOException {
    for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
      ByteBuffer chunk = bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer();
      while (chunk.hasRemaining()) {
        out.write(chunk);
      }
    }
  }
}
