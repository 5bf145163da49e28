package org.lathe.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;

class SafetensorsTest {
  @TempDir
  Path directory;

  private record Bytes(TensorType type, byte[] data) implements Safetensors.Content {
    @Override
    public MemorySegment bytes() {
      return MemorySegment.ofArray(data);
    }
  }

  private Path file() {
    return directory.resolve("t.safetensors");
  }

  private static Bytes random(TensorType type, long seed) {
    byte[] data = new byte[(int) type.bytes()];
    new SplittableRandom(seed).nextBytes(data);
    return new Bytes(type, data);
  }

  @Test
  void everyTypeAndAwkwardShapesComeBack() throws IOException {
    Map<String, Bytes> tensors = new LinkedHashMap<>();
    int i = 0;
    for (DType dtype : DType.values()) {
      tensors.put("scalar." + dtype, random(TensorType.of(dtype), i++));
      tensors.put("empty." + dtype, random(TensorType.of(dtype, 3, 0, 2), i++));
      tensors.put("prime \"ü\"." + dtype, random(TensorType.of(dtype, 13, 1, 17), i++));
    }
    tensors.put("large", random(TensorType.of(DType.F32, 1_000, 601), i));
    Map<String, String> metadata = Map.of("model", "a \"name\"", "step", "12");
    Safetensors.write(file(), metadata, tensors);
    try (Safetensors in = Safetensors.open(file())) {
      assertEquals(metadata, in.metadata());
      assertEquals(tensors.keySet(), in.entries().keySet());
      for (var e : tensors.entrySet()) {
        assertEquals(e.getValue().type(), in.entries().get(e.getKey()).type());
        assertArrayEquals(e.getValue().data(), in.read(e.getKey()).toArray(ValueLayout.JAVA_BYTE), e.getKey());
      }
      assertThrows(CheckpointException.class, () -> in.read("other"));
    }
    assertFalse(Files.exists(directory.resolve("t.safetensors.partial")));
  }

  @Test
  void theLayoutIsTheFormats() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putFloat(1.5f).putFloat(-2);
    Safetensors.write(file(), Map.of(), Map.of("w", new Bytes(TensorType.of(DType.F32, 2), data.array())));
    ByteBuffer written = ByteBuffer.wrap(Files.readAllBytes(file())).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) written.getLong();
    assertEquals(0, header % 8);
    byte[] json = new byte[header];
    written.get(json);
    assertEquals(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        new String(json, StandardCharsets.UTF_8).strip());
    assertEquals(1.5f, written.getFloat());
    assertEquals(-2f, written.getFloat());
    assertFalse(written.hasRemaining());
  }

  private CheckpointException open(byte[] contents) throws IOException {
    Files.write(file(), contents);
    CheckpointException e = assertThrows(CheckpointException.class, () -> Safetensors.open(file()).close());
    assertTrue(e.getMessage().startsWith(file() + ": "), e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    return e;
  }

  private static byte[] contents(String header, int data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json)
        .array();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 7 | the file ends",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 9 | 1 more bytes",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | 4 | of 8 bytes, but its data_offsets are [0, 4]",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | 8 | data_offsets are [8, 0]",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | 12 | after a hole",
      "{\"v\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"w\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}} | 4 | within another",
      "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}} | 2 | dtype F8_E4M3",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | 8 | -2 in its shape",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}} | 8 | 2.5 in its shape",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}} | 8 | no file can hold",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}} | 8 | 1 data_offsets",
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}} | 8 | no list 'data_offsets'",
      "{\"w\":[1]} | 8 | not described by an object",
      "{\"w\":{\"dtype\":\"F32\" | 8 | not valid JSON",
      "{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}} | 2 | not valid JSON",
      "{\"__metadata__\":{\"step\":3}} | 0 | 'step' is not a string",
      "{\"__metadata__\":[]} | 0 | not an object of strings",
      "[] | 0 | begins with '{'",
  })
  void malformedHeadersAreNamed(String header, int data, String expected) throws IOException {
    String message = open(contents(header, data)).getMessage();
    assertTrue(message.contains(expected), message);
  }

  @Test
  void lyingAndCutFilesAreNamed() throws IOException {
    assertTrue(open(new byte[0]).getMessage().contains("the file has 0"));
    assertTrue(open(new byte[7]).getMessage().contains("the file has 7"));
    assertTrue(open(new byte[8]).getMessage().contains("header has 0 bytes"));
    ByteBuffer huge = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(-1);
    assertTrue(open(huge.array()).getMessage().contains("18446744073709551615"));
    ByteBuffer longer = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(1000);
    assertTrue(open(longer.array()).getMessage().contains("the file ends 8 bytes after"));
    assertThrows(CheckpointException.class, () -> Safetensors.open(directory.resolve("none")));
  }

  @Test
  void everyCutOfAGoodFileIsRefused() throws IOException {
    Safetensors.write(file(), Map.of("a", "b"), Map.of("w", random(TensorType.of(DType.F32, 3), 1)));
    byte[] whole = Files.readAllBytes(file());
    for (int n = 0; n < whole.length; n++) {
      open(Arrays.copyOf(whole, n));
    }
  }

  /** A device that is always full stands in for a full disk: the name of the file beside leads to it. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskLeavesTheOldFile() throws IOException {
    Safetensors.write(file(), Map.of(), Map.of("w", random(TensorType.of(DType.F32, 3), 1)));
    byte[] before = Files.readAllBytes(file());
    Path beside = directory.resolve("t.safetensors.partial");
    Files.createSymbolicLink(beside, Path.of("/dev/full"));
    CheckpointException e = assertThrows(
        CheckpointException.class,
        () -> Safetensors.write(file(), Map.of(), Map.of("w", random(TensorType.of(DType.F32, 9), 2))));
    assertTrue(e.getMessage().contains("No space left on device"), e.getMessage());
    assertArrayEquals(before, Files.readAllBytes(file()));
    assertFalse(Files.exists(beside, LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void aDirectoryThatIsNotThereIsNamed() {
    Path file = directory.resolve("no/such/t.safetensors");
    CheckpointException e = assertThrows(CheckpointException.class, () -> Safetensors.write(file, Map.of(), Map.of()));
    assertTrue(e.getMessage().contains("could not be written"), e.getMessage());
  }
}
