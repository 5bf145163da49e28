package org.lathe.models.data;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.lathe.hal.Dims;

/** Pictures in one folder per class, PNG or JPEG. Classes are numbered in the order of the folders' names. */
public final class ImageFolder {
  /** A read folder: the examples, and the classes' names in order. */
  public record Labelled(Dataset data, List<String> classes) {}

  private ImageFolder() {}

  /**
   * Reads all pictures, scaled to {@code height} x {@code width}.
   *
   * <p>Columns: {@code image} f32 [channels, height, width] in 0..1, {@code label} i32.
   *
   * @param channels 1 for grey, 3 for red, green, blue
   * @throws DataException naming the folder without pictures or the file that is not one
   */
  public static Labelled read(Path directory, int channels, int height, int width) throws IOException {
    if (channels != 1 && channels != 3) {
      throw new IllegalArgumentException("pictures have 1 or 3 channels, not " + channels);
    }
    List<Path> folders = list(directory).filter(Files::isDirectory).toList();
    if (folders.isEmpty()) {
      throw new DataException(directory, "expected one folder per class, found no folder");
    }
    List<float[]> pictures = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (int c = 0; c < folders.size(); c++) {
      List<Path> files = list(folders.get(c)).filter(ImageFolder::isPicture).toList();
      if (files.isEmpty()) {
        throw new DataException(folders.get(c), "holds no .png, .jpg or .jpeg file");
      }
      for (Path file : files) {
        pictures.add(pixels(file, channels, height, width));
        labels.add(c);
      }
    }
    int size = channels * height * width;
    float[] all = new float[Math.multiplyExact(pictures.size(), size)];
    for (int i = 0; i < pictures.size(); i++) {
      System.arraycopy(pictures.get(i), 0, all, i * size, size);
    }
    Dataset data = new Dataset(
        directory.toString(),
        List.of(
            new Column.Floats("image", Dims.of(channels, height, width), all),
            new Column.Ints("label", Dims.of(), labels.stream().mapToInt(Integer::intValue).toArray())));
    return new Labelled(data, folders.stream().map(f -> f.getFileName().toString()).toList());
  }

  private static Stream<Path> list(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new DataException(directory, "is not a directory");
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.sorted().toList().stream();
    }
  }

  private static boolean isPicture(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".png") || name.endsWith(".jpg") || name.endsWith(".jpeg");
  }

  private static float[] pixels(Path file, int channels, int height, int width) throws IOException {
    BufferedImage picture;
    try {
      picture = ImageIO.read(file.toFile());
    } catch (IOException | RuntimeException e) {
      throw new DataException(file, "is a damaged picture: " + e.getMessage());
    }
    if (picture == null) {
      throw new DataException(file, "is not a PNG or JPEG picture");
    }
    int kind = channels == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB;
    BufferedImage scaled = new BufferedImage(width, height, kind);
    Graphics2D g = scaled.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    g.drawImage(picture, 0, 0, width, height, null);
    g.dispose();
    float[] out = new float[channels * height * width];
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          out[(c * height + y) * width + x] = scaled.getRaster().getSample(x, y, c) / 255f;
        }
      }
    }
    return out;
  }
}
