package org.lathe.models.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.lathe.hal.Dims;

/** The IDX files of MNIST and Fashion-MNIST (LeCun and Cortes), plain or gzip. */
public final class Idx {
  private static final int UNSIGNED_BYTES = 0x08;
  private static final long MOST_ELEMENTS = Integer.MAX_VALUE - 16L;

  private Idx() {}

  /**
   * Reads MNIST's four files from {@code directory}.
   *
   * <p>Columns: {@code image} f32 [1, height, width] in 0..1, {@code label} i32.
   *
   * @throws DataException if a file is missing or malformed, or images and labels differ in number
   */
  public static TrainTest readMnist(Path directory) throws IOException {
    return new TrainTest(readPair(directory, "train"), readPair(directory, "t10k"));
  }

  private static Dataset readPair(Path directory, String prefix) throws IOException {
    Path imageFile = find(directory, prefix + "-images-idx3-ubyte", prefix + "-images.idx3-ubyte");
    Path labelFile = find(directory, prefix + "-labels-idx1-ubyte", prefix + "-labels.idx1-ubyte");
    Bytes images = read(imageFile);
    Bytes labels = read(labelFile);
    if (images.shape().rank() != 3) {
      throw new DataException(imageFile, 3, "expected 3 dimensions, found " + images.shape().rank());
    }
    if (labels.shape().rank() != 1) {
      throw new DataException(labelFile, 3, "expected 1 dimension, found " + labels.shape().rank());
    }
    if (images.shape().get(0) != labels.shape().get(0)) {
      throw new DataException(
          labelFile, 4, "has " + labels.shape().get(0) + " labels for " + images.shape().get(0) + " images of "
              + imageFile.getFileName());
    }
    if (images.data().length == 0) {
      throw new DataException(imageFile, 4, "holds no image: shape " + images.shape());
    }
    float[] pixels = new float[images.data().length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (images.data()[i] & 0xff) / 255f;
    }
    int[] classes = new int[labels.data().length];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = labels.data()[i] & 0xff;
    }
    return new Dataset(
        directory + " (" + prefix + ")",
        List.of(
            new Column.Floats("image", Dims.of(1, images.shape().get(1), images.shape().get(2)), pixels),
            new Column.Ints("label", Dims.of(), classes)));
  }

  private static Path find(Path directory, String... names) throws DataException {
    for (String name : names) {
      for (String suffix : List.of("", ".gz")) {
        Path file = directory.resolve(name + suffix);
        if (Files.isRegularFile(file)) {
          return file;
        }
      }
    }
    throw new DataException(directory, "has no file " + names[0] + " or " + names[0] + ".gz");
  }

  /** The contents of one file. */
  public record Bytes(Dims shape, byte[] data) {}

  /**
   * Reads a file of unsigned bytes.
   *
   * @throws DataException if it is not one, or shorter or longer than its header says
   */
  public static Bytes read(Path file) throws IOException {
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
        DataInputStream in = new DataInputStream(unzipped(raw))) {
      int magic = in.readInt();
      if (magic >>> 16 != 0 || (magic >> 8 & 0xff) != UNSIGNED_BYTES || (magic & 0xff) == 0) {
        throw new DataException(file, 0,
            String.format("expected the magic number 000008xx of an IDX file of bytes, found %08x", magic));
      }
      long[] shape = new long[magic & 0xff];
      long size = 1;
      for (int d = 0; d < shape.length; d++) {
        shape[d] = in.readInt() & 0xffffffffL;
        if (shape[d] != 0 && size > MOST_ELEMENTS / shape[d]) {
          throw new DataException(file, 4 + 4L * d,
              "dimension " + d + " of " + shape[d] + " makes the file larger than 2 GiB");
        }
        size *= shape[d];
      }
      int header = 4 + 4 * shape.length;
      byte[] data = in.readNBytes((int) size);
      if (data.length < size) {
        throw new DataException(
            file, header + data.length,
            "the file ends; its header promises " + size + " bytes of data, " + data.length + " are there");
      }
      if (in.read() >= 0) {
        throw new DataException(file, header + size,
            "there is more data than the " + size + " bytes that the header promises");
      }
      return new Bytes(Dims.of(shape), data);
    } catch (EOFException e) {
      throw new DataException(file, "ends within its header or its gzip stream");
    } catch (ZipException e) {
      throw new DataException(file, "is damaged gzip data: " + e.getMessage());
    }
  }

  private static InputStream unzipped(InputStream in) throws IOException {
    in.mark(2);
    boolean zipped = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return zipped ? new BufferedInputStream(new GZIPInputStream(in)) : in;
  }
}
