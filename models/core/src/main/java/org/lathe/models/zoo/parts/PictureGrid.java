package org.lathe.models.zoo.parts;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Grey pictures side by side, as a PNG. Small ones are enlarged so that a pixel can be seen. */
public final class PictureGrid {
  private static final int GAP = 2;
  private static final int SMALLEST = 28;

  private PictureGrid() {}

  /**
   * @param pixels [count, side, side], 0 is black, 1 white
   */
  public static void write(Path file, float[] pixels, int side, int columns) throws IOException {
    int count = pixels.length / (side * side);
    int rows = (count + columns - 1) / columns;
    int zoom = Math.max(1, (SMALLEST + side - 1) / side);
    int cell = zoom * side;
    BufferedImage image = new BufferedImage(
        columns * (cell + GAP) + GAP, rows * (cell + GAP) + GAP, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < count; i++) {
      int left = GAP + i % columns * (cell + GAP);
      int top = GAP + i / columns * (cell + GAP);
      for (int y = 0; y < cell; y++) {
        for (int x = 0; x < cell; x++) {
          float v = pixels[(i * side + y / zoom) * side + x / zoom];
          image.getRaster().setSample(left + x, top + y, 0, Math.round(255 * Math.max(0, Math.min(1, v))));
        }
      }
    }
    if (!ImageIO.write(image, "png", file.toFile())) {
      throw new IOException(file + ": this Java writes no PNG");
    }
  }

  /**
   * Weights as pictures: each is scaled on its own so that 0 is mid grey and its largest magnitude black or white.
   *
   * @param weights [count, side, side]
   */
  public static void writeSigned(Path file, float[] weights, int side, int columns) throws IOException {
    float[] pixels = new float[weights.length];
    int size = side * side;
    for (int from = 0; from + size <= weights.length; from += size) {
      float largest = 0;
      for (int k = 0; k < size; k++) {
        largest = Math.max(largest, Math.abs(weights[from + k]));
      }
      for (int k = 0; k < size; k++) {
        pixels[from + k] = largest == 0 ? 0.5f : 0.5f + 0.5f * weights[from + k] / largest;
      }
    }
    write(file, pixels, side, columns);
  }

  /** The transpose of a [rows, columns] matrix: filters that are columns of a weight, as rows. */
  public static float[] transposed(float[] matrix, int rows, int columns) {
    float[] out = new float[matrix.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        out[c * rows + r] = matrix[r * columns + c];
      }
    }
    return out;
  }
}
