package org.lathe.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.hal.Dims;

class ReadersTest {
  @TempDir
  Path dir;

  private static byte[] idx(byte[] data, int... shape) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(0x0800 | shape.length);
      for (int d : shape) {
        out.writeInt(d);
      }
      out.write(data);
    }
    return bytes.toByteArray();
  }

  private Path file(String name, byte[] data) throws IOException {
    return Files.write(dir.resolve(name), data);
  }

  private Path file(String name, String data) throws IOException {
    return Files.writeString(dir.resolve(name), data);
  }

  private static void assertProblem(String part, Executable reading) {
    DataException e = assertThrows(DataException.class, reading);
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  private void mnist(byte[] images, byte[] labels) throws IOException {
    file("train-images-idx3-ubyte", images);
    file("t10k-images-idx3-ubyte", images);
    file("train-labels-idx1-ubyte", labels);
    file("t10k-labels-idx1-ubyte", labels);
  }

  @Test
  void idxPlainAndZippedAgree() throws IOException {
    byte[] pixels = new byte[3 * 4 * 5];
    new Random(1).nextBytes(pixels);
    byte[] images = idx(pixels, 3, 4, 5);
    mnist(images, idx(new byte[]{7, 0, 9}, 3));
    TrainTest plain = Idx.readMnist(dir);
    Files.delete(dir.resolve("train-images-idx3-ubyte"));
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(dir.resolve("train-images-idx3-ubyte.gz")))) {
      out.write(images);
    }
    TrainTest zipped = Idx.readMnist(dir);
    Column.Floats image = (Column.Floats) plain.train().column("image");
    assertEquals(Dims.of(1, 4, 5), image.shape());
    for (int i = 0; i < pixels.length; i++) {
      assertEquals((pixels[i] & 0xff) / 255f, image.data()[i]);
    }
    assertArrayEquals(image.data(), ((Column.Floats) zipped.train().column("image")).data());
    assertArrayEquals(new int[]{7, 0, 9}, ((Column.Ints) plain.train().column("label")).data());
  }

  @Test
  void idxThatLies() throws IOException {
    byte[] good = idx(new byte[60], 3, 4, 5);
    byte[] labels = idx(new byte[3], 3);
    mnist(Arrays.copyOf(good, good.length - 1), labels);
    assertProblem("promises 60 bytes of data, 59 are there", () -> Idx.readMnist(dir));
    mnist(Arrays.copyOf(good, good.length + 1), labels);
    assertProblem("more data than the 60 bytes", () -> Idx.readMnist(dir));
    mnist(Arrays.copyOf(good, 6), labels);
    assertProblem("ends within its header", () -> Idx.readMnist(dir));
    mnist(new byte[]{0x50, 0x4b, 3, 4, 0, 0}, labels);
    assertProblem("magic number", () -> Idx.readMnist(dir));
    mnist(idx(new byte[0], -1, -1, -1), labels);
    assertProblem("larger than 2 GiB", () -> Idx.readMnist(dir));
    mnist(good, idx(new byte[2], 2));
    assertProblem("2 labels for 3 images", () -> Idx.readMnist(dir));
    mnist(idx(new byte[0], 0, 4, 5), idx(new byte[0], 0));
    assertProblem("holds no image", () -> Idx.readMnist(dir));
    Files.delete(dir.resolve("t10k-labels-idx1-ubyte"));
    mnist(good, labels);
    Files.delete(dir.resolve("train-labels-idx1-ubyte"));
    assertProblem("has no file train-labels-idx1-ubyte", () -> Idx.readMnist(dir));
  }

  @Test
  void csvWithClassesAndWithNumbers() throws IOException {
    Dataset classes = Csv.read(file("a.csv", "width,height,kind\n1,2,cat\n3.5,-4e2,\"dog, big\"\n\n5,6,cat\n"));
    assertArrayEquals(new float[]{1, 2, 3.5f, -400, 5, 6}, ((Column.Floats) classes.column("x")).data());
    assertArrayEquals(new int[]{0, 1, 0}, ((Column.Ints) classes.column("label")).data());
    Dataset numbers = Csv.read(file("b.csv", "1,2,0.5\n3,4,10\n"));
    assertArrayEquals(new float[]{0.5f, 10}, ((Column.Floats) numbers.column("y")).data());
    Dataset digits = Csv.read(file("c.csv", "1,10\n3,9\n"));
    assertArrayEquals(new int[]{1, 0}, ((Column.Ints) digits.column("label")).data());
  }

  @Test
  void csvThatIsWrong() throws IOException {
    assertProblem("holds no rows", () -> Csv.read(file("e.csv", "a,b,c\n")));
    assertProblem("line 3: expected 3 fields, found 2", () -> Csv.read(file("f.csv", "1,2,x\n\n3,y\n")));
    assertProblem("line 2, field 2: expected a number, found 'z'", () -> Csv.read(file("g.csv", "1,2,x\n3,z,y\n")));
    assertProblem("does not end", () -> Csv.read(file("h.csv", "1,\"2,x\n")));
    assertProblem("at least two fields", () -> Csv.read(file("i.csv", "1\n2\n")));
    assertProblem("not UTF-8", () -> Csv.read(file("j.csv", new byte[]{'1', ',', (byte) 0xff, '\n'})));
  }

  @Test
  void textByCharactersAndWords() throws IOException {
    Path file = file("t.txt", "ab ba\u00e9");
    Text.Stream characters = Text.read(file, Text.Unit.CHARACTER);
    assertArrayEquals(new int[]{1, 2, 0, 2, 1, 3}, characters.tokens());
    Dataset windows = characters.windows("t", 2);
    assertArrayEquals(new int[]{1, 2, 0, 2}, ((Column.Ints) windows.column("x")).data());
    assertArrayEquals(new int[]{2, 0, 2, 1}, ((Column.Ints) windows.column("y")).data());
    assertEquals(3, Text.read(file("w.txt", "one, two"), Text.Unit.WORD).vocabulary().size());
    assertThrows(IllegalArgumentException.class, () -> characters.windows("t", 6));
    assertProblem("at byte 2: expected UTF-8",
        () -> Text.read(file("u.txt", new byte[]{'a', 'b', (byte) 0xc3}), Text.Unit.WORD));
    assertProblem("no text", () -> Text.read(file("v.txt", ""), Text.Unit.WORD));
  }

  @Test
  void imageFolders() throws IOException {
    for (String kind : new String[]{"cat", "bird"}) {
      Files.createDirectory(dir.resolve(kind));
      BufferedImage image = new BufferedImage(6, 6, BufferedImage.TYPE_INT_RGB);
      image.setRGB(2, 3, 0xff8000);
      ImageIO.write(image, "png", dir.resolve(kind).resolve("1.png").toFile());
    }
    ImageFolder.Labelled read = ImageFolder.read(dir, 3, 6, 6);
    assertEquals(java.util.List.of("bird", "cat"), read.classes());
    float[] pixels = ((Column.Floats) read.data().column("image")).data();
    assertEquals(1f, pixels[3 * 6 + 2]);
    assertEquals(128 / 255f, pixels[36 + 3 * 6 + 2]);
    assertEquals(0f, pixels[72 + 3 * 6 + 2]);
    file("cat/2.png", "no picture");
    assertProblem("2.png", () -> ImageFolder.read(dir, 3, 6, 6));
    assertProblem("is not a directory", () -> ImageFolder.read(dir.resolve("none"), 1, 6, 6));
  }

  @Test
  void cifar() throws IOException {
    byte[] batch = new byte[2 * 3073];
    batch[3073] = 9;
    batch[3074] = (byte) 255;
    file("data_batch_1.bin", batch);
    file("test_batch.bin", batch);
    TrainTest read = Cifar10.read(dir);
    assertArrayEquals(new int[]{0, 9}, ((Column.Ints) read.train().column("label")).data());
    assertEquals(1f, ((Column.Floats) read.test().column("image")).data()[3072]);
    file("test_batch.bin", Arrays.copyOf(batch, 5000));
    assertProblem("at byte 3073: expected records of 3073 bytes", () -> Cifar10.read(dir));
    batch[0] = 10;
    file("test_batch.bin", batch);
    assertProblem("expected a label 0..9, found 10", () -> Cifar10.read(dir));
  }
}
